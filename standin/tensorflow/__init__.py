"""A stand-in for TensorFlow: everything can be imported and subclassed, nothing can be used.

Rasa 3.6 imports TensorFlow when it starts, for components that this project does not configure. The real one costs 1.6 GB
of disk, 350 MB of memory and twenty seconds of every start (docs/adr/0001-no-tensorflow.md). Whoever configures a component
that needs it is told so in one sentence (`Unavailable`).
"""
from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

__version__ = "2.12.0"

# spaCy's thinc looks for this one, and goes its own way without TensorFlow when it is missing.
_ABSENT = "tensorflow.experimental"
# Called while Rasa's modules load, as decorators or for a type, with nothing computed.
_CALLED_AT_IMPORT = {"function", "register_keras_serializable", "TensorSpec", "TensorShape", "custom_gradient"}


class Unavailable(RuntimeError):
    """A component that needs TensorFlow was used."""


def _refuse(name: str) -> Unavailable:
    return Unavailable(
        f"{name} was called, but this project runs without TensorFlow. Use a component that does not need it "
        "(see config.yml), or install the real tensorflow==2.12.0 in place of the stand-in."
    )


class _InertType(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _inert(f"{cls._inert_name}.{name}")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        name = cls._inert_name.rsplit(".", 1)[-1]
        if name not in _CALLED_AT_IMPORT:
            raise _refuse(f"{cls.__module__}.{cls.__qualname__}")
        if len(args) == 1 and not kwargs and callable(args[0]):
            return args[0]
        return lambda decorated: decorated


def _inert(name: str) -> Any:
    return _InertType(name.rsplit(".", 1)[-1], (), {"_inert_name": name, "__module__": name.rpartition(".")[0]})


class _InertModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _inert(f"{self.__name__}.{name}")
        setattr(self, name, value)
        return value


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes every submodule of `tensorflow` and `keras` importable, but for the one that must be missing."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> Any:
        if name.startswith(("tensorflow.", "keras.")) and not name.startswith(_ABSENT):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _InertModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return None


sys.meta_path.append(_Finder())
sys.modules[__name__].__class__ = _InertModule
