"""Tiny diffusion pipelines of every family, and vision models, with random weights: the libraries' own classes."""

from pathlib import Path
from typing import Any

import diffusers as d
import torch
import transformers as t

from line_tui.models.catalog import GeneratorEntry
from line_tui.models.model_files import Source

WIDTH = 16
SIZE = 32
"""Side of the pictures; every autoencoder here halves it once."""
LETTERS = [chr(code) for code in range(33, 127)]


def clip_tokenizer() -> t.CLIPTokenizer:
    """One token a letter."""
    tokens = ["<|startoftext|>", "<|endoftext|>", *LETTERS, *[letter + "</w>" for letter in LETTERS]]
    return t.CLIPTokenizer(vocab={token: index for index, token in enumerate(tokens)}, merges=[], model_max_length=77)


def t5_tokenizer() -> t.T5Tokenizer:
    """One token a letter."""
    tokens = ["<pad>", "</s>", "<unk>", "▁", *LETTERS]
    return t.T5Tokenizer(vocab=[(token, -1.0) for token in tokens], extra_ids=0, model_max_length=77)


def gemma_tokenizer() -> t.GemmaTokenizer:
    """One token a letter."""
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *LETTERS]
    return t.GemmaTokenizer(vocab={token: index for index, token in enumerate(tokens)}, merges=[])


