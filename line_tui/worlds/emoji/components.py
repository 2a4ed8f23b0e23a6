"""The networks of emoji-diffusion as diffusers stores and opens them."""

from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from line_tui.worlds.emoji.networks import Composer, Decoder, Denoiser


class EmojiDenoiser(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`networks.Denoiser` with a configuration."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, latent: int = 512, width: int = 704, depth: int = 5, queries: int = 4, styles: int = 4) -> None:
        super().__init__()
        self.network = Denoiser(latent, width, depth, queries, styles)

    def read(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """A text's condition vector, from its tokens."""
        return self.network.read(tokens, mask)

    def forward(self, noisy: Tensor, clean_share: Tensor, text: Tensor, style: Tensor) -> Tensor:
        """The clean latent."""
        clean: Tensor = self.network(noisy, clean_share, text, style)
        return clean


class EmojiDecoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`networks.Decoder` with a configuration."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self, latent: int = 512, size: int = 96, first: int = 32, widths: tuple[int, ...] = (160, 128, 64, 32)
    ) -> None:
        super().__init__()
        self.network = Decoder(latent, size, first, tuple(widths))

    def forward(self, latents: Tensor) -> Tensor:
        """Premultiplied RGBA pictures of latents."""
        rgba: Tensor = self.network(latents)
        return rgba


class EmojiComposer(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`networks.Composer` with a configuration."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.network = Composer(width)

    def forward(self, tokens: Tensor, mask: Tensor) -> list[Tensor]:
        """Logits of each attribute's values."""
        logits: list[Tensor] = self.network(tokens, mask)
        return logits
