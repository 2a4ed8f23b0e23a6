"""The user's settings (`config.toml`) and the folders that line-tui uses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

import msgspec
from platformdirs import user_config_path, user_data_path, user_log_path

from line_tui.decodable import decodable
from line_tui.errors import UsageError
from line_tui.events import Memory, Metric
from line_tui.explain import strategies

NAME = "line-tui"
SEEDS = (-(2**63), 2**63 - 1)
"""Range of integers in the store."""
MAX_ITERATIONS = 1000
MAX_IMAGES = 10_000
"""Maximum pictures per concept: a fast generator draws these in a day."""


def check_range(name: str, value: float | None, low: float, high: float) -> None:
    """Raises ValueError for a number that is out of range or not finite; None passes."""
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {value}")


class ExplainDefaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defaults for new runs."""

    profile: str = "demo"
    """The models: a profile of the catalogue."""
    strategy: str = "adaptive"
    """How to search; `line-tui explain --help` lists the strategies."""
    metric: Metric | None = None
    """What the search maximises, by default the strategy's first metric."""
    iterations: int = 10
    """Proposals from the language model."""
    images: int = 5
    """Pictures per concept; `adaptive` draws a third of what `published` would."""
    ask_first: bool = False
    """Whether every proposal waits for your decision."""

    def __post_init__(self) -> None:
        if self.strategy not in strategies.NAMES:
            raise ValueError(f"strategy must be one of {', '.join(strategies.NAMES)}")
        check_range("iterations", self.iterations, 0, MAX_ITERATIONS)
        check_range("images", self.images, 1, MAX_IMAGES)


class EngineDefaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the engine process uses the machine."""

    threads: int | None = None
    """Threads per model, by default one per core."""
    device: str | None = None
    """`"cpu"`, `"cuda"` or `"mps"`, by default the best available."""
    memory: Memory | None = None
    """Where the models are: all on the device; language model and generator in turn; the language model on the CPU. By
    default the first plan that fits."""
    # On 2 cores with 17 waiting processes, a key took 61 ms at 3 (median of 40) and 88 ms at 0; at 10 the first picture
    # took over two minutes.
    niceness: int = 3
    """Niceness of an engine beside a screen, so that keys stay responsive; headless runs are not niced."""

    def __post_init__(self) -> None:
        check_range("threads", self.threads, 1, 1024)
        check_range("niceness", self.niceness, 0, 19)


class TuiDefaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Appearance and keys of the app."""

    theme: str | None = None
    """`"line-dark"`, the default, `"line-light"` or one of Textual's themes."""
    images: Literal["auto", "kitty", "sixel", "halfcell", "off"] = "auto"
    """How pictures are shown; `auto` queries the terminal."""
    keys: dict[str, str] = {}
    """Key bindings by their id, such as `"run.pause" = "P,space"`; `line-tui config keys` lists them."""


@decodable
class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of `config.toml`; every entry is optional."""

    explain: ExplainDefaults = ExplainDefaults()
    engine: EngineDefaults = EngineDefaults()
    tui: TuiDefaults = TuiDefaults()


def config_path() -> Path:
    """The settings file: `LINE_TUI_CONFIG`, else in the user's config folder. It need not exist."""
    return _from_environment("LINE_TUI_CONFIG") or user_config_path(NAME) / "config.toml"


def data_folder() -> Path:
    """Where runs and pictures are: `LINE_TUI_DATA`, else the user's data folder."""
    return _from_environment("LINE_TUI_DATA") or user_data_path(NAME)


def log_folder() -> Path:
    """Where logs are: `LINE_TUI_LOG`, else the user's log folder."""
    return _from_environment("LINE_TUI_LOG") or user_log_path(NAME)


def read_config(path: Path | None = None) -> Config:
    """The settings of a file, by default the user's; all defaults if there is none.

    An empty file is valid. Raises UsageError that names the file and the place in it.
    """
    path = path or config_path()
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "make it a readable file, or delete it") from error
    try:
        return msgspec.toml.decode(text, type=Config)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}", "correct it; `line-tui config show` prints what is valid") from error


def to_toml(config: Config) -> str:
    """Format settings as TOML, with unset ones as comments."""
    lines: list[str] = []
    for section, values in msgspec.to_builtins(config).items():
        lines.append(f"[{section}]")
        tables = {key: value for key, value in values.items() if isinstance(value, dict)}
        for key, value in values.items():
            if key not in tables:
                # JSON strings, numbers and booleans are valid TOML.
                lines.append(f"# {key} is not set" if value is None else f"{key} = {json.dumps(value)}")
        for table, entries in tables.items():
            lines += ["", f"[{section}.{table}]"]
            lines += [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in entries.items()]
        lines.append("")
    return "\n".join(lines)


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value).expanduser() if value else None
