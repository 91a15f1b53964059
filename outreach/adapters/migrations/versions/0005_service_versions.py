"""Services: every version, drafts and reviews, and the terms by which staff find them."""

import sqlalchemy as sa
from alembic import op

revision = "0005_service_versions"
down_revision = "0004_staff"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=False)


def upgrade() -> None:
    op.create_table(
        "service_version",
        sa.Column("service_id", sa.String(120), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("made_from", sa.Integer),
        sa.Column("authors", sa.JSON, nullable=False),
        sa.Column("reviewed_by", sa.String(80)),
        sa.Column("reviewed_by_name", sa.String(200)),
        sa.Column("reviewed_at", TIME),
        sa.Column("review_note", sa.Text, nullable=False),
        sa.Column("publish_at", TIME),
        sa.Column("approved_against", sa.Integer),
        sa.Column("published_at", TIME),
    )
    op.create_index("ix_service_version_state", "service_version", ["state", "publish_at"])
    plain = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")
    op.create_table(
        "service_term",
        sa.Column("term", plain, primary_key=True),
        sa.Column("sort", plain, primary_key=True),
        sa.Column("service_id", sa.String(120), primary_key=True),
    )
    op.create_index("ix_service_term_service", "service_term", ["service_id", "term"])
    # The queue of what is due is read in this order. What is already there is indexed for search at the next import.
    op.create_index("ix_service_checked", "service", ["status", "assured_date", "key"])


def downgrade() -> None:
    op.drop_index("ix_service_checked", "service")
    for name in ("service_term", "service_version"):
        op.drop_table(name)
