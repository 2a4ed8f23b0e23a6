"""Activations are those of the library's own documented way of running a model, which computes all right values."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
import transformers as t
from PIL import Image, ImageOps
from safetensors.torch import save_file

from line_tui.errors import LineError, ModelFileError
from line_tui.models.architectures import torchvision_names
from line_tui.models.catalog import Catalog, Encoder
from line_tui.models.networks import find_network
from line_tui.models.picture_folder import read_picture
from line_tui.models.vision_loader import load_vision
from tests.models.tiny import TEXT, VIT, clip_model, convnext, dinov2, siglip, vit
from tests.models.toys import export, mine

timm = pytest.importorskip("timm")
save_for_hf = pytest.importorskip("timm.models._hub").save_for_hf

SIZES = {"square": (64, 64), "wide": (70, 160), "tall": (301, 97), "small": (9, 12), "large": (700, 500)}


def picture(kind: str) -> Image.Image:
    """Smooth and noisy in parts, so that a resize, a crop or a filter that is another one shows."""
    height, width = SIZES[kind]
    random = np.random.default_rng(len(kind))
    rows, columns = np.mgrid[0:height, 0:width]
    smooth = np.stack([rows * 255 / height, columns * 255 / width, (rows + columns) % 64 * 4], -1)
    noise = random.integers(0, 256, (height, width, 3))
    return Image.fromarray(np.where(columns[..., None] % 17 < 9, smooth, noise).astype(np.uint8))


PICTURES = {kind: picture(kind) for kind in SIZES}


def look(catalog: Catalog, layer: str, batch_size: int = 2, model: str = "mine") -> np.ndarray:
    vision = load_vision(model, catalog, batch_size, "cpu")
    return vision.record([np.asarray(each) for each in PICTURES.values()], layer).activations


def same(ours: np.ndarray, theirs: torch.Tensor) -> None:
    scale = theirs.abs().max().item()
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-3, atol=1e-4 * scale)
    assert np.ptp(ours, axis=0).max() > 1e-2 * scale, "the pictures are all the same to it, and so would a mistake be"


@torch.no_grad()
def lively(model: torch.nn.Module, size: int = 64) -> torch.nn.Module:
    """The model in evaluation mode; before, its batch norms see a batch, or a random network shows nothing."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    coarse = torch.rand(4, 3, 9, 9, generator=torch.Generator().manual_seed(0)) * 4 - 2
    model.train()(torch.nn.functional.interpolate(coarse, (size, size)))
    return model.eval()


@torch.no_grad()
def torchvision_reference(model: Any, transforms: Any) -> torch.Tensor:
    tensors = [torch.from_numpy(np.array(each)).permute(2, 0, 1) for each in PICTURES.values()]
    return torch.cat([model(transforms(tensor)[None]) for tensor in tensors])


