"""The journal as it first was; a registry made before revisions has it already."""

import sqlalchemy as sa
from alembic import op

from sarcoma_review.registry.migrations.triggers import refuse_changes

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the journal where there is none."""
    connection = op.get_bind()
    if sa.inspect(connection).has_table("journal"):
        return
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("recorded_at", sa.String(40), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("case_id", "version", name="journal_case_version"),
    )
    refuse_changes(connection, "journal")
