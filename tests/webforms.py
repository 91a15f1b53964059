"""What a browser would send of a form: its fields with what stands in them."""
from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

Fields = dict[str, Any]


class _Reader(HTMLParser):
    """Reads the fields of the form with this action; of every form, where none is named."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.inside = action, False
        self.fields: list[tuple[str, str]] = []
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.inside = given.get("action") == self.action
        if not self.inside:
            return
        if tag == "input" and given.get("name"):
            if given.get("type") in ("checkbox", "radio"):
                if "checked" in given:
                    self.fields.append((given["name"], given.get("value", "on")))
            elif given.get("type") != "submit":
                self.fields.append((given["name"], given.get("value", "")))
        elif tag == "select":
            self.select, self.options = given.get("name"), []
        elif tag == "option":
            self.options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self.area, self.text = given.get("name"), ""

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select" and self.select and self.inside:
            chosen = [value for value, selected in self.options if selected] or [value for value, _ in self.options[:1]]
            self.fields += [(self.select, value) for value in chosen[-1:]]
            self.select = None
        elif tag == "textarea" and self.area is not None:
            # A browser leaves out the line break that follows the tag.
            self.fields.append((self.area, self.text.lstrip("\r\n")))
            self.area = None


def fields_of(html: str, action: str) -> Fields:
    """The fields of the form that goes to `action`, by name; several of one name as a list. Without its token."""
    reader = _Reader(action)
    reader.feed(html)
    found: Fields = {}
    for name, value in reader.fields:
        if name == "csrf":
            continue
        if name in found:
            found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
        else:
            found[name] = value
    assert found, f"no form goes to {action}"
    return found
