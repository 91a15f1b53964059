"""Working a referral: attempts to contact, and passing on."""

import sqlalchemy as sa
from alembic import op

revision = "0008_referral_work"
down_revision = "0007_question_counts"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=False)


def upgrade() -> None:
    _of_a_referral(
        "referral_attempt",
        sa.Column("noted_at", TIME, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    _of_a_referral(
        "referral_passing",
        sa.Column("before", sa.String(120), nullable=False),
        sa.Column("after", sa.String(120), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    for table in ("referral_passing", "referral_attempt"):
        op.drop_table(table)


def _of_a_referral(table: str, *more: sa.Column) -> None:
    """Something that was done about a referral; it goes with it."""
    op.create_table(
        table,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("referral_id", sa.String(32), sa.ForeignKey("referral.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        *more,
    )
    op.create_index(f"ix_{table}_referral_id", table, ["referral_id"])
