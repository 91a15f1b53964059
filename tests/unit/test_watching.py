"""What may be seen of the running product: closed labels, counts that are held back, and alerts that fit what is there."""
from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import yaml
from prometheus_client import CollectorRegistry
from referring import START, House, sqlite

from channels.watching import failing_safety, watch
from outreach.adapters.backlog import Backlogs
from outreach.adapters.database import service, wording
from outreach.adapters.deliverer_metrics import DelivererMetrics
from outreach.adapters.metrics import ErrorCounter, Metrics
from outreach.adapters.metrics_server import serve
from outreach.referrals.states import State
from outreach.settings import ROOT, load
from outreach.understanding.catalogue import CATALOGUE
from outreach.watching import labels
from outreach.watching.backlog import HOUR, SOON, age
from outreach.watching.held import Held

HELD = timedelta(minutes=60)


class Clock:
    """Seconds since the epoch, at the beginning of an hour of `START`'s day."""

    def __init__(self) -> None:
        self.now = START.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    return Metrics(HELD, clock)


def value(registry: CollectorRegistry, name: str, **named: str) -> float | None:
    return registry.get_sample_value(name, named)


# Held back


def test_a_held_count_shows_nothing_until_the_hour_is_over(clock: Clock) -> None:
    held = Held([("danger",)], HELD, clock)
    for _ in range(7):
        held.add(("danger",))
    clock.now += 3599
    assert held.shown() == {("danger",): 0}
    clock.now += 1
    assert held.shown() == {("danger",): 5}


def test_a_held_count_of_four_shows_nothing_however_long_it_waits(clock: Clock) -> None:
    held = Held([("danger",), ("exit",)], HELD, clock)
    for _ in range(4):
        held.add(("danger",))
        clock.now += 86_400
        assert held.shown()[("danger",)] == 0
    held.add(("danger",))
    assert held.shown() == {("danger",): 0, ("exit",): 0}
    clock.now += 3600
    assert held.shown() == {("danger",): 5, ("exit",): 0}


def test_what_is_counted_after_the_hour_comes_out_with_the_next_one_even_when_nobody_looked(clock: Clock) -> None:
    held = Held([("danger",)], HELD, clock)
    for _ in range(5):
        held.add(("danger",))
    clock.now += 3600
    for _ in range(5):
        held.add(("danger",))
    assert held.shown() == {("danger",): 5}


def test_a_clock_that_is_set_back_never_takes_a_held_count_down(clock: Clock) -> None:
    held = Held([("danger",)], HELD, clock)
    for _ in range(10):
        held.add(("danger",))
    clock.now += 3600
    assert held.shown() == {("danger",): 10}
    clock.now -= 7200
    assert held.shown() == {("danger",): 10}


def test_nothing_is_held_that_was_not_named_at_the_beginning(clock: Clock) -> None:
    with pytest.raises(KeyError):
        Held([("danger",)], HELD, clock).add(("somebody's name",))


def test_danger_and_leaving_are_held_back_in_the_metrics(metrics: Metrics, clock: Clock) -> None:
    danger = {"intent": {"name": "immediate_danger", "found_by": "a-knife"}}
    for _ in range(6):
        metrics.understood(danger, pressed=False)
        metrics.left("sms", labels.BY_WORD)
    cell = {"intent": "immediate_danger", "found_by": "matcher"}
    assert value(metrics.registry, "outreach_safety_total", **cell) == 0
    clock.now += 3600
    assert value(metrics.registry, "outreach_safety_total", **cell) == 5
    assert value(metrics.registry, "outreach_left_total", channel="sms", door="word") == 5


# Labels


def test_every_label_of_every_metric_is_there_from_the_beginning_and_no_other_comes(metrics: Metrics) -> None:
    def cells() -> set[tuple[str, tuple[tuple[str, str], ...]]]:
        return {
            (sample.name, tuple(sorted(sample.labels.items())))
            for family in metrics.registry.collect() for sample in family.samples if not family.name.startswith("process")
        }  # fmt: skip

    metrics.looked_at([])
    before = cells()
    said = "Ermintrude Quillfeather +447400998877 Hitchin"
    metrics.turn_over("web", [said, None], 0.1)
    metrics.understood({"intent": {"name": said, "found_by": said}}, pressed=False)
    metrics.answered_request(f"/{said}", 418)
    metrics.answered_request("/chat/exit", 303)
    metrics.error(said)
    metrics.looked_at([said])
    assert cells() == before


