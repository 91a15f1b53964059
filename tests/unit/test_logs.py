"""No user text in any log."""
from __future__ import annotations

import logging
import subprocess
import sys
import textwrap

from outreach.settings import ROOT

SECRET = "his name is Kevin and he took my passport"


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from outreach.privacy import logs; logs.install('DEBUG')\n" + textwrap.dedent(program)],
        cwd=ROOT, capture_output=True, text=True, timeout=180,
    )
    return done.stdout + done.stderr


def test_other_peoples_records_keep_where_but_not_what() -> None:
    shown = run(f"import logging; logging.getLogger('rasa.core.processor').error('failed on %s', {SECRET!r})")
    assert "Kevin" not in shown and "ERROR rasa.core.processor [withheld]" in shown


def test_an_exception_leaves_its_class_and_place() -> None:
    shown = run(f"""
        import logging
        try:
            raise ValueError({SECRET!r})
        except ValueError:
            logging.getLogger('channels.turns').exception('a turn failed')
    """)
    assert "Kevin" not in shown and "a turn failed (ValueError at <string>:" in shown


def test_a_warning_is_withheld() -> None:
    assert "Kevin" not in run(f"import warnings; warnings.warn({SECRET!r})")


def test_what_ends_the_process_is_withheld() -> None:
    shown = run(f"raise RuntimeError({SECRET!r})")
    assert "Kevin" not in shown and "RuntimeError" in shown


def test_a_task_that_nobody_awaited_is_withheld() -> None:
    shown = run(f"""
        import asyncio, gc
        async def fail(): raise RuntimeError({SECRET!r})
        async def main():
            asyncio.ensure_future(fail())
            await asyncio.sleep(0.05); gc.collect()
        asyncio.run(main()); gc.collect()
    """)
    assert "Kevin" not in shown


def test_structlog_as_rasa_sets_it_up_is_withheld() -> None:
    shown = run(f"""
        from rasa.utils.log_utils import configure_structlog
        configure_structlog(10)
        import structlog
        structlog.get_logger('rasa.x').error('event', text={SECRET!r})
    """)
    assert "Kevin" not in shown


def test_structlog_before_rasa_sets_it_up_is_withheld() -> None:
    shown = run(f"import structlog; structlog.get_logger('rasa.x').error('event', text={SECRET!r})")
    assert "Kevin" not in shown and "[withheld]" in shown


def test_the_factory_is_undone_here() -> None:
    assert logging.getLogRecordFactory() is logging.LogRecord
