"""Where somebody is. A wrong area sends somebody's details to the wrong team."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.content.place_files import read_places
from outreach.directory.places import Gazetteer
from outreach.model import ResolutionKind as Kind
from outreach.settings import ROOT

GAZETTEER = Gazetteer.load()
CONTENT = read_places(ROOT / "content")
ASKING = [*CONTENT.places.values(), *CONTENT.outcodes.values()]
TITLES = sorted({title for document in ASKING for title, district in document["options"] if district})
NAMES = [*CONTENT.places, *CONTENT.outcodes, *CONTENT.districts]


def names(text: str) -> list[str]:
    return [mention.value for mention in GAZETTEER.mentions(text)]


@pytest.mark.parametrize("place", list(CONTENT.places))
def test_every_place_resolves_is_asked_about_or_is_outside(place: str) -> None:
    rule = CONTENT.places[place]["rule"]
    expected = {"area": Kind.AREA, "ask": Kind.AMBIGUOUS, "outside": Kind.OUTSIDE, "county": Kind.COUNTY}[rule]
    found = GAZETTEER.resolve(place)
    assert found.kind is expected
    if expected is Kind.AREA:
        assert found.districts
        assert found.outreach_area == CONTENT.districts[found.districts[0]]["outreach_area"]
    if expected is Kind.AMBIGUOUS:
        assert 2 <= len(found.options) <= 5
    as_answer = GAZETTEER.resolve(place.lower(), whole_answer=True)
    assert as_answer.kind is expected or (as_answer.kind is Kind.SUGGEST and as_answer.suggestions == (place,))


@pytest.mark.parametrize("code", [*CONTENT.outcodes, *CONTENT.sectors])
def test_every_postcode_resolves_is_asked_about_or_is_outside(code: str) -> None:
    document = CONTENT.sectors.get(code) or CONTENT.outcodes[code]
    expected = {"area": Kind.AREA, "ask": Kind.AMBIGUOUS}.get(document["rule"]) or Kind(document["rule"])
    found = GAZETTEER.resolve(code)
    assert found.kind is expected
    assert GAZETTEER.resolve(code.lower(), whole_answer=True).kind is expected
    together = code.replace(" ", "")
    if together == code or together not in CONTENT.outcodes:  # "SG13" is the outcode, not SG1 3
        assert GAZETTEER.resolve(together.lower(), whole_answer=True).kind is expected
    if expected is Kind.AMBIGUOUS:
        assert len(found.options) >= 2


@pytest.mark.parametrize("outcode", ["SG3", "SG8", "WD4", "WD25", "AL6"])
def test_these_are_never_resolved_from_the_outcode_alone(outcode: str) -> None:
    assert GAZETTEER.resolve(f"I live in {outcode}").kind is Kind.AMBIGUOUS


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=string.ascii_letters + string.digits + " '’.,-/£é\n", max_size=60), st.booleans())
def test_no_words_make_it_fail(text: str, whole_answer: bool) -> None:
    found = GAZETTEER.resolve(text, whole_answer)
    assert isinstance(found.kind, Kind)
    for mention in GAZETTEER.mentions(text):
        assert text[mention.start : mention.end] == mention.text


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(["{}", "i live in {}", "{} pls", "near {}?"]))
def test_a_name_in_a_few_words_is_never_taken_for_another_area(name: str, frame: str) -> None:
    plain, framed = GAZETTEER.resolve(name), GAZETTEER.resolve(frame.format(name), whole_answer=True)
    if framed.kind is Kind.AREA and plain.kind is Kind.AREA:
        assert framed.outreach_area == plain.outreach_area
    assert (framed.kind is Kind.OUTSIDE) == (plain.kind is Kind.OUTSIDE)


@pytest.mark.parametrize("title", TITLES)
def test_an_option_sent_back_is_understood(title: str) -> None:
    assert GAZETTEER.resolve(title, whole_answer=True).kind is Kind.AREA


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i live in welwyn garden city", ["Welwyn Garden City"]),
        ("Welwyn", ["Welwyn"]),
        ("London Colney", ["London Colney"]),
        ("I'm in Hatfield Heath", ["Hatfield Heath"]),
        ("I'm in Hertfordshire", ["Hertfordshire"]),
        ("BISHOP’S STORTFORD", ["Bishop's Stortford"]),
        ("bishops stortford", ["Bishop's Stortford"]),
        ("St. Albans or saint albans", ["St Albans", "St Albans"]),
        ("St.Albans", ["St Albans"]),
        ("Watton-at-Stone", ["Watton-at-Stone"]),
        ("Watford's refuge", ["Watford"]),
        ("I live in Ware", ["Ware"]),
        ("the house on St Albans Road", []),
        ("North Herts council", ["North Herts"]),
        ("sg13 8, or AL1 3XY", ["SG13 8", "AL1 3"]),
        ("my postcode is sg138ab", ["SG13 8"]),
        ("I'm in AL1 with my 3 kids", ["AL1"]),
    ],
)
def test_names_are_found_in_running_text(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "he is nasty to me", "how would I leave", "how wood i leave", "I don't know ware to go", "are you aware",
        "Where do I go", "I read the letter", "Reed said no", "we ate barley soup", "the ridge of my nose",
        "may as well end it", "Ricky hits me", "he was on the park street corner", "my ex Preston hit me", "the M25 is near",
        "Norton antivirus", "I saw AL 3 times", "B12 tablets",
    ],
)  # fmt: skip
def test_ordinary_words_are_no_places(text: str) -> None:
    assert names(text) == []
    assert GAZETTEER.resolve(text).kind is Kind.UNKNOWN


@pytest.mark.parametrize("name", ["Nasty", "Reed", "Barley", "Ridge", "How Wood", "Park Street"])
def test_a_place_that_is_an_ordinary_word_is_offered_and_then_confirmed(name: str) -> None:
    offered = GAZETTEER.resolve(name.lower(), whole_answer=True)
    assert (offered.kind, offered.suggestions) == (Kind.SUGGEST, (name,))
    assert GAZETTEER.resolve(offered.suggestions[0]).kind is Kind.AREA


def test_ware_is_taken_as_a_whole_answer() -> None:
    assert GAZETTEER.resolve("ware", whole_answer=True).outreach_area == "East Herts and Broxbourne"
    assert GAZETTEER.resolve("I live in ware", whole_answer=True).place == "Ware"


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("Bushey", "Welwyn Hatfield and Hertsmere"),
        ("Great Ashby", "North Herts and Stevenage"),
        ("Markyate", "St Albans and Dacorum"),
        ("AL3 8", "St Albans and Dacorum"),
        ("AL2", "St Albans and Dacorum"),
        ("SG2 8", "North Herts and Stevenage"),
        ("WD25 8", "Welwyn Hatfield and Hertsmere"),
        ("Leavesden", "Watford and Three Rivers"),
        ("Little Berkhamsted", "East Herts and Broxbourne"),
        ("Berko", "St Albans and Dacorum"),
        ("SG1 3", "North Herts and Stevenage"),
        ("AL13", "St Albans and Dacorum"),
        ("Hertford, Herts", "East Herts and Broxbourne"),
        ("Fleetville, St Albans", "St Albans and Dacorum"),
        ("Knebworth SG3", "North Herts and Stevenage"),
        ("High Cross near Ware", "East Herts and Broxbourne"),
        ("Gilston, CM20", "East Herts and Broxbourne"),
        ("Watford near London", "Watford and Three Rivers"),
        ("Dacorum", "St Albans and Dacorum"),
    ],
)
def test_the_outreach_area_is(text: str, area: str) -> None:
    assert GAZETTEER.resolve(text).outreach_area == area


@pytest.mark.parametrize("text", ["Kings Langley", "Burnham Green", "SG13", "AL4 8", "High Cross", "Garden City", "CM20 2"])
def test_what_is_in_two_areas_is_asked_about(text: str) -> None:
    found = GAZETTEER.resolve(text, whole_answer=True)
    assert found.kind is Kind.AMBIGUOUS
    assert len({option.outreach_area for option in found.options}) > 1


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ("Harlow", "Harlow (Essex)"), ("cm19", "Harlow (Essex)"), ("SG5 4", "Central Bedfordshire"), ("London", "London"),
        ("MK40", None), ("W1A 1AA", None), ("Watford Gap", "Northamptonshire"),
    ],
)  # fmt: skip
def test_outside_is_outside(text: str, elsewhere: str | None) -> None:
    found = GAZETTEER.resolve(text)
    assert (found.kind, found.elsewhere) == (Kind.OUTSIDE, elsewhere)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Hodesdon", "Hoddesdon"), ("Berkhampsted", "Berkhamsted"), ("letchwerth", "Letchworth Garden City"),
     ("stevanage", "Stevenage"), ("i live in watfrod", "Watford"), ("Hemel Hempsted", None), ("rickmansorth", "Rickmansworth")],
)  # fmt: skip
def test_a_misspelt_answer_is_suggested_and_never_assumed(written: str, meant: str | None) -> None:
    found = GAZETTEER.resolve(written, whole_answer=True)
    if meant is None:  # a spelling that staff have listed
        assert found.kind is Kind.AREA
    else:
        assert (found.kind, found.place) == (Kind.SUGGEST, meant)
    assert GAZETTEER.resolve(f"{written} something else entirely").kind in (Kind.UNKNOWN, Kind.AREA)


def test_obsolete_and_po_box_codes_are_told_apart() -> None:
    assert GAZETTEER.resolve("WD1").kind is Kind.OBSOLETE
    assert GAZETTEER.resolve("WD99").kind is Kind.NOT_A_PLACE
    assert GAZETTEER.resolve("AL11").kind is not Kind.OUTSIDE


def test_two_towns_of_different_areas_are_asked_about() -> None:
    found = GAZETTEER.resolve("we live in Hitchin, I work in Watford")
    assert found.kind is Kind.AMBIGUOUS
    assert [option.title for option in found.options] == ["Hitchin", "Watford"]
