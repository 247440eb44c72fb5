"""Bringing the tables of a registry up to date, in the transaction that opened it."""

from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from sarcoma_review.errors import RegistryError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0003"
"""The newest revision of the tables; a test holds it against the migrations."""


def upgrade(connection: Connection) -> None:
    """Run the migrations that a registry has not seen; nothing where it is up to date.

    Raises
    ------
    RegistryError
        If a newer program has changed the tables, or they are older and another role owns them.
    """
    found = revision(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise RegistryError(f"the registry's tables are of revision {found}; this program knows up to {HEAD}")
    if not _may_change_tables(connection):
        raise RegistryError(
            f"the registry's tables are of revision {found}; the role that owns them brings them up to date to {HEAD}"
        )
    from alembic import command  # only where something is to be done: it costs a tenth of a second

    command.upgrade(configuration(connection), "head")


def revision(connection: Connection) -> str | None:
    """Revision of the tables; ``None`` where there are none, or they are from before revisions."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def _may_change_tables(connection: Connection) -> bool:
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")).scalar())


def configuration(connection: Connection) -> "Config":
    """What alembic needs to work on an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("sarcoma_review.registry").joinpath("migrations")))
    config.attributes["connection"] = connection
    return config
