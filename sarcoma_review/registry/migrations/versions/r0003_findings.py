"""What the data checks find in each case, kept as a projection."""

from alembic import op

from sarcoma_review.registry.projections import replay
from sarcoma_review.registry.tables import FINDING, METADATA

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table where there is none, and fill it from the journal."""
    connection = op.get_bind()
    METADATA.create_all(connection, tables=[FINDING])
    replay(connection)
