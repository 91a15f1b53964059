"""Reading content files so that every value knows its file, its line and its field."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# A YAML file that was cut off can still be good YAML; one that must end with "..." cannot. CSV likewise.
YAML_END = "..."
CSV_END = "# end"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file, said so that the person who wrote it can find it."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f" {self.field}:" if self.field else ""
        return f"{self.file}:{self.line}:{field} {self.message}"


class ContentError(Exception):
    """The files cannot be used; nothing was changed. `problems` says everything that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Located:
    """A value with where it stands. `value` is a scalar, a list of Located, or a dict of Located by name."""

    value: Any
    file: str
    line: int
    field: str = ""

    def problem(self, message: str) -> Problem:
        """Say what is wrong here."""
        return Problem(self.file, self.line, self.field, message)

    def plain(self) -> Any:
        """The value alone, all the way down."""
        if isinstance(self.value, dict):
            return {name: each.plain() for name, each in self.value.items()}
        if isinstance(self.value, list):
            return [each.plain() for each in self.value]
        return self.value


def read_yaml(path: Path, name: str) -> Located:
    """Read one YAML document; raises ContentError where it is missing, cut off, badly encoded or no YAML."""
    text = _text(path, name)
    lines = text.rstrip().splitlines()
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if not lines or lines[-1] != YAML_END:
                message = f'the file is cut off: its last line must be "{YAML_END}"'
                raise ContentError([Problem(name, max(1, len(lines)), "", message)])
            if node is None:
                raise ContentError([Problem(name, 1, "", "the file is empty")])
            return _located(loader, node, name, "")
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ContentError([_yaml_problem(error, name)]) from None


def read_csv(path: Path, name: str, columns: tuple[str, ...]) -> list[Located]:
    """Read the rows of a CSV file, each a dict by column; raises ContentError as `read_yaml` does."""
    lines = _text(path, name).splitlines()
    if not lines or lines[-1].strip() != CSV_END:
        message = f'the file is cut off: its last line must be "{CSV_END}"'
        raise ContentError([Problem(name, max(1, len(lines)), "", message)])
    rows: list[Located] = []
    problems: list[Problem] = []
    header: list[str] | None = None
    for number, cells in _csv_rows(lines, name, problems):
        if header is None:
            header = cells
            if tuple(header) != columns:
                raise ContentError([Problem(name, number, "", f"the columns must be {','.join(columns)}")])
        elif len(cells) != len(header):
            problems.append(Problem(name, number, "", f"{len(cells)} columns where {len(header)} are wanted"))
        else:
            values = {
                column: Located(cell.strip(), name, number, column) for column, cell in zip(header, cells)
            }
            rows.append(Located(values, name, number))
    if problems:
        raise ContentError(problems)
    return rows


def _csv_rows(lines: list[str], name: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            yield number, next(csv.reader([line], strict=True))
        except csv.Error as error:
            problems.append(Problem(name, number, "", f"not a CSV row: {error}"))


def _text(path: Path, name: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ContentError([Problem(name, 1, "", f"cannot be read: {error.strerror}")]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ContentError([Problem(name, line, "", "not UTF-8: save the file as UTF-8")]) from None


def _located(loader: Any, node: yaml.Node, file: str, field: str) -> Located:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Located] = {}
        for key_node, value_node in node.value:
            key = str(loader.construct_object(key_node))
            below = f"{field}.{key}" if field else key
            if key in values:
                raise ContentError([Problem(file, key_node.start_mark.line + 1, below, "is given twice")])
            values[key] = _located(loader, value_node, file, below)
        return Located(values, file, line, field)
    if isinstance(node, yaml.SequenceNode):
        items = [_located(loader, each, file, f"{field}[{number}]") for number, each in enumerate(node.value)]
        return Located(items, file, line, field)
    try:
        return Located(loader.construct_object(node), file, line, field)
    except ValueError as error:
        raise ContentError([Problem(file, line, field, str(error))]) from None


def _yaml_problem(error: yaml.YAMLError, name: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or "not YAML"
    return Problem(name, mark.line + 1 if mark else 1, "", f"not good YAML: {said}")
