"""`make evaluate [SET=file.csv] [PREDICTIONS=out.csv]`: how well the trained assistant understands a labelled set.

The set has the columns `text,intent`. Every message goes through the whole pipeline, safety matcher included, as it would
in a conversation. A message that is not understood (`nlu_fallback`) counts as `out_of_scope`: the person is told the same.
The last line is JSON: n, accuracy, macro_f1, safety_recall by intent, safety_false_alarms (the share of messages that are
no safety intent but were taken for one), out_of_scope_recall. Two plots go to var/evaluate.
"""
from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
OWN_SETS = (
    "heldout.csv", "safety.csv", "lookalikes.csv", "forum.csv", "fresh.csv", "heard.csv", "month.csv", "tales.csv",
    "chats.csv",
)
FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"


class SetError(Exception):
    """The set can't be read; the message names the file and the line."""


def read_set(file: Path) -> list[tuple[str, str]]:
    """The rows of a set as (text, intent). Raises `SetError`."""
    from outreach.understanding.catalogue import CATALOGUE

    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if not {"text", "intent"} <= set(reader.fieldnames or []):
                raise SetError(f"{file}: line 1: the columns text and intent are wanted")
            rows = [(row["text"] or "", (row["intent"] or "").strip()) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SetError(f"{file}: {error}") from None
    for number, (_, intent) in enumerate(rows, start=2):
        if intent not in CATALOGUE:
            raise SetError(f"{file}: row {number}: {intent!r} is not an intent of the catalogue")
    if not rows:
        raise SetError(f"{file}: there are no rows")
    return rows


def predict(texts: list[str]) -> list[tuple[str, float]]:
    """The intent and its confidence for each text, by the current model."""
    from rasa.core.agent import Agent

    from channels.turns import as_plain_text
    from outreach.privacy import logs

    logs.install("CRITICAL")
    from launcher.train import current_model

    model = current_model()
    if model is None:
        raise SystemExit("evaluate: there is no current model; run `make train`")
    agent = Agent.load(str(model))

    async def all_of_them() -> list[tuple[str, float]]:
        parsed = [await agent.parse_message(as_plain_text(text)) for text in texts]
        return [(p["intent"]["name"] or FALLBACK, float(p["intent"]["confidence"])) for p in parsed]

    return asyncio.run(all_of_them())


def score(gold: list[str], predicted: list[str]) -> dict[str, object]:
    """The figures of the contract. Shares are between 0 and 1; a share of nothing is null."""
    from outreach.understanding.catalogue import SAFETY

    said = [OUT_OF_SCOPE if p == FALLBACK else p for p in predicted]
    right = Counter(g for g, p in zip(gold, said) if g == p)
    wanted, given = Counter(gold), Counter(said)

    def recall(intent: str) -> float | None:
        return round(right[intent] / wanted[intent], 4) if wanted[intent] else None

    f1 = [2 * right[i] / (wanted[i] + given[i]) for i in wanted]
    calm = [p for g, p in zip(gold, said) if g not in SAFETY]
    return {
        "n": len(gold),
        "accuracy": round(sum(right.values()) / len(gold), 4),
        "macro_f1": round(sum(f1) / len(f1), 4),
        "safety_recall": {intent: recall(intent) for intent in SAFETY},
        "safety_false_alarms": round(sum(p in SAFETY for p in calm) / len(calm), 4) if calm else None,
        "out_of_scope_recall": recall(OUT_OF_SCOPE),
    }


def report(rows: list[tuple[str, str]], predicted: list[tuple[str, float]]) -> None:
    """The table for people: the worst intents, what is taken for what, the safety misses and false alarms in full."""
    from outreach.understanding.catalogue import SAFETY

    wanted = Counter(intent for _, intent in rows)
    mistaken = Counter((g, p) for (_, g), (p, _) in zip(rows, predicted) if g != p)
    missed = Counter(g for (_, g), (p, _) in zip(rows, predicted) if g != p)
    print(f"{'intent':42} {'n':>5} {'recall':>7}")
    for intent, n in sorted(wanted.items(), key=lambda item: (1 - missed[item[0]] / item[1], item[0])):
        print(f"{intent:42} {n:5d} {1 - missed[intent] / n:7.2f}")
    print("\nmost often taken for another:")
    for (gold, other), n in mistaken.most_common(25):
        print(f"  {n:4d}  {gold} -> {other}")
    print("\nsafety missed:")
    for (text, gold), (intent, sure) in zip(rows, predicted):
        if gold in SAFETY and intent != gold:
            print(f"  {gold} -> {intent} ({sure:.2f}): {text}")
    print("\nfalse alarms:")
    for (text, gold), (intent, sure) in zip(rows, predicted):
        if gold not in SAFETY and intent in SAFETY:
            print(f"  {gold} -> {intent} ({sure:.2f}): {text}")
    print("\nconfidence against truth (from: n, mean confidence, right):")
    for low, n, mean, right in reliability(rows, predicted):
        print(f"  {low:.1f}: {n:5d} {mean:.2f} {right:.2f}")


def reliability(rows: list[tuple[str, str]], predicted: list[tuple[str, float]]) -> list[tuple[float, int, float, float]]:
    """For each tenth of confidence that holds any message: where it begins, how many, mean confidence, share that is right."""
    tenths: dict[int, list[tuple[float, bool]]] = {}
    for (_, gold), (intent, sure) in zip(rows, predicted):
        tenths.setdefault(min(9, int(sure * 10)), []).append((sure, gold == intent))
    return [
        (tenth / 10, len(held), sum(s for s, _ in held) / len(held), sum(r for _, r in held) / len(held))
        for tenth, held in sorted(tenths.items())
    ]


def plot(rows: list[tuple[str, str]], predicted: list[tuple[str, float]], folder: Path) -> None:
    """Write reliability.png (confidence against truth) and confusion.png (what is taken for what, by share of a row)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    bins = reliability(rows, predicted)
    figure, axes = pyplot.subplots(figsize=(5, 5), layout="constrained")
    axes.plot([0, 1], [0, 1], linestyle="--", color="grey")
    axes.plot([mean for _, _, mean, _ in bins], [right for _, _, _, right in bins], marker="o")
    for _, n, mean, right in bins:
        axes.annotate(str(n), (mean, right), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    figure.savefig(folder / "reliability.png", dpi=120)
    names = sorted({intent for _, intent in rows} | {intent for intent, _ in predicted})
    counted = Counter((gold, intent) for (_, gold), (intent, _) in zip(rows, predicted))
    total = Counter(gold for _, gold in rows)
    shares = [[counted[gold, intent] / total[gold] if total[gold] else 0 for intent in names] for gold in names]
    figure, axes = pyplot.subplots(figsize=(16, 15), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="predicted", ylabel="meant")
    figure.savefig(folder / "confusion.png", dpi=100)
    pyplot.close("all")


def main() -> None:
    """Read, predict, report; the last line is the JSON of the contract."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", type=Path, action="append")
    parser.add_argument("--predictions", type=Path)
    chosen = parser.parse_args()
    files = [f.resolve() for f in chosen.set] if chosen.set else [ROOT / "tests" / "nlu" / name for name in OWN_SETS]
    predictions = chosen.predictions.resolve() if chosen.predictions else None
    os.chdir(ROOT)
    os.environ.setdefault("ACTIONS_PORT", "5055")
    try:
        rows = [row for file in files for row in read_set(file)]
    except SetError as error:
        sys.exit(f"evaluate: {error}")
    predicted = predict([text for text, _ in rows])
    report(rows, predicted)
    plot(rows, predicted, ROOT / "var" / "evaluate")
    print("\nplots: var/evaluate/reliability.png, var/evaluate/confusion.png")
    if predictions:
        with predictions.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["text", "intent", "predicted", "confidence"])
            writer.writerows([t, g, p, f"{s:.4f}"] for (t, g), (p, s) in zip(rows, predicted))
    print(json.dumps(score([g for _, g in rows], [p for p, _ in predicted])))


if __name__ == "__main__":
    main()
