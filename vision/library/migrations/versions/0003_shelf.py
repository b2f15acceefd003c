"""Which library the database belongs to. Older ones get an id when they are opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "shelf",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shelf")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("shelf")
