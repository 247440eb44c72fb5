"""The statements by which PostgreSQL keeps the rows of several centres apart; `centres.establish` runs them.

Each can be run again, and is after every migration.
"""

from collections.abc import Iterable, Iterator
from importlib import resources

from sqlalchemy import Connection, Table

from sarcoma_review.errors import RegistryError
from sarcoma_review.registry.tables import BUNDLE, CHECKPOINT, JOURNAL, PROJECTIONS, RELEASE

NETWORK_ROLE = "network_reader"
_OF_CASES = (JOURNAL, *PROJECTIONS)
_OF_CENTRES = (CHECKPOINT, RELEASE, BUNDLE)
_OWN = "held_by = SESSION_USER::text"  # cast, as an order by an index needs both sides of one type
_HOLDER = (
    "CREATE SCHEMA IF NOT EXISTS network",
    "CREATE OR REPLACE FUNCTION network.holder(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE "
    """RETURN 'centre_' || lower(split_part(name, '-', 1) COLLATE "C")""",
)
"""The role that a case belongs to, by the code its id begins with."""
# `opened_row` repeats the centre that an event names; it names no other one.
_NAMED = " AND (centre IS NULL OR network.holder(centre) = SESSION_USER)"


def of_tables(connection: Connection) -> Iterator[str]:
    """What each table gets; the column of its holder comes before the functions that read it."""
    yield from _HOLDER
    for table in _OF_CASES:
        yield _held(table, "GENERATED ALWAYS AS (network.holder(case_id)) STORED")
    for table in _OF_CENTRES:
        yield _held(table, "NOT NULL DEFAULT SESSION_USER")
    yield resources.files("sarcoma_review.registry").joinpath("row_security.sql").read_text(encoding="utf-8")
    for table, function in ((RELEASE, "next_release"), (BUNDLE, "next_bundle")):
        yield f"ALTER TABLE public.{table} ALTER COLUMN id SET DEFAULT network.{function}()"
    for table in (*_OF_CASES, *_OF_CENTRES):
        yield from _secured(table)
        if not _is_keyed(connection, table):
            yield from _keyed(table)


def _held(table: Table, kept: str) -> str:
    return f'ALTER TABLE public.{table} ADD COLUMN IF NOT EXISTS held_by text COLLATE "C" {kept}'


def _secured(table: Table) -> Iterator[str]:
    check = _OWN + (_NAMED if table.name == "opened_row" else "")
    yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS own ON public.{table}"
    yield f"CREATE POLICY own ON public.{table} USING ({_OWN}) WITH CHECK ({check})"
    # What a planner knows of the values of hidden rows would show in its estimates.
    for name in (*table.columns.keys(), "held_by"):
        yield f"ALTER TABLE public.{table} ALTER COLUMN {name} SET STATISTICS 0"


def _is_keyed(connection: Connection, table: Table) -> bool:
    """Whether this was done before: making the indexes of a long journal anew takes minutes."""
    query = (
        "SELECT bool_and(attname = 'held_by') FROM pg_index JOIN pg_attribute ON attrelid = indrelid "
        f"AND attnum = indkey[0] WHERE indrelid = 'public.{table}'::regclass"
    )
    return bool(connection.exec_driver_sql(query).scalar())


def _keyed(table: Table) -> Iterator[str]:
    """Indexes that begin with whose a row is: a scan by any other would count the hidden rows it met."""
    name, columns = table.name, ", ".join(("held_by", *table.primary_key.columns.keys()))
    yield f"ALTER TABLE public.{name} DROP CONSTRAINT IF EXISTS {name}_pkey, ADD PRIMARY KEY ({columns})"
    if table is JOURNAL:
        rule = "journal_case_version"
        yield f"ALTER TABLE public.journal DROP CONSTRAINT IF EXISTS {rule}"
        yield f"ALTER TABLE public.journal ADD CONSTRAINT {rule} UNIQUE (held_by, case_id, version)"
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        yield f"DROP INDEX IF EXISTS public.{index.name}"
        yield f"CREATE INDEX {index.name} ON public.{name} (held_by, {', '.join(index.columns.keys())})"


def of_roles(connection: Connection, roles: Iterable[str]) -> Iterator[str]:
    """What each centre's role and the network's get, made where they are not there.

    Raises
    ------
    RegistryError
        If one is there that may do more than a centre may.
    """
    database = connection.exec_driver_sql("SELECT quote_ident(current_database())").scalar()
    yield f"REVOKE ALL ON DATABASE {database} FROM PUBLIC"
    for role in (*roles, NETWORK_ROLE):
        yield from _made(connection, role)
        yield f"GRANT CONNECT ON DATABASE {database} TO {role}"
        yield f"ALTER ROLE {role} IN DATABASE {database} SET search_path = network, public"
        yield f"GRANT USAGE ON SCHEMA network TO {role}"
        yield f"GRANT SELECT ON network.released TO {role}"
    for role in roles:
        yield from _granted(role)


def _made(connection: Connection, role: str) -> Iterator[str]:
    query = (
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication "
        f"OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid) FROM pg_roles WHERE rolname = '{role}'"
    )
    may_more = connection.exec_driver_sql(query).scalar()
    if may_more is None:
        yield f"CREATE ROLE {role} LOGIN"
    if may_more:
        raise RegistryError(f"the role {role} may do more than a centre may, or belongs to another role")


def _granted(role: str) -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    yield f"GRANT SELECT ON public.alembic_version, network.journal, network.shared_entry TO {role}"
    for table in (*_OF_CASES, *_OF_CENTRES):
        # Column by column: whose a row is cannot even be named.
        yield f"GRANT SELECT, INSERT ({', '.join(table.columns.keys())}) ON public.{table} TO {role}"
    for table in PROJECTIONS:
        yield f"GRANT UPDATE ({', '.join(table.columns.keys())}), DELETE ON public.{table} TO {role}"
