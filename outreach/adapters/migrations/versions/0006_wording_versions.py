"""Wording: who wrote, reviewed and published each version."""

import sqlalchemy as sa
from alembic import op

revision = "0006_wording_versions"
down_revision = "0005_service_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
