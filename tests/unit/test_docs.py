"""The docs say what is there: settings, commands, intents, decisions and files are compared with the product itself."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.settings import ROOT, SETTINGS
from outreach.understanding.catalogue import CATALOGUE

README = ROOT / "README.md"
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "content").rglob("*.md")})
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
SCREENSHOTS = ROOT / "docs" / "screenshots"
CODE_FOLDERS = (
    "actions", "channels", "components", "console", "content", "data", "deploy", "launcher", "outreach", "scripts", "standin", "tests",
    "web",
)  # fmt: skip
CODE_ENDINGS = {".py", ".yml", ".sh", ".js", ".html", ".css", ".toml", ".txt", ".in", ".xml", ".conf"}
# Made when it runs or is set up, so it is not always there.
MADE_LATER = ("var/", ".venv/", "models/", ".tools/", "docs/screenshots/")

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
# Where it was written, and options that say where packages come from: no reader has use for either.
NEVER = re.compile(r"/work\b|\bshared/|/tmp/|/root/|/home/|--[a-z-]*(?:url|links)\b", re.IGNORECASE)
# The only sites that a page may name; every other one, a package index among them, is too many.
HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:com|dev|io|net|org|uk)\b", re.IGNORECASE)
SITES = {"docs.openreferral.org", "www.metoffice.gov.uk", "www.standardwebhooks.com"}
# The numbers that are typed out where nothing may fail, and so have to be changed by hand.
TYPED_OUT = ("08088088088", "08082000247", "116123", "08001111", "03001234043")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def each_page() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", PAGES, ids=name_of)


def commands_in(text: str) -> set[str]:
    """The targets of `make` in code spans and code blocks."""
    blocks = "\n".join(FENCE.findall(text))
    return set(re.findall(r"`make ([a-z][a-z-]*)", text)) | set(re.findall(r"^ *make ([a-z][a-z-]*)", blocks, re.MULTILINE))


def targets() -> set[str]:
    """The targets that `make help` shows."""
    return set(re.findall(r"^([a-z][a-z-]*):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made where Markdown is shown."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code_files() -> list[Path]:
    there = [f for folder in CODE_FOLDERS for f in (ROOT / folder).rglob("*") if "__pycache__" not in f.parts]
    there += [ROOT / name for name in ("Makefile", "config.yml", "domain.yml", "endpoints.yml", "credentials.yml")]
    there += ROOT.glob("requirements*")
    return [f for f in there if f.is_file() and (f.suffix in CODE_ENDINGS or f.name == "Makefile") and f != Path(__file__)]


def test_what_is_made_from_the_product_is_current() -> None:
    checked = subprocess.run(
        [sys.executable, "scripts/make_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_every_setting_is_listed_with_its_default_and_help() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+) \|$", text_of(ROOT / "docs" / "settings.md"), re.MULTILINE))
    assert set(listed) == {setting.name for setting in SETTINGS}
    for setting in SETTINGS:
        default = setting.default.replace(f"{ROOT}/", "")
        assert listed[setting.name] == f"{f'`{default}`' if default else 'not set'} | {setting.help}"


def test_a_setting_that_a_page_names_exists() -> None:
    """Names with an underscore in code spans: `SHOW_UNCHECKED`, `IDLE_MINUTES=20`."""
    known = {setting.name for setting in SETTINGS}
    for page in PAGES:
        named = {n for span in SPAN.findall(text_of(page)) for n in re.findall(r"^([A-Z]+(?:_[A-Z0-9]+)+)(?:=\S*)?$", span)}
        # A team's secret has a name that the teams' file gives it.
        assert {name for name in named - known if not name.endswith("_SECRET")} == set(), name_of(page)


def test_every_command_is_told_of() -> None:
    told = set().union(*(commands_in(text_of(page)) for page in PAGES))
    assert targets() - told == set()


@each_page()
def test_a_command_that_a_page_names_exists(page: Path) -> None:
    assert commands_in(text_of(page)) - targets() == set()


def test_every_intent_is_in_the_readmes_table() -> None:
    table = text_of(README).partition("<!-- replies -->\n")[2].partition("\n<!-- /replies -->")[0]
    assert re.findall(r"^\| `(\w+)` \| ", table, re.MULTILINE) == list(CATALOGUE)


def test_the_readme_begins_with_the_two_commands_and_what_is_not_confirmed() -> None:
    beginning = text_of(README)[:2000]
    assert {"run", "test"} <= commands_in(beginning)
    assert "confirmed" in beginning


def test_a_decision_that_the_code_names_is_written_down() -> None:
    named = {(path, name_of(f)) for f in code_files() for path in re.findall(r"docs/adr/[\w-]+\.md", text_of(f))}
    assert named, "the code names decisions"
    assert {(path, where) for path, where in named if not (ROOT / path).is_file()} == set()


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_says_why_what_else_and_what_follows(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", text_of(page), re.MULTILINE)
    assert [h for h in headings if h in ("Context", "Decision", "Rejected", "Consequences")] == [
        "Context", "Decision", "Rejected", "Consequences",
    ]  # fmt: skip


def test_every_decision_has_its_own_number_and_is_listed() -> None:
    numbers = [page.name[:4] for page in DECISIONS]
    assert len(set(numbers)) == len(numbers)
    listed = text_of(ROOT / "docs" / "developers.md")
    assert [page.name for page in DECISIONS if f"(adr/{page.name})" not in listed] == []


def test_every_page_is_linked_from_somewhere() -> None:
    linked = {(page.parent / link.partition("#")[0]).resolve() for page in PAGES for link in LINK.findall(text_of(page))}
    assert [name_of(page) for page in PAGES if page not in linked and page != README] == []


@each_page()
def test_a_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(text_of(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if re.match(r"[a-z]+:", link) or (target.parent == SCREENSHOTS and not SCREENSHOTS.is_dir()):
            continue
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_a_screenshot_that_is_shown_is_one_that_is_taken() -> None:
    taken = text_of(ROOT / "tests" / "e2e" / "shots.py")
    names = re.findall(r'save\("([\w-]+)"', taken)
    sizes = re.findall(r'^    "(\w+)": \{"width"', taken, re.MULTILINE)
    console = text_of(ROOT / "tests" / "e2e" / "console_shots.py")
    names += re.findall(r'"(console-[a-z]+)": "/', console) + re.findall(r'f"(console-[a-z]+)-\{size\}', console)
    possible = {f"{name}-{size}-{scheme}.png" for name in names for size in sizes for scheme in ("light", "dark")}
    shown = {Path(link).name for page in PAGES for link in LINK.findall(text_of(page)) if link.endswith(".png")}
    assert shown and shown <= possible


@each_page()
def test_a_file_that_a_page_names_is_there(page: Path) -> None:
    tops = {*CODE_FOLDERS, "docs"}
    named = {span for span in SPAN.findall(FENCE.sub("", text_of(page))) if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*/?", span)}
    paths = {n for n in named if n.split("/")[0] in tops and "/" in n and not n.startswith(MADE_LATER)}
    # A page in a folder may name what is beside it.
    assert {n for n in paths if not (ROOT / n).exists() and not (page.parent / n).exists()} == set()


def test_staff_are_told_of_every_file_in_which_a_number_is_typed_out() -> None:
    page = text_of(ROOT / "docs" / "staff.md")
    told = page[page.index("\n6. **Is it the county helpline") : page.index("\n| you want | do |")]
    places = [f for folder in ("data/responses", "web", "deploy", "content") for f in (ROOT / folder).rglob("*") if f.is_file()]
    services = ROOT / "content" / "services"
    typed = [f for f in places if services not in f.parents and f.suffix != ".csv" and _numbers_in(text_of(f))]
    assert typed
    assert {name_of(f) for f in typed if f"`{name_of(f)}`" not in told and f"`{name_of(f.parent)}/`" not in told} == set()


def test_the_page_says_the_same_numbers_as_the_fixed_reply() -> None:
    page, fixed = (_numbers_in(text_of(ROOT / f)) for f in ("web/chat.html", "data/responses/fallback.yml"))
    assert page and page <= fixed


def _numbers_in(text: str) -> set[str]:
    digits = re.sub(r"(?<=\d) (?=\d)", "", text)
    return {number for number in TYPED_OUT if re.search(rf"(?<!\d){number}(?!\d)", digits)}


@each_page()
def test_a_page_names_no_place_that_its_reader_lacks(page: Path) -> None:
    assert NEVER.findall(text_of(page)) == []
    assert set(HOST.findall(text_of(page))) <= SITES
