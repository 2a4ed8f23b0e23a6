"""Every link and picture of the documents leads to a file."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True).stdout.split()
MADE = {"pictures/worst-cases.png": "models/measured/worst-cases.png"}
"""What the build of the site copies into docs/; other pictures come from the gallery."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", (ROOT / document).read_text(), flags=re.S)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    for target in targets:
        if not target or target.startswith(("http:", "https:", "mailto:")):
            continue
        copied = MADE.get(target) or target.replace("pictures/", "tests/tui/gallery/")
        places = [(ROOT / document).parent / target, *([ROOT / copied] if document.startswith("docs/") else [])]
        assert any(place.exists() for place in places), target
