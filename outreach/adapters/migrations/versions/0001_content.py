"""Content: services, topics, routes, places, postcodes, wording."""

import sqlalchemy as sa
from alembic import op

revision = "0001_content"
down_revision = None
branch_labels = None
depends_on = None

PLAIN = ("topic", "route", "outreach_area", "district", "area", "place", "outcode", "sector")


def upgrade() -> None:
    for name in PLAIN:
        op.create_table(name, *_document_columns())
    op.create_table(
        "service",
        *_document_columns(),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("assured_date", sa.Date),
    )
    op.create_index("ix_service_kind", "service", ["kind"])
    op.create_index("ix_service_status", "service", ["status"])
    op.create_table(
        "wording",
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("buttons", sa.JSON),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_wording_published", "wording", ["key", "status", "channel"])
    revision_table = op.create_table(
        "content_revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.bulk_insert(revision_table, [{"id": 1, "number": 0}])


def downgrade() -> None:
    for name in ("content_revision", "wording", "service", *PLAIN):
        op.drop_table(name)


def _document_columns() -> tuple[sa.Column, ...]:
    return (
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("imported_digest", sa.String(64)),
        sa.Column("edited_at", sa.DateTime(timezone=True)),
    )
