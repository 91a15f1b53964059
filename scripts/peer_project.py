"""Makes the peer: the project that `rasa init` writes, with its default pipeline, on this project's examples and replies.

Runs in the peer's own environment (.peer/venv), beside this project's code and without it:

    .peer/venv/bin/python scripts/peer_project.py make FOLDER [EPOCHS] [stories]
    .peer/venv/bin/python scripts/peer_project.py bare FOLDER TEXTS.json
    .peer/venv/bin/python scripts/peer_project.py parse MODEL TEXTS.json OUT.json

Its rules give each intent its reply, without services, forms or anything else that a custom action does: what is left is
what any Rasa project does in a turn.
"""
from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


def make(folder: Path, epochs: int | None = None, stories: bool = False) -> None:
    """Write the project: config, endpoints and credentials as `rasa init` has them; data and domain are ours.

    With `epochs`, the default pipeline is spelt out, and trained for so many epochs instead of 100. With `stories`, those of
    `rasa init` stay as far as our rules allow, so that its policies that learn from stories (TED) are trained, and asked in
    each turn; without any, Rasa leaves them out.
    """
    from rasa.cli.scaffold import create_initial_project

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    create_initial_project(str(folder))
    theirs = _read(folder / "data" / "stories.yml")["stories"], _read(folder / "domain.yml")
    for unwanted in ("data", "tests", "actions"):
        shutil.rmtree(folder / unwanted, ignore_errors=True)
    shutil.copytree(ROOT / "data" / "nlu", folder / "data" / "nlu")
    replies = _replies()
    # Rasa has a rule of its own for "restart".
    intents = [name for name in _intents() if f"utter_{name}" in replies and name != "restart"]
    domain = {"version": "3.1", "intents": _intents(), "responses": replies}
    rules = [{"rule": i, "steps": [{"intent": i}, {"action": f"utter_{i}"}]} for i in intents]
    rules.append({"rule": "nlu_fallback", "steps": [{"intent": "nlu_fallback"}, {"action": "utter_not_understood"}]})
    if epochs is not None:
        _train_for(folder / "config.yml", epochs)
    if stories:
        domain["intents"] = sorted({*_intents(), *theirs[1]["intents"]})
        domain["responses"] = {**theirs[1]["responses"], **replies}
        kept = [{**story, "steps": _allowed(story["steps"], intents)} for story in theirs[0]]
        _write(folder / "data" / "stories.yml", {"version": "3.1", "stories": kept})
    _write(folder / "domain.yml", domain)
    _write(folder / "data" / "rules.yml", {"version": "3.1", "rules": rules})


def bare(folder: Path, texts: list[str]) -> None:
    """The least that a Rasa server can do: it knows each of these texts by heart, and answers by a rule. No turn is faster."""
    make(folder)
    shutil.rmtree(folder / "data" / "nlu")
    pipeline = {"pipeline": [{"name": "KeywordIntentClassifier"}], "policies": [{"name": "RulePolicy"}]}
    _write(folder / "config.yml", {**_read(folder / "config.yml"), **pipeline})
    ruled = [each["rule"] for each in _read(folder / "data" / "rules.yml")["rules"]]
    known = [{"intent": name, "examples": f"- {text}\n"} for name, text in zip(ruled, texts)]
    _write(folder / "data" / "nlu.yml", {"version": "3.1", "nlu": known})


def _allowed(steps: list[dict[str, str]], ruled: list[str]) -> list[dict[str, str]]:
    """The steps of a story up to where a rule of ours would answer otherwise."""
    for at, step in enumerate(steps[:-1]):
        intent = step.get("intent")
        if intent in ruled and steps[at + 1].get("action") != f"utter_{intent}":
            return steps[:at]
    return steps


def _train_for(config: Path, epochs: int) -> None:
    """Spell out the default pipeline, which the file leaves to Rasa, with other epochs. The policies stay Rasa's to choose."""
    from rasa.engine.recipes import default_recipe

    defaults = Path(default_recipe.__file__).with_name("config_files") / "default_config.yml"
    pipeline = yaml.safe_load(defaults.read_text(encoding="utf-8"))["pipeline"]
    written = yaml.safe_load(config.read_text(encoding="utf-8"))
    pipeline = [{**each, "epochs": epochs} if "epochs" in each else each for each in pipeline]
    _write(config, {**written, "pipeline": pipeline})


def _intents() -> list[str]:
    names = set()
    for file in (ROOT / "data" / "nlu").glob("*.yml"):
        names |= {block["intent"] for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]}
    return sorted(names)


def _replies() -> dict[str, Any]:
    """Every reply by name, its words alone. What stands in braces would be a slot to Rasa, and is spelt out."""
    replies: dict[str, Any] = {}
    for file in sorted((ROOT / "data" / "responses").glob("*.yml")):
        for name, variants in yaml.safe_load(file.read_text(encoding="utf-8"))["responses"].items():
            text = next(v["text"] for v in variants if v.get("channel") != "sms")
            replies[name] = [{"text": text.replace("{", "(").replace("}", ")")}]
    return replies


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def parse(model: Path, texts: list[str]) -> list[dict[str, Any]]:
    """The intent of each text, how sure, and the milliseconds that the parse took."""
    from rasa.core.agent import Agent

    agent = Agent.load(str(model))

    async def all_of_them() -> list[dict[str, Any]]:
        found = []
        for text in [texts[0], *texts]:
            began = time.perf_counter()
            parsed = await agent.parse_message(text)
            taken = (time.perf_counter() - began) * 1000
            intent = parsed["intent"]
            found.append({"intent": intent["name"] or "nlu_fallback", "confidence": intent["confidence"], "ms": taken})
        return found[1:]

    return asyncio.run(all_of_them())


def main(arguments: list[str]) -> None:
    """`make FOLDER [EPOCHS] [stories]`, `bare FOLDER TEXTS` or `parse MODEL TEXTS OUT`."""
    if arguments[0] == "make":
        numbers = [int(each) for each in arguments[2:] if each.isdigit()]
        make(Path(arguments[1]), numbers[0] if numbers else None, "stories" in arguments[2:])
        return
    if arguments[0] == "bare":
        bare(Path(arguments[1]), json.loads(Path(arguments[2]).read_text(encoding="utf-8")))
        return
    model, texts, out = (Path(argument) for argument in arguments[1:])
    out.write_text(json.dumps(parse(model, json.loads(texts.read_text(encoding="utf-8")))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
