"""What a form sends, and the base of all forms.

    form = MyForm(form_data(request))            # after a POST
    form = MyForm(None, data={...})              # before it
    if not form.validate(): return page(request, "x.html", status=422, form=form)

Sanic's own reading leaves blank fields out, and a blank field is how somebody takes something away. So it is read here.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import wtforms
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from wtforms.meta import DefaultMeta
from wtforms.widgets import CheckboxInput, ListWidget, Select

FIELD_LIMIT = 100_000
_FIELDS = 5_000
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


class FormData(Mapping[str, str]):
    """Fields by name, blank ones included; `getlist` gives all values of one. As WTForms wants it."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getlist(self, name: str) -> list[str]:
        """Every value that was sent under this name."""
        return list(self._values.get(name, ()))


def form_data(request: Request) -> FormData:
    """The fields that a form sent; files are in `request.files`. Raises InvalidUsage for what is no form."""
    known: FormData | None = getattr(request.ctx, "form_data", None)
    if known is None:
        known = request.ctx.form_data = FormData(_pairs(request))
    return known


def _pairs(request: Request) -> list[tuple[str, str]]:
    kind = str(request.headers.get("content-type", "")).split(";")[0].strip().lower()
    if not request.body:
        return []
    try:
        if kind == _URLENCODED:
            text = request.body.decode("utf-8")
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
        elif kind == _MULTIPART:
            pairs = [(name, str(value)) for name in request.form or {} for value in request.form.getlist(name)]
        else:
            raise InvalidUsage("not a form")
    except ValueError:
        raise InvalidUsage("not a form") from None
    # PostgreSQL keeps no NUL, and no person types one.
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise InvalidUsage("not text")
    return [(name, value.replace("\r\n", "\n")) for name, value in pairs]


class Problem(NamedTuple):
    """Something wrong with a form: the id of the field to go to (empty for the form as a whole), its label, and what."""

    anchor: str
    label: str
    message: str


def problems(form: Any) -> list[Problem]:
    """Everything that is wrong with a form, in the order of its fields, those in rows and inner forms included."""
    return [Problem("", "", str(message)) for message in form.form_errors] + [
        problem for field in form for problem in _problems_of(field)
    ]


def _problems_of(field: Any) -> list[Problem]:
    if isinstance(field, wtforms.FormField):
        return problems(field.form)
    if isinstance(field, wtforms.FieldList):
        own = [Problem(field.id, field.label.text, message) for message in field.errors if isinstance(message, str)]
        return own + [problem for entry in field for problem in _problems_of(entry)]
    many = isinstance(field, (wtforms.RadioField, wtforms.SelectMultipleField)) and not isinstance(field.widget, Select)
    anchor = f"{field.id}-0" if many else field.id
    return [Problem(anchor, field.label.text, str(message)) for message in field.errors]


class CheckboxesField(wtforms.SelectMultipleField):
    """Several of a few, as checkboxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class Form(wtforms.Form):
    """The base of the console's forms. Blanks around what was typed are taken away."""

    class Meta(DefaultMeta):
        """How every field behaves."""

        def bind_field(self, form: Any, unbound: Any, options: Any) -> Any:
            """Strip what is typed in, except passwords."""
            filters = list(unbound.kwargs.get("filters", []))
            if issubclass(unbound.field_class, (wtforms.StringField,)) and not issubclass(
                unbound.field_class, wtforms.PasswordField
            ):
                filters.insert(0, _stripped)
            return unbound.bind(form=form, **{**options, "filters": filters})


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
