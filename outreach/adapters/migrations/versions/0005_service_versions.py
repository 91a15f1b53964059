"""Services: every version, drafts and reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0005_service_versions"
down_revision = "0004_staff"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
