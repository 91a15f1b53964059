"""Lets Rasa check domain, data and rules as `rasa data validate` would: exits with 1 and a line for each fault it finds.

Rasa does not see what code utters. Responses that actions, channels or components name are no fault for being in no rule.
"""
from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
CODE = ("actions", "channels", "components", "outreach")
_UNUSED = re.compile(r"The utterance '(\w+)' is not used in any story or rule")
_NAMED = re.compile(r"\butter_[a-z0-9_]+")
# Names that code puts together, as in f"utter_referral_{step}".
_PUT_TOGETHER = re.compile(r"f[\"'](utter_[a-z0-9_]*)\{")
# Rasa says this of every domain that has slots.
_ALWAYS_SAID = "Slot auto-fill has been removed in 3.0"
# Uttered by an action of Rasa's own.
_BY_RASA = frozenset({"utter_restart"})


def uttered_by_code() -> tuple[frozenset[str], frozenset[str]]:
    """The responses that code names, and the beginnings of names that it puts together.

    A bare `utter_` tells nothing, but for the answers to a second question, which are named after their intents.
    """
    from outreach.understanding.catalogue import ANSWERABLE

    sources = [file.read_text(encoding="utf-8") for folder in CODE for file in sorted((ROOT / folder).rglob("*.py"))]
    named = frozenset(name for source in sources for name in _NAMED.findall(source))
    begun = frozenset(name for source in sources for name in _PUT_TOGETHER.findall(source)) - {"utter_"}
    return named | _BY_RASA | {f"utter_{intent}" for intent in ANSWERABLE}, begun


class _Heard(logging.Handler):
    """Collects what Rasa logs as a warning or worse: half of its findings are logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("rasa"):
            self.lines.append(record.getMessage())


def faults() -> list[str]:
    """What Rasa finds wrong with the project, one line each."""
    heard = _Heard()
    logging.getLogger().addHandler(heard)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        good = _validate()
    logging.getLogger().removeHandler(heard)
    # Rasa's findings are user warnings; what a library will change one day is none of them.
    found = [str(w.message).splitlines()[0] for w in warned if issubclass(w.category, UserWarning) and "rasa" in w.filename]
    named, begun = uttered_by_code()

    def expected(line: str) -> bool:
        unused = _UNUSED.search(line)
        if unused is None:
            return line.startswith(_ALWAYS_SAID)
        return unused[1] in named or any(unused[1].startswith(start) for start in begun)

    lines = [line for line in dict.fromkeys([*heard.lines, *found]) if not expected(line)]
    return lines or ([] if good else ["Rasa calls the project invalid and does not say why"])


def _validate() -> bool:
    os.chdir(ROOT)
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ.setdefault("ACTIONS_PORT", "5055")
    from rasa.shared.importers.importer import TrainingDataImporter
    from rasa.validator import Validator

    importer: Any = TrainingDataImporter.load_from_config("config.yml", "domain.yml", ["data"])
    validator = Validator.from_importer(importer)
    strictly = (
        validator.verify_intents, validator.verify_example_repetition_in_intents, validator.verify_intents_in_stories,
        validator.verify_utterances_in_stories, validator.verify_story_structure,
    )
    # All of them run, whatever the first finds.
    return all([
        validator.verify_domain_validity(), validator.verify_actions_in_stories_rules(),
        validator.verify_forms_in_stories_rules(), validator.verify_form_slots(), validator.verify_slot_mappings(),
        *(check(ignore_warnings=False) for check in strictly),
    ])


def main() -> int:
    """Print the faults. Gives the exit code."""
    found = faults()
    for line in found:
        print(f"validate: {line}")
    print(f"validate: {len(found)} faults" if found else "validate: domain, data and rules are clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
