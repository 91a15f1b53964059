"""Wording: who wrote, reviewed and published each version."""

import sqlalchemy as sa
from alembic import op

revision = "0006_wording_versions"
down_revision = "0005_service_versions"
branch_labels = None
depends_on = None

COLUMNS = (
    sa.Column("made_by", sa.String(32)),
    sa.Column("made_at", sa.DateTime(timezone=True)),
    sa.Column("note", sa.String(500)),
    sa.Column("published_by", sa.String(32)),
    sa.Column("ended_by", sa.String(32)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("wording", column.copy())
    op.create_index("ix_wording_status", "wording", ["status"])


def downgrade() -> None:
    op.drop_index("ix_wording_status", "wording")
    with op.batch_alter_table("wording") as table:
        for column in COLUMNS:
            table.drop_column(column.name)