@pytest.mark.parametrize("responses, outcome", [
    (["utter_ask_refuge"], "answered"), ([None], "answered"), (["utter_immediate_danger"], "answered"),
    (["utter_not_understood"], "not_understood"), (["utter_not_understood_again"], "not_understood"),
    (["utter_out_of_scope"], "out_of_scope"), (["utter_ask_refuge", "utter_static_fallback"], "fixed_reply"),
])  # fmt: skip
def test_a_turn_has_the_outcome_of_what_was_said(responses: list[str | None], outcome: str) -> None:
    assert labels.outcome_of(responses) == outcome


@pytest.mark.parametrize("intent", CATALOGUE)
def test_only_safety_is_counted_by_intent(intent: str) -> None:
    found = labels.safety_of({"intent": {"name": intent}}, pressed=False)
    safety = intent in ("immediate_danger", "child_at_risk", "suicidal_or_self_harm", "quick_exit")
    assert found == ((intent, "classifier") if safety else None)


def test_what_found_danger_is_told_apart() -> None:
    intent = {"name": "immediate_danger", "found_by": "a-knife"}
    assert labels.safety_of({"intent": intent}, pressed=False) == ("immediate_danger", "matcher")
    assert labels.safety_of({"intent": {"name": "immediate_danger"}}, pressed=True) == ("immediate_danger", "button")
    assert labels.safety_of(None, pressed=False) is None


def test_leaving_by_the_page_has_no_status_of_its_own() -> None:
    assert {labels.status_of(status) for status in (200, 204, 303)} == {"ok"}
    assert (labels.status_of(429), labels.status_of(502)) == ("429", "other")


def test_an_error_in_the_log_is_counted_by_its_class_alone(metrics: Metrics) -> None:
    logger = logging.Logger("channels.turns")
    logger.addHandler(ErrorCounter(metrics))
    logger.error("a turn failed: %s", "OperationalError")
    logger.error("a turn failed: %s", "QuillfeatherError")
    logger.warning("a notice was not taken: %s", "OperationalError")
    assert value(metrics.registry, "outreach_errors_total", error="OperationalError") == 1
    assert value(metrics.registry, "outreach_errors_total", error="other") == 1
    assert "Quillfeather" not in str([each.samples for each in metrics.registry.collect()])


def test_the_parts_that_fail_are_at_nothing(metrics: Metrics) -> None:
    metrics.looked_at(["actions", "safety"])
    found = {part: value(metrics.registry, "outreach_part_ready", part=part) for part in labels.PARTS}
    assert found == {"understanding": 1, "content": 1, "database": 1, "actions": 0, "safety": 0}


class Agent:
    """Understands every sentence alike."""

    def __init__(self, intent: dict[str, str] | Exception) -> None:
        self.intent = intent

    async def parse_message(self, text: str) -> dict[str, Any]:
        if isinstance(self.intent, Exception):
            raise self.intent
        return {"intent": self.intent}


@pytest.mark.parametrize("intent, fails", [
    ({"name": "immediate_danger", "found_by": "a-knife"}, False), ({"name": "immediate_danger"}, True),
    ({"name": "ask_refuge", "found_by": "a-knife"}, True), ({}, True), (RuntimeError("no model"), True),
])  # fmt: skip
def test_safety_fails_unless_a_pattern_finds_danger(intent: dict[str, str] | Exception, fails: bool) -> None:
    assert asyncio.run(failing_safety(Agent(intent))) == (["safety"] if fails else [])


class App:
    """What of Sanic's app the listener needs."""

    def __init__(self) -> None:
        self.ctx = SimpleNamespace(agent=None)
        self.listeners: list[Any] = []
        self.tasks: list[Any] = []

    def register_listener(self, listener: Any, event: str) -> None:
        assert event == "after_server_start"
        self.listeners.append(listener)

    def add_task(self, task: Any) -> None:
        self.tasks.append(task)
        task.close()


