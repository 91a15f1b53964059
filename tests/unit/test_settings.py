"""Settings: one table, clear errors, all documented."""
from __future__ import annotations

import pytest

from outreach.settings import ROOT, SETTINGS, Settings, SettingsError, load


def test_every_setting_has_a_default_that_can_be_read() -> None:
    assert isinstance(load({}), Settings)


def test_every_row_of_the_table_is_an_attribute_and_the_other_way_round() -> None:
    assert {s.name.lower() for s in SETTINGS} == set(Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("name", "bad"),
    [("PORT", "eighty"), ("PORT", "70000"), ("SAFE_SITE", "javascript:alert(1)"), ("SHOW_UNCHECKED", "maybe"),
     ("IDLE_MINUTES", "0"), ("IDLE_MINUTES", "nan"), ("MODEL_DIR", "/does/not/exist"), ("DATABASE_URL", "mysql://x"), ("PUBLIC_URL", "chat")],
)
def test_a_bad_setting_is_one_clear_line_that_names_it(name: str, bad: str) -> None:
    with pytest.raises(SettingsError) as error:
        load({name: bad})
    assert name in str(error.value) and "\n" not in str(error.value)


def test_a_secret_setting_is_not_shown_in_its_error() -> None:
    with pytest.raises(SettingsError) as error:
        load({"DATABASE_URL": "mysql://me:hunter2@host/db"})
    assert "hunter2" not in str(error.value)


def test_an_empty_value_counts_as_not_set() -> None:
    assert load({"PORT": ""}).port == 8080


def test_every_setting_is_documented_with_its_default_and_help() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [s.name for s in SETTINGS if f"| `{s.name}` |" not in documented or s.help not in documented]
    assert missing == []
