"""No user text in any log (docs/adr/0005-logs.md).

Rasa, its SDK and Sanic put messages, request bodies and tracker contents into what they log, in many places. Rather than
find each, every record is rewritten as it is made: other people's records keep where they come from, their level and
their exception's class; only this project's own records, which name no person, keep their words.
"""
from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import Any

import structlog

OURS = ("outreach", "channels", "components", "actions", "console", "launcher")
_FRAMES_SHOWN = 4
_make_record = logging.LogRecord


def install(level: str = "WARNING") -> None:
    """Route everything that this process logs, warns or dies of through the rewriting. Call it first of all."""
    logging.setLogRecordFactory(_withheld_record)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True)
    # Left alone, structlog prints everything it is given, messages and slots included.
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    # A warning with its words withheld tells nobody anything.
    logging.getLogger("py.warnings").setLevel(logging.CRITICAL)
    sys.excepthook = _log_uncaught


def _withheld_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _make_record(*args, **kwargs)
    failure = _describe(record.exc_info) if record.exc_info else ""
    if record.name.split(".")[0] not in OURS:
        record.msg, record.args = f"[withheld] {record.module}:{record.lineno}", None
    record.msg = f"{record.msg}{failure}"
    record.exc_info = record.exc_text = record.stack_info = None
    return record


def _describe(failure: Any) -> str:
    if not isinstance(failure, tuple) or failure[0] is None:
        return ""
    told = f" ({failure[0].__name__} at {_places(failure[2])})"
    cause = failure[1].__cause__ if failure[1] is not None else None
    return told + _describe((type(cause), cause, cause.__traceback__)) if cause is not None else told


def _places(traceback: TracebackType | None) -> str:
    """The last frames as file:line, without source or values: enough to find the fault, nothing that anybody wrote."""
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return " < ".join(reversed(places[-_FRAMES_SHOWN:]))


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logging.getLogger("outreach").critical("stopped by", exc_info=(kind, error, traceback))
