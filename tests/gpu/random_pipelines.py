"""Text-to-image pipelines of real sizes with random weights: their sizes are those of the published configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import diffusers as d
import torch
import transformers as t

from tests.models import tiny

_CHAT = "{% for message in messages %}{{ message.content }}{% endfor %}"


def autoencoder(size: int, scaling: float, **options: Any) -> d.AutoencoderKL:
    real = {"layers_per_block": 2, "norm_num_groups": 32, "sample_size": size, "scaling_factor": scaling}
    return tiny.autoencoder((128, 256, 512, 512), **real | options)


def clip(kind: type[Any], width: int, layers: int, heads: int, projection: int, act: str) -> Any:
    real = {"vocab_size": 49408, "intermediate_size": 4 * width, "projection_dim": projection, "hidden_act": act}
    return tiny.clip(kind, width, num_hidden_layers=layers, num_attention_heads=heads, **real)


def sdxl() -> d.StableDiffusionXLPipeline:
    """stabilityai/stable-diffusion-xl-base-1.0: 2.6 billion weights in the network, 0.8 in the text encoders."""
    return d.StableDiffusionXLPipeline(
        vae=autoencoder(1024, 0.13025, force_upcast=True),
        text_encoder=clip(t.CLIPTextModel, 768, 12, 12, 768, "quick_gelu"),
        text_encoder_2=clip(t.CLIPTextModelWithProjection, 1280, 32, 20, 1280, "gelu"),
        tokenizer=tiny.clip_tokenizer(),
        tokenizer_2=tiny.clip_tokenizer(),
        unet=d.UNet2DConditionModel(
            sample_size=128,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            block_out_channels=(320, 640, 1280),
            layers_per_block=2,
            attention_head_dim=(5, 10, 20),
            transformer_layers_per_block=(1, 2, 10),
            cross_attention_dim=2048,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        ),
        scheduler=_on_cpu(
            lambda: d.EulerDiscreteScheduler(
                beta_start=0.00085,
                beta_end=0.012,
                beta_schedule="scaled_linear",
                timestep_spacing="leading",
                steps_offset=1,
            )
        ),
    )


def sd_turbo() -> d.StableDiffusionPipeline:
    """stabilityai/sd-turbo: Stable Diffusion 2.1's network, 0.87 billion weights, OpenCLIP's ViT-H text encoder."""
    return d.StableDiffusionPipeline(
        vae=autoencoder(768, 0.18215),
        text_encoder=clip(t.CLIPTextModel, 1024, 23, 16, 512, "gelu"),
        tokenizer=tiny.clip_tokenizer(),
        unet=d.UNet2DConditionModel(
            sample_size=64,
            block_out_channels=(320, 640, 1280, 1280),
            attention_head_dim=(5, 10, 20, 20),
            cross_attention_dim=1024,
            use_linear_projection=True,
        ),
        scheduler=_on_cpu(tiny.turbo),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def z_image() -> d.ZImagePipeline:
    """Tongyi-MAI/Z-Image-Turbo: diffusers' defaults, 6 billion weights, behind a text encoder of Qwen3-4B's size."""
    tokens = ["<|endoftext|>", *tiny.LETTERS]
    tokenizer = t.Qwen2Tokenizer(vocab={token: n for n, token in enumerate(tokens)}, merges=[])
    tokenizer.chat_template = _CHAT
    config = t.Qwen3Config(
        vocab_size=151936,
        hidden_size=2560,
        intermediate_size=9728,
        num_hidden_layers=36,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
    )
    return d.ZImagePipeline(
        scheduler=_on_cpu(lambda: d.FlowMatchEulerDiscreteScheduler(shift=3.0)),
        vae=autoencoder(
            1024, 0.3611, latent_channels=16, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False
        ),
        text_encoder=t.Qwen3Model(config),
        tokenizer=tokenizer,
        transformer=d.ZImageTransformer2DModel(),
    )


def _on_cpu(make: Callable[[], Any]) -> Any:
    """Schedulers do numpy's arithmetic with their tensors."""
    with torch.device("cpu"):
        return make()


REAL = {"sdxl": sdxl, "sd-turbo": sd_turbo, "z-image": z_image}


def build(family: str, device: str, dtype: torch.dtype) -> Any:
    """A pipeline of a family on a device, the same weights every time there."""
    torch.manual_seed(0)
    # Made where they will be: a CPU would take minutes to draw them.
    with torch.device(device):
        pipeline = REAL[family]()
    return pipeline.to(device, dtype)
