"""The page's template, ready to be drawn."""
from __future__ import annotations

import jinja2

from outreach.directory import numbers
from outreach.settings import ROOT

FOLDER = ROOT / "web"


def template() -> jinja2.Template:
    """`web/chat.html`, which says at its top what it wants to be drawn with. Everything in it is escaped."""
    pages = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True)
    pages.filters["parted"] = numbers.parted
    return pages.get_template("chat.html")
