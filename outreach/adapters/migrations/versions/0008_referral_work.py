"""Working a referral: attempts to contact, and passing on."""

import sqlalchemy as sa
from alembic import op

revision = "0008_referral_work"
down_revision = "0007_question_counts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
