"""Settings: one table, clear errors, all documented."""
from __future__ import annotations

from pathlib import Path

import pytest

from outreach.settings import ROOT, SETTINGS, Settings, SettingsError, load


def test_every_setting_has_a_default_that_can_be_read() -> None:
    assert isinstance(load({}), Settings)


def test_every_row_of_the_table_is_an_attribute_and_the_other_way_round() -> None:
    assert {s.name.lower() for s in SETTINGS} == set(Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("name", "bad"),
    [("PORT", "eighty"), ("PORT", "70000"), ("SAFE_SITE", "javascript:alert(1)"), ("SHOW_UNCHECKED", "maybe"),
     ("IDLE_MINUTES", "0"), ("IDLE_MINUTES", "nan"), ("MODEL_DIR", "/does/not/exist"), ("DATABASE_URL", "mysql://x"), ("PUBLIC_URL", "chat"),
     ("LOG_LEVEL", "LOUD"), ("LOG_LEVEL", "10"), ("TRUSTED_PROXIES", "-1"), ("TRUSTED_PROXIES", "one"), ("TRUSTED_PROXIES", "1000"),
     ("FRAME_ANCESTORS", "self"), ("FRAME_ANCESTORS", "self https://www.charity.example"), ("FRAME_ANCESTORS", "none")],
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


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS if setting.secret])
def test_a_secret_can_be_in_a_file(name: str, tmp_path: Path) -> None:
    value = {"DATABASE_URL": "postgresql://me:hunter2@db/x", "REDIS_URL": "redis://:hunter2@redis/0"}.get(name, "hunter2")
    file = tmp_path / "secret"
    file.write_text(f"{value}\n")
    assert getattr(load({f"{name}_FILE": str(file)}), name.lower()) == value


def test_a_secret_that_is_given_twice_or_cannot_be_read_stops_the_start_and_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("mysql://me:hunter2@db/x")
    for given in (
        {"DATABASE_URL_FILE": str(file), "DATABASE_URL": "sqlite:///x"}, {"DATABASE_URL_FILE": str(tmp_path / "none")},
        {"DATABASE_URL_FILE": str(file)},
    ):  # fmt: skip
        with pytest.raises(SettingsError) as error:
            load(given)
        assert "DATABASE_URL" in str(error.value) and "hunter2" not in str(error.value) and "\n" not in str(error.value)


def test_a_level_of_the_log_is_known_in_any_letters() -> None:
    assert load({"LOG_LEVEL": "debug"}).log_level == "DEBUG"
