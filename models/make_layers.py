"""Write layers.json: the layers of the vision models that are installed with line-tui, for the app's first start.

python models/make_layers.py
"""

from pathlib import Path

import msgspec

from line_tui.models.catalog import shipped_catalog
from line_tui.models.vision_loader import layers_of

OUT = Path(__file__).resolve().parent / "layers.json"


def main() -> None:
    """One line for each of these models."""
    catalog = shipped_catalog()
    lines = [
        f"{msgspec.json.encode(entry.id).decode()}: {msgspec.json.encode(layers_of(entry.id, catalog)).decode()}"
        for entry in catalog.vision
        if entry.source.bundled or entry.source.package
    ]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
