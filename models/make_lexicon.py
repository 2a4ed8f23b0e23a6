"""Make the lexicon: everyday English words with their embeddings, for concepts that no language model has to say.

    python models/make_lexicon.py

The words are the whole words of all-MiniLM-L6-v2's own vocabulary, so nothing here knows the bundled world. The
vectors are kept in 8 bits: their cosines are off by less than 0.01. A minute on one core.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

from line_tui.worlds.minilm import load_minilm

FOLDER = Path(__file__).resolve().parent / "lexicon"
LETTERS = 3
BATCH = 256


@torch.inference_mode()
def main() -> None:
    """Write `words.txt` and `vectors.safetensors`."""
    torch.set_num_threads(1)
    tokenizer, model = load_minilm()
    ordered = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    words = [word for word in ordered if word.isascii() and word.isalpha() and len(word) >= LETTERS]
    vectors = []
    for start in range(0, len(words), BATCH):
        # Each word is one token, so no padding changes the last digits.
        tokens = tokenizer(words[start : start + BATCH], return_tensors="pt")
        pooled = model(**tokens).last_hidden_state.float().mean(1)
        vectors.append((pooled / pooled.abs().amax(dim=1, keepdim=True) * 127).round().char())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "words.txt").write_text("\n".join(words) + "\n")
    save_file({"vectors": torch.cat(vectors)}, FOLDER / "vectors.safetensors")
    print(f"{len(words)} words")


if __name__ == "__main__":
    main()
