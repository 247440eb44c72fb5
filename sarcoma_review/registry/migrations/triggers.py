"""The triggers that refuse to change or remove what was written: alembic does not make them by itself."""

from sqlalchemy import Connection, text

_MESSAGE = "the journal is append-only"


def refuse_changes(connection: Connection, table: str) -> None:
    """Make the triggers of one table, anew where they are there."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
        )
    allow_changes(connection, table)
    for verb in ("update", "delete"):
        connection.execute(text(_create(connection.dialect.name, table, verb)))
    if connection.dialect.name == "postgresql":
        connection.execute(
            text(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_change()")
        )


def allow_changes(connection: Connection, table: str) -> None:
    """Drop the triggers of one table, for a migration that fills a new column."""
    on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
    for verb in ("update", "delete", "truncate"):
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}"))


def _create(dialect: str, table: str, verb: str) -> str:
    start = f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
    if dialect == "postgresql":
        return start + "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    return start + f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
