"""What is done with referrals from the command line, in the one audit that the console writes as well."""
from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outreach.adapters.audit_log import audit
from outreach.adapters.referral_tables import aware, referral_audit
from outreach.audit.recording import Audit
from outreach.referrals.records import AuditEntry

HERE = " (command line)"
# What the inbox calls it, what the audit calls it, and under which key the detail is kept.
ACTIONS = {
    "list": ("referral.listed", "filter"), "open": ("referral.opened", "state"), "acknowledge": ("referral.acknowledged", ""),
    "close": ("referral.closed", "outcome"), "withdraw": ("referral.withdrawn", ""),
}  # fmt: skip


class ReferralLog:
    """Records in the audit, and reads from it what concerns referrals."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def record(self, entry: AuditEntry) -> None:
        """Add to the audit."""
        action, key = ACTIONS[entry.action]
        after = {key: entry.detail} if key and entry.detail else None
        self._audit.record(f"{entry.by[:60]}{HERE}", action, entry.referral_id or "", None, after)

    def audit(self) -> list[AuditEntry]:
        """Everything that was done with referrals, from wherever, oldest first."""
        earlier = sa.select(referral_audit).order_by(referral_audit.c.id)
        ours = sa.select(audit).where(audit.c.action.like("referral.%")).order_by(audit.c.number)
        with self._engine.connect() as connection:
            before = connection.execute(earlier).all()
            since = connection.execute(ours).all()
        return [AuditEntry(aware(row.at), row.by, row.action, row.referral_id, row.detail) for row in before] + [
            AuditEntry(datetime.fromisoformat(row.at), row.by, row.action, row.subject or None, _detail(row.after))
            for row in since
        ]


def _detail(after: str | None) -> str:
    return ", ".join(f"{key} {value}" for key, value in json.loads(after).items()) if after else ""
