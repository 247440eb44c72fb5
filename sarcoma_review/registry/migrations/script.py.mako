"""${message}."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Go forward. The triggers do not come by themselves: see `sarcoma_review.registry.migrations.triggers`."""
    ${upgrades if upgrades else "pass"}
