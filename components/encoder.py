"""The sentence encoder: text in, a vector of 384 numbers out, on one core in a few milliseconds.

all-MiniLM-L6-v2 (Apache-2.0), fine-tuned on this project's training data (scripts/finetune_encoder.py), as an int8 ONNX
file, mean-pooled over its tokens and scaled to length one. Both files are checked against their SHA-256 before they are
used; `MODEL_DIR` names another folder, which is not checked.
"""
from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from outreach.settings import load

_ASSETS = Path(__file__).parent / "assets" / "minilm"
_SHA256 = {
    "model.onnx": "e2b48e4483c06a2d070ca42238abd58c0a4377850798d9010a6e73b181718efd",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
DIMENSIONS = 384
# Long posts say what they are about early and late; beyond this the model's own training gives it nothing.
MAX_TOKENS = 256


class EncoderError(Exception):
    """A model file is missing or is not the one that was tested."""


class SentenceEncoder:
    """Holds the model in memory. Safe to call from one thread at a time per instance."""

    def __init__(self, folder: Path | None = None) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        model, tokenizer = _files(folder)
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        # One thread is faster than two at this size, and leaves the other core to another conversation.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row of length one for each text. An empty text gives the vector of nothing in particular."""
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
        hidden = self._session.run(
            None,
            {
                "input_ids": np.array([e.ids for e in encoded], dtype=np.int64),
                "attention_mask": mask,
                "token_type_ids": np.zeros_like(mask),
            },
        )[0]
        weights = mask[:, :, None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        scaled: npt.NDArray[np.float32] = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-9)
        return scaled


def _files(folder: Path | None) -> tuple[Path, Path]:
    chosen = folder or load().model_dir
    files = tuple((chosen or _ASSETS) / name for name in ("model.onnx", "tokenizer.json"))
    for file in files:
        if not file.is_file():
            raise EncoderError(f"the sentence encoder's file {file.name} is missing from {file.parent.name}")
        if chosen is None and hashlib.sha256(file.read_bytes()).hexdigest() != _SHA256[file.name]:
            raise EncoderError(f"the sentence encoder's file {file.name} is not the one that was tested (SHA-256 differs)")
    return files[0], files[1]


def fingerprint(*extra: Any) -> str:
    """Changes when what the encoder computes changes, so that Rasa trains anew."""
    digest = hashlib.sha256(repr(extra).encode())
    for file in _files(None):
        digest.update(file.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()