def clip(kind: type[Any] = t.CLIPTextModel, width: int = WIDTH, **options: Any) -> Any:
    usual = {"vocab_size": 256, "intermediate_size": width, "projection_dim": width}
    usual |= {"num_hidden_layers": 2, "num_attention_heads": 2, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    return kind(t.CLIPTextConfig(hidden_size=width, **usual | options))


def t5(width: int = WIDTH) -> t.T5EncoderModel:
    config = t.T5Config(vocab_size=256, d_model=width, d_kv=8, d_ff=WIDTH, num_layers=1, num_heads=2)
    return t.T5EncoderModel(config)


def gemma() -> t.Gemma2Model:
    return t.Gemma2Model(
        t.Gemma2Config(
            vocab_size=256,
            hidden_size=WIDTH,
            intermediate_size=WIDTH,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=8,
        )
    )


def autoencoder(widths: tuple[int, ...] = (WIDTH, WIDTH), **options: Any) -> d.AutoencoderKL:
    return d.AutoencoderKL(
        block_out_channels=widths,
        down_block_types=["DownEncoderBlock2D"] * len(widths),
        up_block_types=["UpDecoderBlock2D"] * len(widths),
        **{"latent_channels": 4, "norm_num_groups": 4} | options,
    )


def unet(**options: Any) -> d.UNet2DConditionModel:
    usual = {"cross_attention_dim": WIDTH}
    return d.UNet2DConditionModel(
        sample_size=SIZE // 2,
        block_out_channels=(WIDTH, WIDTH),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        norm_num_groups=4,
        **usual | options,
    )


def stable_diffusion(scheduler: Any, kind: type[Any] = d.StableDiffusionPipeline, **options: Any) -> Any:
    return kind(
        vae=autoencoder(),
        text_encoder=clip(),
        tokenizer=clip_tokenizer(),
        unet=unet(**options),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl(scheduler: Any) -> d.StableDiffusionXLPipeline:
    return d.StableDiffusionXLPipeline(
        vae=autoencoder(),
        text_encoder=clip(),
        text_encoder_2=clip(t.CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=unet(
            cross_attention_dim=2 * WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
            transformer_layers_per_block=1,
            use_linear_projection=True,
        ),
        scheduler=scheduler,
    )


def sd3() -> d.StableDiffusion3Pipeline:
    return d.StableDiffusion3Pipeline(
        transformer=d.SD3Transformer2DModel(
            sample_size=SIZE // 2,
            patch_size=1,
            in_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=2 * WIDTH,
            caption_projection_dim=WIDTH,
            pooled_projection_dim=2 * WIDTH,
            out_channels=4,
        ),
        scheduler=d.FlowMatchEulerDiscreteScheduler(),
        vae=autoencoder(shift_factor=0.06, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip(t.CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip(t.CLIPTextModelWithProjection),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5(2 * WIDTH),
        tokenizer_3=t5_tokenizer(),
    )


def flux(guidance_embeds: bool) -> d.FluxPipeline:
    return d.FluxPipeline(
        scheduler=d.FlowMatchEulerDiscreteScheduler(),
        vae=autoencoder(shift_factor=0.06, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5(),
        tokenizer_2=t5_tokenizer(),
        transformer=d.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            guidance_embeds=guidance_embeds,
            axes_dims_rope=(2, 2, 4),
        ),
    )


def pixart(kind: type[Any]) -> Any:
    return kind(
        tokenizer=t5_tokenizer(),
        text_encoder=t5(),
        vae=autoencoder(),
        transformer=d.PixArtTransformer2DModel(
            num_attention_heads=2,
            attention_head_dim=8,
            num_layers=1,
            cross_attention_dim=WIDTH,
            caption_channels=WIDTH,
            sample_size=SIZE // 2,
            use_additional_conditions=False,
        ),
        scheduler=d.DPMSolverMultistepScheduler(),
    )


def sana() -> d.SanaPipeline:
    return d.SanaPipeline(
        tokenizer=gemma_tokenizer(),
        text_encoder=gemma(),
        vae=d.AutoencoderDC(
            latent_channels=4,
            attention_head_dim=2,
            encoder_block_types=("ResBlock", "EfficientViTBlock"),
            decoder_block_types=("ResBlock", "EfficientViTBlock"),
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            encoder_qkv_multiscales=((), (5,)),
            decoder_qkv_multiscales=((), (5,)),
            encoder_layers_per_block=(1, 1),
            decoder_layers_per_block=(1, 1),
            downsample_block_type="conv",
            upsample_block_type="interpolate",
        ),
        transformer=d.SanaTransformer2DModel(
            in_channels=4,
            out_channels=4,
            num_attention_heads=2,
            attention_head_dim=8,
            num_layers=1,
            num_cross_attention_heads=2,
            cross_attention_head_dim=8,
            cross_attention_dim=WIDTH,
            caption_channels=WIDTH,
            sample_size=SIZE // 2,
        ),
        scheduler=d.DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True),
    )


VIT: dict[str, Any] = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": SIZE,
    "patch_size": 8,
}
TEXT = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 99}


def vit(**options: Any) -> t.ViTForImageClassification:
    return t.ViTForImageClassification(t.ViTConfig(**VIT | {"num_labels": 5} | options))


def vit_processor() -> t.ViTImageProcessor:
    return t.ViTImageProcessor(size={"height": SIZE, "width": SIZE})


def dinov2() -> t.Dinov2Model:
    return t.Dinov2Model(t.Dinov2Config(**VIT))


def clip_model() -> t.CLIPModel:
    return t.CLIPModel(t.CLIPConfig(vision_config=VIT, text_config=TEXT, projection_dim=WIDTH))


def siglip() -> t.SiglipModel:
    return t.SiglipModel(t.SiglipConfig(vision_config=VIT, text_config=TEXT))


def convnext() -> t.ConvNextForImageClassification:
    return t.ConvNextForImageClassification(t.ConvNextConfig(hidden_sizes=[8] * 4, depths=[1] * 4, num_labels=4))


def turbo() -> d.EulerAncestralDiscreteScheduler:
    return d.EulerAncestralDiscreteScheduler(timestep_spacing="trailing", steps_offset=1)


FAMILIES = {
    "stable-diffusion-1.5": lambda: stable_diffusion(d.PNDMScheduler(skip_prk_steps=True, steps_offset=1)),
    "stable-diffusion-2": lambda: stable_diffusion(
        d.DDIMScheduler(prediction_type="v_prediction", steps_offset=1, clip_sample=False), use_linear_projection=True
    ),
    "sd-turbo": lambda: stable_diffusion(turbo()),
    "lcm": lambda: stable_diffusion(d.LCMScheduler(), d.LatentConsistencyModelPipeline, time_cond_proj_dim=WIDTH),
    "sdxl": lambda: sdxl(d.EulerDiscreteScheduler()),
    "sdxl-turbo": lambda: sdxl(turbo()),
    "stable-diffusion-3": sd3,
    "flux-dev": lambda: flux(guidance_embeds=True),
    "flux-schnell": lambda: flux(guidance_embeds=False),
    "pixart-alpha": lambda: pixart(d.PixArtAlphaPipeline),
    "pixart-sigma": lambda: pixart(d.PixArtSigmaPipeline),
    "sana": sana,
}
GUIDANCE = {"sd-turbo": 0.0, "sdxl-turbo": 0.0, "flux-schnell": 0.0}
"""Distilled families take none."""


def entry(folder: Path, **options: Any) -> GeneratorEntry:
    """What a catalogue says of a pipeline in a folder."""
    usual: dict[str, Any] = {"steps": 2, "guidance": 2.0, "size": SIZE, "batch_size": 3}
    return GeneratorEntry(id="tiny", source=Source(path=str(folder)), **usual | options)


def make(family: str, folder: Path) -> Path:
    """Save a random pipeline of a family, the same every time, in a folder."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        FAMILIES[family]().save_pretrained(folder, safe_serialization=True)
    return folder
