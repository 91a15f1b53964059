"""The sentence encoder: text in, a vector of 384 numbers out, on one core in a few milliseconds.

all-MiniLM-L6-v2 (Apache-2.0), fine-tuned on this project's training data (scripts/finetune_encoder.py), as an int8 ONNX
file, mean-pooled over its tokens and scaled to length one. All files are checked against their SHA-256 before they are
used; `MODEL_DIR` names another folder, which is not checked. `head.npz` beside them is what the fine-tuning held of every
intent (`Head`).
"""
from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.linear import Linear
from outreach.settings import load

_ASSETS = Path(__file__).parent / "assets" / "minilm"
_SHA256 = {
    "model.onnx": "dea18d6f20ef4db94977a1bc449c5183ccab74332396bd924b5ddded0b693a8f",
    "head.npz": "c5e3624baa58878a0b3c65c74178a841f60d1ae681f100e4171f752a227960f9",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
DIMENSIONS = 384
_ENCODER = ("model.onnx", "tokenizer.json")
_HEAD = "head.npz"
# Long posts say what they are about early and late; beyond this the model's own training gives it nothing.
MAX_TOKENS = 256


class EncoderError(Exception):
    """A model file is missing or is not the one that was tested."""


class SentenceEncoder:
    """Holds the model in memory. Several threads may call one at once."""

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


class Head(Linear):
    """The linear layer under which the encoder was fine-tuned: how likely it held each intent, by one of the encoder's vectors.

    It learnt from messages that were cut, misspelt and put together, and from a larger encoder. What is fitted to the finished
    vectors afterwards has seen neither, and is surer of itself than it should be.
    """

    @classmethod
    def load(cls, folder: Path | None = None) -> Head | None:
        """The one beside the encoder; None where another encoder's folder has none. Raises `EncoderError`."""
        file = _head_file(folder)
        if file is None:
            return None
        with np.load(file, allow_pickle=False) as kept:
            return cls(kept["weights"], kept["bias"], kept["intents"].tolist())

    def ordered(self, intents: Sequence[str]) -> Head | None:
        """The same for these intents, in this order; None where it does not know one of them."""
        if not set(intents) <= set(self.names):
            return None
        rows = [self.names.index(intent) for intent in intents]
        return Head(self.weights[rows], self.bias[rows], intents)


def _files(folder: Path | None) -> tuple[Path, Path]:
    model, tokenizer = (_file(folder or load().model_dir, name) for name in _ENCODER)
    return model, tokenizer


def _head_file(folder: Path | None) -> Path | None:
    folder = folder or load().model_dir
    # Another encoder need not have one; the project's own must.
    return None if folder is not None and not (folder / _HEAD).is_file() else _file(folder, _HEAD)


def _file(folder: Path | None, name: str) -> Path:
    file = (folder or _ASSETS) / name
    if not file.is_file():
        raise EncoderError(f"the sentence encoder's file {name} is missing from {file.parent.name}")
    if folder is None and hashlib.sha256(file.read_bytes()).hexdigest() != _SHA256[name]:
        raise EncoderError(f"the sentence encoder's file {name} is not the one that was tested (SHA-256 differs)")
    return file


def fingerprint(*extra: Any) -> str:
    """Changes when what the encoder computes changes, so that Rasa trains anew."""
    digest = hashlib.sha256(repr(extra).encode())
    for file in (*_files(None), _head_file(None)):
        if file is not None:
            digest.update(file.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()
