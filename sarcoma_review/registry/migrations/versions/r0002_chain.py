"""One chain through all entries, authors, checkpoints, the logs of releases and bundles, and the projections."""

import sqlalchemy as sa
from alembic import op

from sarcoma_review.registry.chain import link
from sarcoma_review.registry.migrations.triggers import allow_changes, refuse_changes
from sarcoma_review.registry.projections import replay
from sarcoma_review.registry.tables import APPEND_ONLY, BUNDLE, CHECKPOINT, METADATA, PROJECTIONS, RELEASE

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what the first journal lacked, and chain the entries it holds."""
    connection = op.get_bind()
    allow_changes(connection, "journal")
    with op.batch_alter_table("journal", naming_convention={"uq": "journal_case_version"}) as journal:
        journal.add_column(sa.Column("author", sa.String(64), nullable=False, server_default=""))
        journal.add_column(sa.Column("chain", sa.String(64), nullable=False, server_default=""))
    _chain_entries(connection)
    METADATA.create_all(connection, tables=[BUNDLE, CHECKPOINT, RELEASE, *PROJECTIONS])
    for table in APPEND_ONLY:
        refuse_changes(connection, table)
    replay(connection)


def _chain_entries(connection: sa.Connection) -> None:
    rows = connection.execute(sa.text("SELECT id, hash FROM journal ORDER BY id")).all()
    chain, number = "", 0
    for row in rows:
        # Ids count entries from 1 with no gap from here on.
        number, chain = number + 1, link(chain, row.hash)
        change = sa.text("UPDATE journal SET id = :number, chain = :chain WHERE id = :id")
        connection.execute(change, {"number": number, "chain": chain, "id": row.id})
