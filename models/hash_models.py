"""Write SHA256SUMS: what is shipped, so that a test can tell a file that is not what was measured.

python models/hash_models.py
"""

from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FOLDERS = ("emoji-bank", "emoji-diffusion", "emoji-planted", "emoji-resnet18", "lexicon")


def main() -> None:
    """Hash every JSON, safetensors, JPEG and text file of the shipped folders."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    kept = sorted(path for path in files if path.suffix in (".jpg", ".json", ".safetensors", ".txt"))
    lines = [f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(ROOT).as_posix()}" for path in kept]
    (ROOT / "SHA256SUMS").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
