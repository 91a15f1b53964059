"""The audit only grows, holds nothing that is not declared, and shows where somebody has tampered with it."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters.audit_log import AuditLog, Wanted
from outreach.adapters.database import connect, migrate, writing
from outreach.audit.actions import ACTIONS, NotDeclared


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = connect(database_url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def log(engine: Engine) -> AuditLog:
    log = AuditLog(engine)
    for number in range(5):
        log.record("dee", "service.assured", f"helpline-{number}", {"assurer": None}, {"assurer": "Dee"})
    return log


def tamper(engine: Engine, statement: str) -> None:
    """As somebody would who can write to the file: the triggers are taken off first."""
    sqlite = engine.dialect.name == "sqlite"
    with writing(engine) as connection:
        for trigger in ("audit_no_update", "audit_no_delete") if sqlite else ("audit_only_grows ON audit",):
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.exec_driver_sql(statement)


def test_a_chain_that_nobody_touched_holds(log: AuditLog) -> None:
    checked = log.verify()
    assert checked.holds and checked.rows == 5


def test_an_empty_audit_holds(engine: Engine) -> None:
    assert AuditLog(engine).verify().holds


@pytest.mark.parametrize("statement", ["UPDATE audit SET subject = 'other'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_or_delete(log: AuditLog, engine: Engine, statement: str) -> None:
    with pytest.raises(sa.exc.DatabaseError, match="only grows"), writing(engine) as connection:
        connection.exec_driver_sql(statement)
    assert log.verify().rows == 5


@pytest.mark.parametrize(("statement", "row"), [
    ("UPDATE audit SET after = '{\"assurer\":\"Mallory\"}' WHERE number = 3", 3),
    ("UPDATE audit SET before = NULL WHERE number = 2", 2),
    ("UPDATE audit SET by = 'mallory' WHERE number = 1", 1),
    ("UPDATE audit SET at = '2020-01-01T00:00:00.000000+00:00' WHERE number = 5", 5),
    ("DELETE FROM audit WHERE number = 3", 3),
    ("DELETE FROM audit WHERE number = 1", 1),
    ("DELETE FROM audit WHERE number = 5", 5),
    ("DELETE FROM audit", 1),
    ("INSERT INTO audit SELECT 6, at, by, action, subject, before, after, hash, hash FROM audit WHERE number = 5", 6),
    ("INSERT INTO audit SELECT 0, at, by, action, subject, before, after, previous, hash FROM audit WHERE number = 1", 1),
    ("UPDATE audit SET number = 9 WHERE number = 4", 4),
])
def test_the_first_row_that_was_changed_removed_or_put_in_is_found(
    log: AuditLog, engine: Engine, statement: str, row: int
) -> None:
    tamper(engine, statement)
    checked = log.verify()
    assert (checked.holds, checked.wrong_at) == (False, row) and checked.problem


def test_a_row_put_in_with_a_right_hash_is_found(log: AuditLog, engine: Engine) -> None:
    """Somebody who works the last row's hash out again forgets the head, or has to change it as well."""
    entries, _ = log.page(Wanted(), 0, 1)
    new = type(entries[0])(6, entries[0].at, "mallory", "staff.enabled", "x", None, None, entries[0].hash)
    told = f"6, '{new.at}', '{new.by}', '{new.action}', '{new.subject}', NULL, NULL, '{new.previous}', '{new.digest()}'"
    tamper(engine, f"INSERT INTO audit VALUES ({told})")
    assert log.verify().wrong_at == 6


def test_what_is_not_declared_is_refused_and_nothing_is_written(log: AuditLog) -> None:
    with pytest.raises(NotDeclared, match="no action"):
        log.record("dee", "referral.read_aloud", "x")
    with pytest.raises(NotDeclared, match="may not record name, number") as refused:
        log.record("dee", "referral.opened", "x", None, {"name": "Sam Secret", "number": "1"})
    assert "Secret" not in str(refused.value)
    assert log.verify().rows == 5


def test_no_action_on_referrals_can_hold_what_a_person_said() -> None:
    for action, (_, keys) in ACTIONS.items():
        if action.startswith("referral."):
            assert keys.isdisjoint({"name", "contact", "note", "text", "document", "answers", "reason_text"}), action


def test_every_action_is_told_in_words() -> None:
    assert all(told and "_" not in told and told[0].islower() for told, _ in ACTIONS.values())


def test_a_row_is_part_of_the_transaction_that_it_tells_of(log: AuditLog, engine: Engine) -> None:
    with pytest.raises(RuntimeError), writing(engine) as connection:
        log.record("dee", "staff.disabled", "sam", {"disabled": False}, {"disabled": True}, connection)
        raise RuntimeError("the change failed")
    assert log.verify().rows == 5


def test_many_at_once_make_one_chain(engine: Engine) -> None:
    log = AuditLog(engine)

    def write() -> None:
        for number in range(10):
            log.record("dee", "staff.signed_out", str(number))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.verify().holds and log.verify().rows == 40


def test_rows_are_found_by_who_what_and_when(engine: Engine) -> None:
    now = [datetime(2026, 6, 30, 22, 59, tzinfo=timezone.utc)]
    log = AuditLog(engine, lambda: now[0])
    log.record("dee", "staff.signed_in", "dee", None, {"with": "code"})
    # In London it is July by now.
    now[0] = datetime(2026, 6, 30, 23, 1, tzinfo=timezone.utc)
    log.record("sam", "staff.disabled", "dee")

    def numbers(**wanted: object) -> list[int]:
        return [entry.number for entry in log.page(Wanted(**wanted), 0, 10)[0]]  # type: ignore[arg-type]

    assert numbers() == [2, 1]
    assert numbers(by="dee") == [1] and numbers(action="staff.disabled") == [2] and numbers(subject="dee") == [2, 1]
    assert numbers(since=date(2026, 7, 1)) == [2] and numbers(until=date(2026, 6, 30)) == [1]
    assert log.page(Wanted(), 1, 1)[1] == 2


def test_the_order_of_keys_does_not_change_what_is_kept(log: AuditLog) -> None:
    log.record("dee", "staff.changed", "x", {"roles": ["a"], "areas": []}, {"areas": [], "roles": ["a"]})
    newest = log.page(Wanted(), 0, 1)[0][0]
    assert newest.before == newest.after == '{"areas":[],"roles":["a"]}'