def test_an_assistant_whose_port_for_metrics_is_taken_goes_on_without(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        app, settings = App(), load({"METRICS_PORT": str(taken.getsockname()[1])})
        watch(app, settings, "1", "model")
        asyncio.run(app.listeners[0](app, None))
    logging.getLogger().handlers = [each for each in logging.getLogger().handlers if not isinstance(each, ErrorCounter)]
    assert app.tasks == [] and "metrics can't be served: OSError" in caplog.text


def test_without_a_port_nothing_is_served_or_looked_at() -> None:
    app = App()
    watch(app, load({}), "1", "model")
    assert app.listeners == []


# What waits


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(sqlite(tmp_path), told=True)


@pytest.fixture
def shown(house: House, clock: Clock) -> DelivererMetrics:
    """The deliverer's metrics of a house whose clock they share."""
    house.clock.now = START
    backlogs = Backlogs(house.engine, 2, 90, house.clock)
    return DelivererMetrics(backlogs.now, HELD, lambda: house.clock().timestamp())


def waiting(shown: DelivererMetrics) -> dict[str, float]:
    """The samples about referrals that have no label."""
    return {
        sample.name.removeprefix("outreach_referrals_"): sample.value
        for family in shown.registry.collect() for sample in family.samples
        if sample.name.startswith("outreach_referrals_") and not sample.labels
    }  # fmt: skip


def test_a_referral_that_goes_through_is_never_seen_and_one_that_is_stuck_is(house: House, shown: DelivererMetrics) -> None:
    house.submit()
    assert set(waiting(shown).values()) == {0}
    house.clock.pass_by(minutes=4)
    assert set(waiting(shown).values()) == {0}
    house.clock.pass_by(minutes=12)
    assert waiting(shown)["undelivered_oldest_seconds"] == 900
    house.deliverer.deliver_due()
    house.clock.pass_by(minutes=1)
    assert waiting(shown)["undelivered_oldest_seconds"] == 0


def test_a_team_that_takes_no_notice_is_seen(house: House, shown: DelivererMetrics) -> None:
    house.receiver.fails = lambda: True
    house.submit()
    house.deliverer.deliver_due()
    assert set(waiting(shown).values()) == {0}
    house.clock.pass_by(minutes=61)
    found = waiting(shown)
    assert (found["untold_oldest_seconds"], found["receivers_failing"], found["undelivered_oldest_seconds"]) == (3600, 1, 0)


def test_a_referral_that_nobody_deals_with_ages_by_the_hour_and_is_overdue_when_the_console_says_so(
    house: House, shown: DelivererMetrics
) -> None:
    house.submit()
    house.deliverer.deliver_due()
    house.clock.pass_by(minutes=119)
    assert waiting(shown)["unacknowledged_oldest_seconds"] == 3600
    for _ in range(8):
        house.clock.pass_by(days=1)
        (worked,) = house.work.open_ones(None)
        assert waiting(shown)["overdue"] == (1 if worked.overdue(2, house.clock()) else 0)
    assert waiting(shown)["overdue"] == 1
    (worked,) = house.work.open_ones(None)
    house.work.add_attempt(worked.referral.id, worked.revision, house.clock(), b"sealed", "kim", house.clock())
    house.clock.pass_by(minutes=1)
    found = waiting(shown)
    assert (found["overdue"], found["unacknowledged_oldest_seconds"]) == (0, 0)


def test_referrals_by_state_are_held_back_and_in_fives(house: House, shown: DelivererMetrics) -> None:
    def queued() -> float | None:
        return value(shown.registry, "outreach_referrals", state="queued")

    assert queued() == 0
    for _ in range(6):
        house.submit()
    house.clock.pass_by(minutes=59)
    assert queued() == 0
    house.clock.pass_by(minutes=1)
    assert queued() == 5
    assert {state.value for state in State} - {"draft", "consented"} == {
        sample.labels["state"] for family in shown.registry.collect() for sample in family.samples
        if sample.name == "outreach_referrals"
    }  # fmt: skip


def test_the_age_of_content_and_drafts_are_seen(house: House, shown: DelivererMetrics) -> None:
    rows = [("a", "active", date(2026, 8, 1)), ("b", "active", date(2026, 11, 1)), ("c", "active", None), ("d", "hold", date(2020, 1, 1))]
    with house.engine.begin() as connection:
        for position, (key, status, day) in enumerate(rows):
            connection.execute(sa.insert(service).values(
                key=key, position=position, document={}, kind="helpline", status=status, name=key, assured_date=day,
            ))  # fmt: skip
        for version, status in enumerate(("published", "draft", "in_review", "dropped")):
            connection.execute(sa.insert(wording).values(key="k", channel="any", version=version, text="x", status=status))
    found = {
        name: value(shown.registry, f"outreach_services_{name}") for name in ("oldest_check_days", "check_due", "never_checked")
    }
    assert found == {"oldest_check_days": 111, "check_due": 1, "never_checked": 1}
    assert value(shown.registry, "outreach_drafts", of="wording") == 2
    assert value(shown.registry, "outreach_drafts", of="service") == 0


def test_the_database_is_asked_at_most_twice_a_minute_and_may_be_away(clock: Clock) -> None:
    asked = []

    def read() -> object:
        asked.append(clock())
        raise ConnectionError("at a place with a password")

    shown = DelivererMetrics(read, HELD, clock)  # type: ignore[arg-type]
    for _ in range(10):
        assert value(shown.registry, "outreach_backlog_read") == 0
        clock.now += 5
    assert len(asked) == 2
    assert not [family.name for family in shown.registry.collect() if family.name.startswith("outreach_referrals")]


def test_a_round_that_failed_does_not_count_as_the_last_one(clock: Clock) -> None:
    shown = DelivererMetrics(lambda: 1 / 0, HELD, clock)  # type: ignore[arg-type, return-value]
    shown.round_over(True)
    clock.now += 10
    shown.round_over(False)
    assert value(shown.registry, "outreach_deliverer_round_timestamp_seconds") == clock.now - 10
    assert value(shown.registry, "outreach_deliverer_rounds_total", ok="no") == 1


def test_an_age_is_in_whole_steps_and_never_below_nothing() -> None:
    assert [age(START - timedelta(seconds=s), START, SOON) for s in (0, 299, 300, 899, 900)] == [0, 0, 300, 600, 900]
    assert age(None, START, HOUR) == 0 and age(START + HOUR, START, HOUR) == 0


# Served


@pytest.fixture
def address(metrics: Metrics) -> Iterator[str]:
    server = serve(metrics.registry, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_metrics_are_at_one_address_alone(address: str) -> None:
    answer = httpx.get(f"{address}/metrics")
    assert answer.status_code == 200 and "outreach_turns_total" in answer.text and "_created" not in answer.text
    assert {httpx.get(f"{address}{path}").status_code for path in ("/", "/metrics/x", "/chat", "/favicon.ico")} == {404}
    assert httpx.post(f"{address}/metrics", content=b"x").status_code == 404


# The alerts, the dashboard and the page about them

ALERTS = ROOT / "deploy" / "watching" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "watching" / "dashboard.json"
PAGE = ROOT / "docs" / "watching.md"
METRIC = re.compile(r"\b(?:outreach|process)_[a-z_]+\b")
# Names in labels that look like metrics, and what Prometheus itself calls the parts of a histogram.
PARTS_OF_HISTOGRAMS = re.compile(r"_(?:bucket|count|sum)$")


def samples() -> dict[str, set[str]]:
    """The names of every sample that is served, with the names of its labels."""
    assistant, waits = Metrics(), DelivererMetrics(_nothing_waits, HELD)
    assistant.looked_at([])
    assistant.built_from("1", "x")
    found: dict[str, set[str]] = {}
    for registry in (assistant.registry, waits.registry):
        for family in registry.collect():
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def _nothing_waits():  # type: ignore[no-untyped-def]
    from outreach.watching.backlog import Backlog

    return Backlog({}, None, None, 0, None, 0, 0, 0, 0, {"service": 0, "wording": 0})


def expressions() -> list[str]:
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_metric_of_an_alert_or_the_dashboard_exists_with_its_labels() -> None:
    there = samples()
    for expression in expressions():
        named = METRIC.findall(re.sub(r'"[^"]*"', '""', expression))
        assert named or "up{" in expression, expression
        assert [name for name in named if name not in there] == [], expression
        for name, inside in re.findall(r"(outreach_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*[=!]", inside)) <= there[name], expression
        for by in re.findall(r"by \(([^)]*)\)", expression):
            assert {each.strip() for each in by.split(",")} <= set().union(*(there[name] for name in named)), expression


def test_a_value_that_an_alert_asks_for_can_be_there() -> None:
    asked = [v for expression in expressions() for v in re.findall(r'status!?="([^"]*)"', expression)]
    assert asked and set(asked) <= set(labels.STATUSES)


def test_the_page_tells_of_every_metric_label_and_alert_and_of_no_other() -> None:
    text = PAGE.read_text(encoding="utf-8")
    served = {PARTS_OF_HISTOGRAMS.sub("", name) for name in samples() if name.startswith("outreach_")}
    assert set(re.findall(r"^\| `(outreach_\w+)` \|", text, re.MULTILINE)) == served
    assert set(re.findall(r"`(Outreach[A-Z]\w+)`", text)) == {
        rule["alert"] for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
    }
    for value_told in (*labels.OUTCOMES, *labels.CAUSES, *labels.FOUND_BY, *labels.DOORS, *labels.ENTRANCES, "safety"):
        assert f"`{value_told}`" in text, value_told


def test_every_alert_says_how_urgent_it_is_and_what_it_means() -> None:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("page", "warn") and len(rule["annotations"]["summary"]) > 20, rule["alert"]
