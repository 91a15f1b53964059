"""Counts of what is asked and what is not answered."""

import sqlalchemy as sa
from alembic import op

revision = "0007_question_counts"
down_revision = "0006_wording_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nothing here can be traced to a conversation: no id, no words, no time but the day.
    op.create_table(
        "question_count",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("channel", sa.String(10), primary_key=True),
        sa.Column("topic", sa.String(60), primary_key=True),
        sa.Column("area", sa.String(80), primary_key=True),
        sa.Column("outcome", sa.String(20), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("question_count")
