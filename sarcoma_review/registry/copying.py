"""Copying a whole journal from one engine to another: backup and restore."""

from sqlalchemy import Connection, insert, select

from sarcoma_review.errors import RegistryError
from sarcoma_review.registry.tables import BUNDLE, CHECKPOINT, JOURNAL, RELEASE


def require_empty(connection: Connection) -> None:
    """Refuse to copy over anything.

    Raises
    ------
    RegistryError
        If the registry holds an entry.
    """
    if connection.execute(select(JOURNAL.c.id).limit(1)).first() is not None:
        raise RegistryError("the registry to restore into is not empty; nothing was written")


def copy_rows(source: Connection, target: Connection) -> int:
    """Copy journal, checkpoints and logs as they are; the number of entries of the journal."""
    count = 0
    for table in (JOURNAL, CHECKPOINT, RELEASE, BUNDLE):
        query = select(table).order_by(*table.primary_key)
        if table is JOURNAL:
            query = query.where(JOURNAL.c.id > 0)  # what other centres share has numbers below 0
        found = source.execution_options(yield_per=2000).execute(query)
        for part in found.mappings().partitions(2000):
            target.execute(insert(table), [dict(row) for row in part])
            count += len(part) if table is JOURNAL else 0
    return count
