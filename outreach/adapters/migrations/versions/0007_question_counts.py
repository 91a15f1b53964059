"""Counts of what is asked and what is not answered."""

import sqlalchemy as sa
from alembic import op

revision = "0007_question_counts"
down_revision = "0006_wording_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
