"""Staff: accounts, sessions, and the audit of what they do."""

import sqlalchemy as sa
from alembic import op

revision = "0004_staff"
down_revision = "0003_referrals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
