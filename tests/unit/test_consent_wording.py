"""The words that people agree to: once published they never change, and every channel's say all that was promised."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from outreach.referrals.consent import wording_version
from outreach.referrals.consent_wording import CurrentConsent
from outreach.settings import ROOT, load
from outreach.sms import alphabet

FILE = ROOT / "content" / "consent.yml"
# What each published version's words come to. Whoever wants other words adds a version, and a line here.
PUBLISHED = {
    ("1", "web"): "8b665ba9104a", ("1", "sms"): "de425082c345",
    ("2", "web"): "8b665ba9104a", ("2", "sms"): "182ea5081455",
}


def versions() -> dict[str, dict[str, str]]:
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8"))["versions"])


@pytest.mark.parametrize("version, channel", PUBLISHED)
def test_a_published_wording_is_never_changed(version: str, channel: str) -> None:
    assert wording_version(versions()[version][channel].strip()) == PUBLISHED[version, channel]


def test_every_published_wording_stands_in_the_list_above() -> None:
    assert {(version, channel) for version, held in versions().items() for channel in ("web", "sms") if held[channel]} == set(PUBLISHED)


@pytest.mark.parametrize("channel", ["web", "sms"])
def test_the_version_names_the_exact_words(channel: str) -> None:
    current = CurrentConsent.load(channel)
    assert current.version == f"2-{channel}-{wording_version(current.text)}"
    assert wording_version(current.text) != wording_version(current.text + ".")


@pytest.mark.parametrize("channel", ["web", "sms"])
def test_it_says_all_that_was_promised(channel: str) -> None:
    words = CurrentConsent.load(channel).text.lower()
    days = str(load().referral_retention_days)
    for promised in ("outreach team", "crime", "sealed", f"{days} days", "reference", "999", "risk of serious harm", "man", "yes"):
        assert promised in words, promised
    if channel == "web":
        for promised in ("under 16", "outside the county", "emergencies", "take this back at any time", "the team is told"):
            assert promised in words, promised


def test_a_text_has_two_segments_and_begins_with_nothing_telling() -> None:
    words = CurrentConsent.load("sms").text
    assert alphabet.clean(words) == words, "in the alphabet of texts"
    assert len(words) <= 306
    first = words.splitlines()[0].lower()
    assert not [each for each in ("abuse", "crime", "outreach", "team", "support") if each in first]


def test_a_missing_wording_is_an_error_and_not_silence(tmp_path: Path) -> None:
    broken = tmp_path / "consent.yml"
    broken.write_text('current: "2"\nversions: {"1": {web: x}}\n', encoding="utf-8")
    with pytest.raises(KeyError):
        CurrentConsent.load("web", broken)