@pytest.mark.parametrize("name", torchvision_names())
def test_torchvision_prepares_pictures_by_its_own_transforms(name: str) -> None:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    ours = find_network(f"{name}:random", Catalog()).preprocess
    for each in PICTURES.values():
        tensor = torch.from_numpy(np.array(each)).permute(2, 0, 1)
        assert torch.equal(ours.prepare(np.asarray(each)), weights.transforms()(tensor))


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "regnet_y_400mf", "swin_t"])
def test_torchvision(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = lively(torchvision.models.get_model(name, num_classes=7))
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    wanted = torchvision_reference(model, torchvision.models.get_model_weights(name).DEFAULT.transforms())
    layer = next(
        layer for layer, module in reversed(list(model.named_modules())) if isinstance(module, torch.nn.Linear)
    )
    same(look(Catalog(), layer, model=f"{name}:{tmp_path}/weights.pth"), wanted)


@pytest.mark.parametrize(
    ("name", "transform_input", "aux_logits"),
    [("googlenet", True, True), ("googlenet", False, False), ("inception_v3", True, True)],
)
def test_networks_that_transform_their_input(
    name: str, transform_input: bool, aux_logits: bool, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    options = {"transform_input": transform_input, "aux_logits": aux_logits, "init_weights": False}
    model = lively(torchvision.models.get_model(name, num_classes=5, **options), 299)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    wanted = torchvision_reference(model, torchvision.models.get_model_weights(name).DEFAULT.transforms())
    catalog = mine(tmp_path / "weights.pth", architecture=name, transform_input=transform_input)
    same(look(catalog, "fc"), wanted)


@pytest.fixture
def resnet18(tmp_path: Path) -> Any:
    """A network with five outputs, whose weights are in a file."""
    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=5).eval()
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    return model


@pytest.mark.parametrize(
    ("said", "transformed"),
    [
        (
            {"size": 96, "resize": 128, "mean": (0.1, 0.2, 0.3), "std": (0.4, 0.5, 0.6)},
            {"crop_size": 96, "resize_size": 128, "mean": (0.1, 0.2, 0.3), "std": (0.4, 0.5, 0.6)},
        ),
        ({"interpolation": "nearest"}, {"interpolation": torchvision.transforms.InterpolationMode.NEAREST}),
    ],
)
def test_what_an_entry_says_of_pictures_replaces_what_is_usual(
    said: Any, transformed: Any, resnet18: Any, tmp_path: Path
) -> None:
    transforms = torchvision.models.ResNet18_Weights.DEFAULT.transforms(**transformed)
    catalog = mine(tmp_path / "weights.pth", architecture="resnet18", **said)
    same(look(catalog, "fc"), torchvision_reference(resnet18, transforms))


TIMM: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "plain": ("test_resnet", {}, {}),
    "pooled by the mean": ("test_vit", {"global_pool": "avg", "class_token": False}, {}),
    "registers": ("test_vit", {"reg_tokens": 2}, {}),
    "of another size": ("test_vit", {"img_size": 96, "dynamic_img_size": False}, {"input_size": (3, 96, 96)}),
    "cropped": ("test_resnet", {}, {"crop_pct": 0.6, "interpolation": "bilinear", "mean": (0.5,) * 3}),
    "squashed": ("test_resnet", {}, {"crop_mode": "squash", "crop_pct": 1.0}),
    "with a border": ("test_resnet", {}, {"crop_mode": "border", "crop_pct": 1.0}),
    "without a head": ("test_convnext", {"num_classes": 0}, {}),
}


@pytest.mark.parametrize("case", TIMM)
def test_timm(case: Any, tmp_path: Path) -> None:
    architecture, options, data = TIMM[case]
    torch.manual_seed(0)
    model = timm.create_model(architecture, **{"num_classes": 5} | options).eval()
    save_for_hf(model, tmp_path, safe_serialization=True, data_config=data)
    again = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(again), is_training=False)
    with torch.no_grad():
        wanted = torch.cat([again(transform(each)[None]) for each in PICTURES.values()])
        assert torch.equal(wanted[:1], model(transform(PICTURES["square"])[None]))
    vision = load_vision("mine", mine(tmp_path, format="timm"), 2, "cpu")
    same(look(mine(tmp_path, format="timm"), vision.layers[-1].name), wanted)


def test_a_timm_folder_whose_head_timm_would_leave_random_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=5).eval()
    save_for_hf(model, tmp_path, safe_serialization=True)
    config = json.loads((tmp_path / "config.json").read_text())
    for change in ({"num_classes": 9}, {"model_args": {"num_classes": 9}}):
        (tmp_path / "config.json").write_text(json.dumps(config | change))
        one, other = (timm.create_model(f"local-dir:{tmp_path}", pretrained=True).fc.weight for _ in range(2))
        assert not torch.equal(one, other), "timm says it itself by now"
        with pytest.raises(ModelFileError, match=r"has no weights that fit fc\.weight, fc\.bias — correct num_classes"):
            load_vision("mine", mine(tmp_path, format="timm"), 2, "cpu")


