"""The directory as a table: a row for each service, columns in the words of `content/README.md`, and back.

What there can be several of has a number in its column: `phones.1.number`, `languages.2`. The last row is `# end`, so that a
file that was cut off between two rows is noticed. A column that is not in the file is kept as the directory has it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from outreach.exchange.entries import MOST_FINDINGS, BadFileError, Entry, Finding, bad, text_of
from outreach.model import Phone, Schedule, Service, Url, documents
from outreach.model.service import HOLD

END = "# end"
LISTS = ("service_areas", "languages", "unconfirmed")
PARTS: Mapping[str, Any] = {"phones": Phone, "urls": Url, "schedules": Schedule}
MOST_OF_ONE = 50
# A spreadsheet takes a cell that begins so for a formula. Ours begin with an apostrophe then, which goes again on the way in.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
DATES = frozenset({"assured_date", "valid_from", "valid_to"})
FLAGS = frozenset({"on_bill", "confirmed"})
TIMES = frozenset({"opens", "closes", "holiday_opens", "holiday_closes"})
_BRITISH_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::00)?", re.ASCII)
_COLUMN = re.compile(r"(phones|urls|schedules)\.([1-9]\d?)\.(\w+)|(service_areas|languages|unconfirmed)\.([1-9]\d?)")


class _Wrong(ValueError):
    """A cell that cannot be read."""


def write(read: Callable[[], Iterable[Service]]) -> Iterator[bytes]:
    """Give services as a CSV file in UTF-8, piece by piece, with the mark by which spreadsheets know it.

    They are read twice: once to know how many columns there are.
    """
    columns = _columns({column for service in read() for column, _ in _cells(documents.to_document(service))})
    yield b"\xef\xbb\xbf" + _line(columns)
    for service in read():
        cells = dict(_cells(documents.to_document(service)))
        yield _line([_guarded(cells.get(column, "")) for column in columns])
    yield _line([END] + [""] * (len(columns) - 1))


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode("utf-8")


def read(data: bytes, kind: str) -> tuple[int, Iterator[Entry]]:
    """Give how many services a file has, and its entries one by one.

    A new service whose row names no kind of help becomes a `kind`. Raises `BadFileError` at once where the file is no such
    table; the entries raise it at their end for everything that is wrong in it.
    """
    header, rows = _table(data)
    return len(rows), _entries(header, rows, kind)


def _entries(header: Sequence[str], rows: Sequence[tuple[int, list[str]]], kind: str) -> Iterator[Entry]:
    findings: list[Finding] = []
    for number, cells in rows:
        where = f"Row {number}"
        given, found = _given(header, cells, where)
        findings += found
        if not found:
            yield Entry(where, given["id"], given.get("name") or "", given, otherwise={"kind": kind, "status": HOLD})
        if len(findings) >= MOST_FINDINGS:
            break
    if findings:
        raise BadFileError(findings[:MOST_FINDINGS])


def _cells(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if name in PARTS:
            for number, part in enumerate(value, start=1):
                yield from ((f"{name}.{number}.{field}", _written(each)) for field, each in part.items())
        elif name in LISTS:
            yield from ((f"{name}.{number}", str(each)) for number, each in enumerate(value, start=1))
        else:
            yield name, _written(value)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _columns(used: Collection[str]) -> list[str]:
    """Every column, in the order of the service's fields, as many of each numbered one as the longest row needs."""
    columns: list[str] = []
    for field in fields(Service):
        if field.name in PARTS:
            most = _most(field.name, used)
            columns += [f"{field.name}.{n}.{each.name}" for n in range(1, most + 1) for each in fields(PARTS[field.name])]
        elif field.name in LISTS:
            columns += [f"{field.name}.{n}" for n in range(1, _most(field.name, used) + 1)]
        else:
            columns.append(field.name)
    return columns


def _most(name: str, used: Iterable[str]) -> int:
    return max([1, *(int(column.split(".")[1]) for column in used if column.startswith(f"{name}."))])


