"""The layout holds: who may import whom, no phone number in code, nothing built at import."""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach.settings import ROOT

PACKAGES = ("channels", "components", "actions", "console", "outreach")
FORBIDDEN = {
    "outreach": {"rasa", "rasa_sdk", "sanic", "channels", "components", "actions", "console", "launcher"},
    "components": {"rasa_sdk", "sanic", "channels", "actions", "console", "launcher"},
    "channels": {"rasa_sdk", "components", "actions", "console", "launcher"},
    "actions": {"rasa", "sanic", "channels", "components", "console", "launcher"},
    "console": {"rasa", "rasa_sdk", "channels", "components", "actions", "launcher"},
}
CLIENTS = {"sqlalchemy", "alembic", "redis", "smtplib", "httpx", "aiohttp", "psycopg2", "twilio"}


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_the_layout_allows(package: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files_of(package)
        for name in imports_of(file)
        if name in FORBIDDEN[package]
    ]
    assert wrong == []


def test_only_adapters_and_bootstrap_hold_clients_of_other_systems() -> None:
    allowed = (ROOT / "outreach" / "adapters", ROOT / "outreach" / "bootstrap.py")
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files_of("outreach")
        for name in imports_of(file)
        if name in CLIENTS and not any(file == place or place in file.parents for place in allowed)
    ]
    # The importer hands an engine on to the repositories and needs its type.
    assert [w for w in wrong if "outreach/content/importer.py imports sqlalchemy" not in w] == []


def test_nothing_can_text_anybody_unasked() -> None:
    """Of Twilio's package only the check of signatures is used: a text goes out in the answer to one, or not at all."""
    wrong = []
    for file in (f for package in (*PACKAGES, "launcher", "scripts") for f in files_of(package)):
        text = file.read_text(encoding="utf-8")
        used = re.findall(r"^\s*(?:from|import) (twilio[\w.]*)", text, re.MULTILINE)
        if set(used) - {"twilio.request_validator"} or "api.twilio" in text:
            wrong.append(str(file.relative_to(ROOT)))
    assert wrong == []


# A row of all digits (an alphabet) is no number, and the shortest freephone number may be named where it is excepted.
NO_NUMBERS = {"0123456789"}
PHONE = re.compile(r"\b(?:0\d{3,4}[ -]?\d{3}[ -]?\d{3,4}|0\d{2} \d{4} \d{4}|116 123|0800 1111)\b")


@pytest.mark.parametrize("package", [*PACKAGES, "launcher", "scripts"])
def test_no_phone_number_stands_in_code(package: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}: {number}"
        for file in files_of(package)
        for number in PHONE.findall(file.read_text(encoding="utf-8"))
        if number not in NO_NUMBERS
    ]
    assert found == []


def test_the_phone_pattern_would_find_one() -> None:
    assert PHONE.search("ring 08088 088 088") and PHONE.search("0800 1111") and PHONE.search("020 7008 0151")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_module_builds_nothing_when_it_is_imported(package: str) -> None:
    """No call to bootstrap, no file opened, at a module's top level."""
    wrong = []
    for file in files_of(package):
        for statement in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
                continue
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("bootstrap.", "open", "connect")):
                    wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_exception_is_made_beforehand_and_raised_again(package: str) -> None:
    """One that is raised again keeps the frames of each time, and with them the words that somebody wrote."""
    wrong = []
    for file in files_of(package):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        made = {ast.unparse(target) for each in tree.body if isinstance(each, ast.Assign) for target in each.targets}
        made |= {ast.unparse(each.target) for each in tree.body if isinstance(each, ast.AnnAssign)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and node.exc is not None:
                raised = ast.unparse(node.exc)
                if raised in made or raised.rpartition(".")[2].isupper():
                    wrong.append(f"{file.relative_to(ROOT)}:{node.lineno} raises {raised}")
    assert wrong == []


def test_only_the_database_module_begins_a_transaction() -> None:
    """On PostgreSQL what is sent outside `writing` and `durably` is no transaction, and all that is half done stays."""
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in (*PACKAGES, "launcher", "scripts")
        for file in files_of(package)
        if file != ROOT / "outreach" / "adapters" / "database.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and (node.attr == "commit" or ast.unparse(node).endswith(("engine.begin", "connection.begin")))
    ]
    assert wrong == []


def test_no_file_of_the_project_names_where_packages_come_from() -> None:
    files = sorted(ROOT.glob("requirements*"))
    assert len(files) == 7
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "://" not in text, file.name
        # Where to look for packages is said in options: there is none but the hashes, and one file's reference to another.
        words = [word for line in text.splitlines() if not line.startswith("#") for word in line.split()]
        assert {word.split("=")[0] for word in words if word.startswith("-")} <= {"--hash", "-c"}, file.name