@pytest.mark.parametrize("said", [{"interpolation": "sinc"}, {"mean": [float("nan")] * 3}, {"std": [0.0, 0.2, 0.2]}])
def test_a_timm_folder_that_cannot_prepare_pictures_is_refused(said: Any, tmp_path: Path) -> None:
    save_for_hf(timm.create_model("test_resnet", num_classes=5), tmp_path, safe_serialization=True)
    config = json.loads((tmp_path / "config.json").read_text())
    config["pretrained_cfg"] |= said
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(LineError, match="preprocess"):
        load_vision("mine", mine(tmp_path, format="timm"), 2, "cpu")


def blip() -> Any:
    # Its own initialisation is so small that it sees nothing.
    vision = VIT | {"initializer_range": 0.5}
    text = TEXT | {"encoder_hidden_size": 16}
    return t.BlipForConditionalGeneration(t.BlipConfig(vision_config=vision, text_config=text))


SQUARE = {"height": 32, "width": 32}
TRANSFORMERS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "vit": (vit, t.ViTImageProcessor, {"size": SQUARE}),
    "vit without normalising": (vit, t.ViTImageProcessor, {"size": SQUARE, "do_normalize": False}),
    "vit without rescaling": (vit, t.ViTImageProcessor, {"size": SQUARE, "do_rescale": False}),
    "vit rescaled otherwise": (vit, t.ViTImageProcessor, {"size": SQUARE, "rescale_factor": 1 / 127.5}),
    "vit by the nearest pixel": (vit, t.ViTImageProcessor, {"size": SQUARE, "resample": 0}),
    "vit by Lanczos": (vit, t.ViTImageProcessor, {"size": SQUARE, "resample": 1}),
    "vit with Pillow": (vit, "ViTImageProcessorPil", {"size": SQUARE, "resample": 3}),
    "dinov2": (dinov2, t.BitImageProcessor, {"size": {"shortest_edge": 40}, "crop_size": SQUARE}),
    "dinov2 without a crop": (dinov2, t.BitImageProcessor, {"size": {"shortest_edge": 32}, "do_center_crop": False}),
    "dinov2 as it is": (dinov2, t.BitImageProcessor, {"do_resize": False, "do_center_crop": False}),
    "dinov2 with registers": (
        lambda: t.Dinov2WithRegistersModel(t.Dinov2WithRegistersConfig(**VIT, num_register_tokens=3)),
        t.BitImageProcessor,
        {"size": {"shortest_edge": 40}, "crop_size": SQUARE},
    ),
    "swin": (
        lambda: t.SwinForImageClassification(
            t.SwinConfig(
                **{"image_size": 32, "patch_size": 2, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2]},
                window_size=4,
                num_labels=4,
            )
        ),
        t.ViTImageProcessor,
        {"size": SQUARE},
    ),
    "clip": (clip_model, t.CLIPImageProcessor, {"size": {"shortest_edge": 32}, "crop_size": SQUARE}),
    "siglip": (siglip, t.SiglipImageProcessor, {"size": SQUARE}),
    "blip": (blip, t.BlipImageProcessor, {"size": SQUARE}),
    "convnext": (convnext, t.ConvNextImageProcessor, {"size": {"shortest_edge": 32}, "crop_pct": 0.5}),
    "convnext from 384 on": (convnext, t.ConvNextImageProcessor, {"size": {"shortest_edge": 384}}),
    "beit": (
        lambda: t.BeitForImageClassification(t.BeitConfig(**VIT, num_labels=4)),
        t.BeitImageProcessor,
        {"size": {"height": 40, "width": 40}, "crop_size": SQUARE, "do_center_crop": True},
    ),
    "deit": (
        lambda: t.DeiTForImageClassificationWithTeacher(t.DeiTConfig(**VIT, num_labels=4)),
        t.DeiTImageProcessor,
        {"size": {"height": 40, "width": 40}, "crop_size": SQUARE},
    ),
    "efficientnet": (
        lambda: lively(
            t.EfficientNetForImageClassification(
                t.EfficientNetConfig(width_coefficient=0.1, depth_coefficient=0.1, hidden_dim=128, num_labels=4)
            )
        ),
        t.EfficientNetImageProcessor,
        {"size": {"height": 64, "width": 64}, "rescale_offset": True},
    ),
    "mobilenet": (
        lambda: t.MobileNetV2ForImageClassification(t.MobileNetV2Config(depth_multiplier=0.25, num_labels=4)),
        t.MobileNetV2ImageProcessor,
        {"size": {"shortest_edge": 70}, "crop_size": {"height": 64, "width": 64}},
    ),
}