def _table(data: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns, and the rows with their numbers as a spreadsheet counts them."""
    try:
        rows = list(csv.reader(io.StringIO(text_of(data), newline=""), strict=True))
    except csv.Error:
        raise bad("This is not a good CSV file. It may be cut off in the middle of a row.") from None
    header = [cell.strip() for cell in rows[0]]
    _check_header(header)
    filled = [(number, cells) for number, cells in enumerate(rows[1:], start=2) if any(cell.strip() for cell in cells)]
    if not filled or filled[-1][1][0].strip() != END:
        raise bad(f"The file is cut off: the first cell of its last row must be “{END}”.", f"Row {len(rows)}")
    if len(filled) == 1:
        raise bad("There is no service in this file.")
    for number, cells in filled[:-1]:
        if len(cells) != len(header):
            raise bad(f"{len(cells)} cells where {len(header)} are wanted. The row may be cut off.", f"Row {number}")
    return header, filled[:-1]


def _check_header(header: Sequence[str]) -> None:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise bad("The columns must be separated by commas. Save the file again as “CSV UTF-8 (comma delimited)”.", "Row 1")
    findings = [
        Finding("Row 1", "", f"“{column[:60]}” is not a column that is known here")
        for column in header
        if not _is_known(column)
    ]
    twice = sorted({column for column in header if header.count(column) > 1})
    findings += [Finding("Row 1", "", f"the column “{column[:60]}” is there twice") for column in twice]
    if "id" not in header:
        findings.append(Finding("Row 1", "", "the column “id” is missing"))
    if findings:
        raise BadFileError(findings[:MOST_FINDINGS])


def _is_known(column: str) -> bool:
    numbered = _COLUMN.fullmatch(column)
    if numbered is None:
        return column in {each.name for each in fields(Service)} - {*PARTS, *LISTS}
    number = int(numbered.group(2) or numbered.group(5))
    table = numbered.group(1)
    return number <= MOST_OF_ONE and (table is None or numbered.group(3) in {each.name for each in fields(PARTS[table])})


def _given(header: Sequence[str], cells: Sequence[str], where: str) -> tuple[dict[str, Any], list[Finding]]:
    given: dict[str, Any] = {}
    findings: list[Finding] = []
    for column, cell in zip(header, cells):
        try:
            value = _value(column.rsplit(".", 1)[-1], cell[1:] if cell.startswith("'") else cell)
        except _Wrong as error:
            findings.append(Finding(where, column.replace(".", " "), str(error)))
            continue
        numbered = _COLUMN.fullmatch(column)
        if numbered is None:
            given[column] = value
        elif numbered.group(1):
            part = given.setdefault(numbered.group(1), {}).setdefault(int(numbered.group(2)), {})
            part[numbered.group(3)] = value
        else:
            given.setdefault(numbered.group(4), {})[int(numbered.group(5))] = value
    for name in {*PARTS, *LISTS} & {*given}:
        listed = [given[name][number] for number in sorted(given[name])]
        given[name] = [each for each in listed if each and (name in LISTS or any(each.values()))]
    if not given.get("id"):
        findings.append(Finding(where, "id", "is missing"))
    return given, findings


def _value(name: str, cell: str) -> Any:
    """A cell as its field wants it. Spreadsheets write dates, times and yes or no in ways of their own."""
    text = cell.strip()
    if not text:
        return None
    if name in FLAGS:
        if text.lower() not in ("true", "false"):
            raise _Wrong("true or false is wanted, or an empty cell where it is not known")
        return text.lower() == "true"
    if name in DATES:
        return _day(text)
    if name in TIMES and (clock := _TIME.fullmatch(text)):
        return f"{int(clock.group(1)):02}:{clock.group(2)}"
    if name == "number" and re.fullmatch(r"[1-9]\d{8,}", text.replace(" ", "")):
        raise _Wrong("the number has lost its leading 0, as numbers do in a spreadsheet: set the column to text")
    return text


def _day(text: str) -> str:
    british = _BRITISH_DATE.fullmatch(text)
    try:
        if british:
            return date(int(british.group(3)), int(british.group(2)), int(british.group(1))).isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _Wrong("a date is wanted, as 2026-11-21 or 21/11/2026") from None
