"""The tables of referrals. Nothing in them says who a person is: what they answered is sealed."""
from __future__ import annotations

from datetime import datetime, timezone

import sqlalchemy as sa

from outreach.adapters.database import metadata

_TIME = sa.DateTime(timezone=False)

referral = sa.Table(
    "referral",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("reference_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("form_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("area", sa.String(120)),
    sa.Column("team", sa.String(120), nullable=False),
    sa.Column("through", sa.String(120)),
    sa.Column("rule", sa.String(120), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("consent_version", sa.String(80), nullable=False),
    sa.Column("outcome", sa.String(40)),
    sa.Column("consented_at", _TIME, nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("queued_at", _TIME),
    sa.Column("delivered_at", _TIME),
    sa.Column("acknowledged_at", _TIME),
    sa.Column("closed_at", _TIME),
    sa.Column("withdrawn_at", _TIME),
    sa.Column("failed_at", _TIME),
    sa.Column("changed_at", _TIME, nullable=False),
    sa.Column("purge_after", _TIME, index=True),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("target", sa.String(20), nullable=False),
    sa.Column("recipient", sa.String(120), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("next_at", _TIME, nullable=False),
    sa.Column("lease", sa.String(32)),
    sa.Column("leased_until", _TIME),
    sa.Column("delivered_at", _TIME),
    sa.Column("cancelled_at", _TIME),
    sa.Column("last_error", sa.String(80)),
    sa.Index("ix_outbox_due", "delivered_at", "cancelled_at", "next_at"),
)

state_change = sa.Table(
    "state_change",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("before", sa.String(20), nullable=False),
    sa.Column("after", sa.String(20), nullable=False),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
)

# What somebody did to be in touch: when, and who; all else of it is sealed as the answers are.
referral_attempt = sa.Table(
    "referral_attempt",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("noted_at", _TIME, nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

# From which team it went to which. `reason` is one of a fixed list.
referral_passing = sa.Table(
    "referral_passing",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
    sa.Column("before", sa.String(120), nullable=False),
    sa.Column("after", sa.String(120), nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
)

# Append-only: the database itself refuses to change or delete a row (migration 0003).
referral_audit = sa.Table(
    "referral_audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("referral_id", sa.String(32), index=True),
    sa.Column("detail", sa.String(200), nullable=False),
)


def stored(moment: datetime) -> datetime:
    """An aware time as it is stored: UTC, without saying so."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """A stored time, aware again."""
    return moment.replace(tzinfo=timezone.utc)
