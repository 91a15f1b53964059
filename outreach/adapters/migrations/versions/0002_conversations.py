"""Live conversations: sealed state under a hashed key."""

import sqlalchemy as sa
from alembic import op

revision = "0002_conversations"
down_revision = "0001_content"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversation",
        sa.Column("row_key", sa.String(64), primary_key=True),
        sa.Column("generation", sa.String(32), nullable=False),
        sa.Column("sealed_state", sa.LargeBinary, nullable=True),
        sa.Column("sealed_choices", sa.LargeBinary, nullable=True),
        sa.Column("touched_at", sa.DateTime(timezone=False), nullable=False),
    )
    op.create_index("ix_conversation_touched_at", "conversation", ["touched_at"])


def downgrade() -> None:
    op.drop_table("conversation")
