"""What a result says, as a hash: reviews are bound to it. Older outcomes get it when it is looked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("outcomes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("content_sha256", sa.String(length=80), nullable=True))
        batch_op.create_index(batch_op.f("ix_outcomes_content_sha256"), ["content_sha256"], unique=False)


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("outcomes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outcomes_content_sha256"))
        batch_op.drop_column("content_sha256")
