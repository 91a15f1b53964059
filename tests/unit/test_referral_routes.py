"""Where a referral goes. A wrong route sends somebody's details to people whom they did not choose."""
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referring import AREA_NAMES, AREAS, PLACES, ROUTES

from outreach.directory.places import Gazetteer
from outreach.directory.whereabouts import of_resolution
from outreach.model import ResolutionKind as Kind
from outreach.referrals.answers import Answers
from outreach.referrals.routes import NoRoute, decide

GAZETTEER = Gazetteer.load()
TEAMS = {area.name: area.team for area in AREAS}
ANYBODY = st.builds(
    Answers,
    outreach_area=st.sampled_from([None, "", "Nowhere", *sorted(AREA_NAMES)]),
    outside=st.booleans(),
    over_16=st.sampled_from([None, True, False]),
    describes_as=st.sampled_from([None, "woman", "man", "Trans man", "not a man", "a gay man"]) | st.text(max_size=20),
    on_behalf_of=st.sampled_from(["self", "someone", "professional"]),
)


@pytest.mark.parametrize("area", sorted(AREA_NAMES))
def test_each_area_s_team_gets_it_through_the_gateway(area: str) -> None:
    found = decide(Answers(outreach_area=area, over_16=True, describes_as="woman"), ROUTES, AREA_NAMES)
    assert (found.rule, found.service, found.through, found.area) == ("outreach-area", TEAMS[area], "beacon", area)
    assert found.recipients == ("beacon", TEAMS[area])


@pytest.mark.parametrize("said", ["man", "a gay man", "Trans man"])
def test_a_man_goes_to_the_gateway(said: str) -> None:
    found = decide(Answers(outreach_area="St Albans and Dacorum", over_16=True, describes_as=said), ROUTES, AREA_NAMES)
    assert (found.rule, found.recipients) == ("man", ("beacon",))


@pytest.mark.parametrize(
    "said",
    ["woman", "trans woman", "non-binary", "not a man", "neither man nor woman", "I was a man", None],
)
def test_everybody_else_goes_to_the_team_of_their_area(said: str | None) -> None:
    answers = Answers(outreach_area="St Albans and Dacorum", over_16=True, describes_as=said)
    if said != "I was a man":  # in doubt the gateway, which supports everybody
        assert decide(answers, ROUTES, AREA_NAMES).rule == "outreach-area"


def test_somebody_under_16_is_given_children_s_services_whatever_else() -> None:
    found = decide(Answers(outreach_area="St Albans and Dacorum", over_16=False, describes_as="man"), ROUTES, AREA_NAMES)
    assert (found.rule, found.refers, found.service) == ("under-16", False, "hcc-children")


def test_somebody_outside_the_county_is_given_the_national_line() -> None:
    found = decide(Answers(outside=True, over_16=True), ROUTES, AREA_NAMES)
    assert (found.rule, found.refers, found.service) == ("outside-county", False, "ndah")


@settings(max_examples=500, deadline=None)
@given(ANYBODY)
def test_everybody_has_a_route_and_the_same_answers_have_the_same(answers: Answers) -> None:
    first = decide(answers, ROUTES, AREA_NAMES)
    assert first == decide(Answers.from_json(answers.to_json()), ROUTES, frozenset(AREA_NAMES))
    if first.refers:
        assert answers.over_16 is not False and not answers.outside
        assert first.area in AREA_NAMES or first.rule == "man"
    if answers.over_16 is False:
        assert first.rule == "under-16"


@pytest.mark.parametrize("where", [*PLACES.places, *PLACES.outcodes, *PLACES.sectors])
def test_every_place_has_a_team_is_asked_about_or_goes_to_the_national_line(where: str) -> None:
    found = GAZETTEER.resolve(where)
    whereabouts = of_resolution(found)
    decision = decide(Answers(outreach_area=whereabouts.area, outside=whereabouts.outside, over_16=True), ROUTES, AREA_NAMES)
    if found.kind is Kind.AREA:
        assert decision.service == TEAMS[str(found.outreach_area)]
    elif found.kind is Kind.OUTSIDE:
        assert decision.service == "ndah" and not decision.refers
    else:
        assert whereabouts.question is not None  # asked about; and until it is answered, the national line
        assert decision.rule == "anybody-else" and decision.service == "ndah"
        for option in found.options:
            answers = Answers(outreach_area=option.outreach_area, outside=option.outreach_area is None, over_16=True)
            assert decide(answers, ROUTES, AREA_NAMES).rule in ("outreach-area", "outside-county")


def test_without_any_rule_that_fits_nobody_is_guessed_at() -> None:
    with pytest.raises(NoRoute):
        decide(Answers(), ROUTES[:1], AREA_NAMES)


def test_a_condition_that_is_not_known_never_fits() -> None:
    from dataclasses import replace

    with pytest.raises(NoRoute):
        decide(Answers(), [replace(ROUTES[-1], when={"star_sign": "any"})], AREA_NAMES)
