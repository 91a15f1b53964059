"""What some faults need around the product: a disk that can be filled, a clock that can be set back, files of its own."""
from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outreach.settings import ROOT

_LIBRARY = "usr/lib/*/faketime/libfaketimeMT.so.1"
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".peer", ".tools", ".*_cache", ".hypothesis", ".rasa", "var", "models", "tests", "docs", "results",
    "__pycache__",
)


class NotHere(Exception):
    """This machine lacks what a fault needs. The message says what."""


@dataclass(frozen=True)
class Surroundings:
    """What a house is made with."""

    more: dict[str, str] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)


class Setting:
    """Makes surroundings, and takes them away."""

    @contextmanager
    def made(self, folder: Path) -> Iterator[Surroundings]:
        """Surroundings in this folder. Raises `NotHere`."""
        raise NotImplementedError


class AsItIs(Setting):
    """Nothing special."""

    @contextmanager
    def made(self, folder: Path) -> Iterator[Surroundings]:
        """As they are."""
        yield Surroundings()


@dataclass(frozen=True)
class Disk(Setting):
    """A small file system of its own for what is stored, of so many MB."""

    megabytes: int

    @contextmanager
    def made(self, folder: Path) -> Iterator[Surroundings]:
        """With what is stored on it."""
        place = folder / "disk"
        place.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.megabytes}m,mode=755", "tmpfs", str(place)],
            capture_output=True, check=False,
        )  # fmt: skip
        if mounted.returncode:
            raise NotHere("no file system can be mounted here")
        try:
            yield Surroundings(rest={"disk": place})
        finally:
            subprocess.run(["umount", "-l", str(place)], check=False)


class FakeTime(Setting):
    """A clock of its own for the product and PostgreSQL, which `folder/clock` sets. Redis does not start with one."""

    @contextmanager
    def made(self, folder: Path) -> Iterator[Surroundings]:
        """With the clock right, to begin with."""
        library = next(iter(sorted(Path("/").glob(_LIBRARY))), None)
        if library is None:
            raise NotHere("libfaketime is missing: `apt-get install faketime`")
        clock = folder / "clock"
        clock.write_text("+0\n")
        clock.chmod(0o644)
        more = {
            "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_CACHE_DURATION": "1",
            # What measures how long something takes goes on, as it does when a real clock is set.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        yield Surroundings(more=more, rest={"engines_with": more})


class TreeOfItsOwn(Setting):
    """A copy of the product's files with a model of its own, to be spoilt."""

    @contextmanager
    def made(self, folder: Path) -> Iterator[Surroundings]:
        """With the copy as the product's root."""
        from launcher.train import current_model

        model = current_model()
        if model is None:
            raise NotHere("there is no current model: run `make train`")
        tree = folder / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        (tree / "models").mkdir()
        shutil.copy(model, tree / "models" / model.name)
        yield Surroundings(rest={"root": tree})
