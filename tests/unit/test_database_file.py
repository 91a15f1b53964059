"""The database's file is closed to others on the machine."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from outreach.adapters.database import connect, migrate


def rights(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o007 for file in folder.iterdir()}


def test_nobody_else_on_the_machine_may_read_the_database(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        engine = connect(f"sqlite:///{tmp_path / 'outreach.db'}")
        migrate(engine)
        with engine.connect() as connection:
            connection.exec_driver_sql("UPDATE content_revision SET number = 1")
            assert set(rights(tmp_path)) >= {"outreach.db", "outreach.db-wal"}
            assert set(rights(tmp_path).values()) == {0}
    finally:
        os.umask(before)
        engine.dispose()


def test_one_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "outreach.db"
    file.touch(0o644)
    file.chmod(0o664)
    engine = connect(f"sqlite:///{file}")
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
    assert file.stat().st_mode & 0o777 == 0o660


def test_a_database_in_memory_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = connect("sqlite://")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    assert list(tmp_path.iterdir()) == []
