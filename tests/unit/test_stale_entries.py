"""What was last checked too long ago is marked or hidden, as the setting says, and never silently shown as if it were fresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import jinja2
import pytest
from test_directory import PLAIN, FakeRepository

from channels.page import template
from outreach.directory.directory import Directory
from outreach.directory.publishing import Freshness
from outreach.model import Service
from outreach.settings import ROOT, SettingsError, load
from outreach.sms.alphabet import segments
from outreach.sms.rendering import service_line, short_lines

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
TODAY = NOW.date()


def checked(days_ago: int) -> Service:
    return replace(PLAIN, assured_date=TODAY - timedelta(days=days_ago))


def directory(service: Service, hide: bool = False, show_unchecked: bool = True) -> Directory:
    return Directory(FakeRepository(service), show_unchecked, lambda: NOW, Freshness(90, hide))


@pytest.mark.parametrize("hide", [False, True])
@pytest.mark.parametrize("days", [0, 1, 89, 90])
def test_what_was_checked_in_time_is_shown_as_it_is(days: int, hide: bool) -> None:
    service = directory(checked(days), hide).service("line")
    assert service is not None and not service.stale
    assert "check_due" not in service.as_card(NOW)
    assert "hecked" not in service_line(service.as_card(NOW))


def test_a_stale_entry_is_marked_on_the_card_and_by_text() -> None:
    service = directory(checked(91)).service("line")
    assert service is not None
    card = service.as_card(NOW)
    assert (card["check_due"], card["last_checked"]) == (True, "2026-08-25")
    assert service_line(card).endswith("Last checked 25 Aug 2026.")
    assert all("Last checked 25 Aug 2026" in line for line in short_lines(card)[:1])
    assert segments(service_line(card)) <= 2


def test_a_stale_entry_is_hidden_everywhere_where_that_is_the_setting() -> None:
    hidden = directory(checked(91), hide=True)
    assert hidden.service("line") is None
    assert hidden.signposts("topic") == []
    assert (hidden.phone("line"), hidden.name("line"), hidden.hours_sentence("line")) == (None, None, "")


@pytest.mark.parametrize("hide", [False, True])
def test_what_was_never_checked_follows_its_own_setting(hide: bool) -> None:
    shown = directory(PLAIN, hide, show_unchecked=True).service("line")
    assert shown is not None and not shown.stale
    assert directory(PLAIN, hide, show_unchecked=False).service("line") is None


def test_the_plain_page_says_that_it_may_have_changed() -> None:
    page = template()
    drawn = {days: _drawn(page, checked(days)) for days in (10, 91)}
    assert "It may have changed since." not in drawn[10]
    assert "25 August 2026. It may have changed since." in drawn[91]


def _drawn(page: jinja2.Template, service: Service) -> str:
    shown = directory(service).service("line")
    assert shown is not None
    return str(page.module.service(shown.as_card(NOW)))  # type: ignore[attr-defined]


def test_the_page_with_script_says_the_same() -> None:
    assert "It may have changed since." in Path(ROOT / "web" / "view.js").read_text(encoding="utf-8")


def test_the_settings_are_what_they_say() -> None:
    assert (load({}).check_due_days, load({}).stale_entries) == (90, "mark")
    assert load({"STALE_ENTRIES": "hide", "CHECK_DUE_DAYS": "30"}).stale_entries == "hide"
    for wrong in ({"STALE_ENTRIES": "sometimes"}, {"CHECK_DUE_DAYS": "0"}):
        with pytest.raises(SettingsError):
            load(wrong)


def test_the_last_good_day_is_counted_in_days() -> None:
    assert Freshness(90).last_good_day(date(2026, 11, 24)) == date(2026, 8, 26)
