"""Referrals: sealed answers, their states, the notices still to be given, and an audit that can only grow."""

import sqlalchemy as sa
from alembic import op

revision = "0003_referrals"
down_revision = "0002_conversations"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=False)


def upgrade() -> None:
    _referral()
    _outbox()
    op.create_table(
        "state_change",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False),
        sa.Column("before", sa.String(20), nullable=False),
        sa.Column("after", sa.String(20), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
    )
    op.create_index("ix_state_change_referral_id", "state_change", ["referral_id"])
    op.create_table(
        "referral_audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("referral_id", sa.String(32)),
        sa.Column("detail", sa.String(200), nullable=False),
    )
    op.create_index("ix_referral_audit_referral_id", "referral_audit", ["referral_id"])
    _only_grows()


def downgrade() -> None:
    for table in ("outbox", "state_change", "referral", "referral_audit"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION referral_audit_only_grows()")


def _referral() -> None:
    op.create_table(
        "referral",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("reference_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("form_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("area", sa.String(120)),
        sa.Column("team", sa.String(120), nullable=False),
        sa.Column("through", sa.String(120)),
        sa.Column("rule", sa.String(120), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("consent_version", sa.String(80), nullable=False),
        sa.Column("outcome", sa.String(40)),
        sa.Column("consented_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        *(sa.Column(f"{state}_at", TIME) for state in ("queued", "delivered", "acknowledged", "closed", "withdrawn", "failed")),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("purge_after", TIME),
    )
    op.create_index("ix_referral_state", "referral", ["state"])
    op.create_index("ix_referral_purge_after", "referral", ["purge_after"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("target", sa.String(20), nullable=False),
        sa.Column("recipient", sa.String(120), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("leased_until", TIME),
        sa.Column("delivered_at", TIME),
        sa.Column("cancelled_at", TIME),
        sa.Column("last_error", sa.String(80)),
    )
    op.create_index("ix_outbox_referral_id", "outbox", ["referral_id"])
    op.create_index("ix_outbox_due", "outbox", ["delivered_at", "cancelled_at", "next_at"])


def _only_grows() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION referral_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit only grows'; END $$"
        )
        op.execute(
            "CREATE TRIGGER referral_audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON referral_audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION referral_audit_only_grows()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER referral_audit_no_{change.lower()} BEFORE {change} ON referral_audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END"
        )
