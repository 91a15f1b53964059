"""Writes the parts of README and docs that are made from the product itself, so that they can't be wrong.

`python scripts/make_docs.py` writes; `--check` exits with 1 and names the file that is not as it would be written.
"""
from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def settings_page() -> str:
    """`docs/settings.md`, from the table of settings."""
    from outreach.settings import SETTINGS

    secrets = ", ".join(f"`{s.name}`" for s in SETTINGS if s.secret)
    rows = [f"| `{s.name}` | {_default(s.default)} | {s.help} |" for s in SETTINGS]
    return "\n".join([
        "# Settings", "", "Read from the environment; `make run` reads `.env` first. A setting that cannot be used stops the",
        "start with one line that names it. What is secret can be in a file instead: put `_FILE` behind the setting's name,",
        f"and the file's path as its value. Secret are {secrets}, and what signs to teams.",
        "", "| setting | default | what it does |", "|---|---|---|", *rows, "",
    ])


def _default(value: str) -> str:
    return f"`{value.replace(str(ROOT) + '/', '')}`" if value else "not set"


def replies_table() -> str:
    """Every intent of the catalogue with the first line of its reply on the web."""
    from outreach.understanding.catalogue import CATALOGUE

    responses: dict[str, str] = {}
    for file in sorted((ROOT / "data" / "responses").glob("*.yml")):
        for name, variations in yaml.safe_load(file.read_text(encoding="utf-8"))["responses"].items():
            responses[name] = next(v["text"] for v in variations if "channel" not in v)
    rows = [f"| `{intent}` | {responses[f'utter_{intent}'].strip().splitlines()[0]} |" for intent in CATALOGUE]
    return "\n".join(["| asked | the reply begins |", "|---|---|", *rows])


def access_page() -> str:
    """`docs/console-access.md`, from the console's own routes."""
    from console.app import make_app
    from console.routes import table
    from outreach.settings import load

    with tempfile.TemporaryDirectory() as folder:
        app = make_app(load({"CONSOLE_KEY_FILE": f"{folder}/console.key"}))
        return "\n".join([
            "# Who may do what in the console", "",
            "Every address of the console, and whether each role gets to it. A test calls every one of them: without signing",
            "in, with each role, with a session that is over, from another site, and without a form's token",
            "(`tests/integration/test_console_access.py`), and holds the answers against this table.", "",
            "A session that is over counts as not signed in. What would change something is refused to everybody (403) when",
            "it comes from another site or without its form's token. `–` is 403. That a role gets to an address does not mean",
            "that it gets every entry there: a caseworker gets 404 for the referrals of other areas, and nobody approves a",
            "number that they changed themselves.", "", table(app), "",
        ])


def readme() -> str:
    """README with its table of replies made anew."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    between = re.compile(r"(<!-- replies -->\n).*?(\n<!-- /replies -->)", re.DOTALL)
    return between.sub(lambda match: match[1] + replies_table() + match[2], text)


def main() -> None:
    """Write, or check."""
    from scripts.make_fallback import files

    docs = ROOT / "docs"
    pages = {
        docs / "settings.md": settings_page(), docs / "console-access.md": access_page(), ROOT / "README.md": readme(),
        **files(),
    }
    stale = [file for file, text in pages.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        sys.exit(f"not as it would be written (run `make docs`): {[f.name for f in stale]}" if stale else 0)
    for file in stale:
        file.write_text(pages[file], encoding="utf-8")
        print(f"docs: wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