def outputs(model: t.PreTrainedModel, pixels: torch.Tensor) -> torch.Tensor:
    if isinstance(model, (t.CLIPModel, t.SiglipModel, t.BlipForConditionalGeneration)):
        model = model.vision_model
    made = model(pixel_values=pixels)
    if "logits" in made:
        return made.logits
    return made.last_hidden_state[:, 0] if hasattr(model.config, "layerscale_value") else made.pooler_output


LAST = {"dinov2": "layernorm", "clip": "post_layernorm", "blip": "post_layernorm", "siglip": "head"}


@pytest.mark.parametrize(
    ("case", "in_processor"), [*((case, False) for case in TRANSFORMERS), ("clip", True), ("siglip", True)]
)
def test_transformers(case: Any, in_processor: bool, tmp_path: Path) -> None:
    make, kind, options = TRANSFORMERS[case]
    torch.manual_seed(0)
    model = make().eval()
    model.save_pretrained(tmp_path, safe_serialization=True)
    if isinstance(kind, str):
        kind = getattr(t, kind)
    kind(**options).save_pretrained(tmp_path)
    if in_processor:
        # As transformers 5 saves CLIP and SigLIP.
        settings = json.loads((tmp_path / "preprocessor_config.json").read_text())
        (tmp_path / "preprocessor_config.json").unlink()
        (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": settings}))
    processor = t.AutoImageProcessor.from_pretrained(tmp_path)
    with torch.no_grad():
        prepared = [processor(images=each, return_tensors="pt")["pixel_values"] for each in PICTURES.values()]
        wanted = torch.cat([outputs(model, pixels) for pixels in prepared])
    vision = load_vision("mine", mine(tmp_path, format="transformers"), 2, "cpu")
    ending = LAST.get(case.partition(" ")[0])
    names = [layer.name for layer in vision.layers]
    layer = next(name for name in reversed(names) if name.split(".")[-1] == ending) if ending else names[-1]
    if case == "deit":
        # The mean of two heads, of which each is a layer.
        with torch.no_grad():
            wanted = torch.cat([model(pixel_values=pixels).distillation_logits for pixels in prepared])
    same(look(mine(tmp_path, format="transformers"), layer), wanted)


class Small(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 5, stride=3)
        self.norm = torch.nn.BatchNorm2d(8)
        self.drop = torch.nn.Dropout(0.5)
        self.fc = torch.nn.Linear(8, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.drop(self.norm(self.conv(x)).relu().mean((2, 3))))


SAID = {"size": 48, "mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.4), "allow_code": True}
SMALL_TRANSFORMS = torchvision.models.ResNet18_Weights.DEFAULT.transforms(
    crop_size=48, resize_size=48, mean=SAID["mean"], std=SAID["std"]
)


def small() -> tuple[Small, torch.Tensor]:
    torch.manual_seed(0)
    model = Small().eval()
    return model, torchvision_reference(model, SMALL_TRANSFORMS)


@pytest.mark.parametrize("batch", [None, 1, 3])
def test_exported_programs(batch: Any, tmp_path: Path) -> None:
    model, wanted = small()
    export(model, tmp_path / "net.pt2", 48, batch)
    same(look(mine(tmp_path / "net.pt2", format="export", **SAID), "output"), wanted)


def test_an_exported_program_takes_pictures_by_name(tmp_path: Path) -> None:
    model, wanted = small()
    for fixed in (False, True):
        shapes = None if fixed else {"x": {0: torch.export.Dim.AUTO}}
        program = torch.export.export(model, (), {"x": torch.zeros(2, 3, 48, 48)}, dynamic_shapes=shapes)
        torch.export.save(program, tmp_path / "net.pt2")
        same(look(mine(tmp_path / "net.pt2", format="export", **SAID), "output"), wanted)


class OneByOne(torch.nn.Module):
    """Traced, it takes only as many pictures as it was traced with."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> Any:
        return {"logits": torch.stack([self.inner(x[n : n + 1])[0] for n in range(x.shape[0])])}


def unrolled(model: torch.nn.Module, pictures: int) -> Any:
    return torch.jit.trace(OneByOne(model), torch.zeros(pictures, 3, 48, 48), strict=False)


TORCHSCRIPT: dict[str, Any] = {
    "scripted": torch.jit.script,
    "frozen": lambda model: torch.jit.freeze(torch.jit.script(model)),
    "traced": lambda model: torch.jit.trace(model, torch.zeros(1, 3, 48, 48)),
    "traced for one": lambda model: unrolled(model, 1),
    "traced for two": lambda model: unrolled(model, 2),
    "traced for eight": lambda model: unrolled(model, 8),
}


@pytest.mark.parametrize("case", TORCHSCRIPT)
def test_torchscript(case: Any, tmp_path: Path) -> None:
    model, wanted = small()
    TORCHSCRIPT[case](model).save(tmp_path / "net.pt")
    same(look(mine(tmp_path / "net.pt", format="torchscript", **SAID), "output", batch_size=4), wanted)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
@pytest.mark.parametrize("format", ["export", "torchscript"])
def test_programs_of_another_precision(format: str, dtype: torch.dtype, tmp_path: Path) -> None:
    model, wanted = small()
    model = model.to(dtype)
    if format == "export":
        export(model, tmp_path / "net", 48)
    else:
        torch.jit.script(model).save(tmp_path / "net")
    ours = look(mine(tmp_path / "net", format=format, **SAID), "output")
    np.testing.assert_allclose(ours, wanted.detach().numpy(), atol=1e-2 if dtype == torch.float16 else 1e-5)


class Constants(Small):
    """With tensors that are neither parameters nor buffers, and a look at a number."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.linspace(1, 2, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = self.norm(self.conv(x)).relu().mean((2, 3)) * self.scale * torch.tensor([2.0] * 8)
        return self.fc(maps[:, torch.arange(8).flip(0)])


def test_an_exported_program_with_constants(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Constants().eval()
    export(model, tmp_path / "net.pt2", 48)
    catalog = mine(tmp_path / "net.pt2", format="export", **SAID)
    same(look(catalog, "output"), torchvision_reference(model, SMALL_TRANSFORMS))
    assert "conv" in [layer.name for layer in load_vision("mine", catalog, 2, "cpu").layers]


def test_features_of_a_sparse_autoencoder(resnet18: Any, tmp_path: Path) -> None:
    encoder = {"W_enc": torch.randn(512, 20), "b_enc": torch.randn(20), "b_dec": torch.rand(512)}
    save_file(encoder, tmp_path / "sae.safetensors")
    inside = torchvision.models.feature_extraction.create_feature_extractor(resnet18, {"layer4": "x"})
    transforms = torchvision.models.ResNet18_Weights.DEFAULT.transforms()
    x = torchvision_reference(lambda picture: inside(picture)["x"], transforms).movedim(1, -1)
    wanted = torch.relu((x - encoder["b_dec"]) @ encoder["W_enc"] + encoder["b_enc"]).mean((1, 2))
    catalog = mine(
        tmp_path / "weights.pth",
        architecture="resnet18",
        encoder=Encoder(layer="layer4", path=str(tmp_path / "sae.safetensors")),
    )
    same(look(catalog, "features"), wanted)


MODES = ["RGB", "L", "LA", "P", "RGBA", "CMYK", "1", "YCbCr"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("turned", [False, True])
def test_files_are_read_as_pillow_reads_them(mode: Any, turned: Any, tmp_path: Path) -> None:
    path = tmp_path / ("x.png" if mode not in ("CMYK", "YCbCr") else "x.jpg")
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
    PICTURES["wide"].convert(mode).save(path, exif=exif)
    with Image.open(path) as opened:
        wanted = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    assert np.array_equal(read_picture(path), wanted)
    assert wanted.shape == ((160, 70, 3) if turned else (70, 160, 3))
