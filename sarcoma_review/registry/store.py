"""The engine under the registry: SQLite on one machine, PostgreSQL for a network; on both one writer at a time."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from sarcoma_review.errors import RegistryError
from sarcoma_review.registry.migrate import upgrade
from sarcoma_review.registry.place import refuse_network_share, require_tls

_POSTGRESQL = re.compile(r"^postgres(ql)?(\+psycopg)?://")
_WRITERS = 0x5A4C  # the lock that writers on PostgreSQL take in turn


def open_engine(place: str | Path, key: bytes | None = None) -> Engine:
    """Engine of a registry, with its tables brought up to date.

    Raises
    ------
    RegistryError
        If the place cannot be had, what lies there is not a registry, or its tables are of another revision that may
        not be changed here.
    """
    engine = _postgresql(str(place)) if is_server(place) else _sqlite(place, key)
    try:
        with writing(engine) as connection:
            upgrade(connection)
    except RegistryError:
        engine.dispose()
        raise
    except OperationalError as problem:
        engine.dispose()
        if engine.dialect.name == "postgresql":  # its message holds the host and the user
            raise RegistryError("the registry's server cannot be reached with this address") from None
        raise RegistryError(f"the registry cannot be opened: {problem.orig}") from None
    except DatabaseError as problem:
        engine.dispose()
        raise RegistryError(f"the file is not a registry ({type(problem.orig).__name__})") from None
    return engine


def is_server(place: str | Path) -> bool:
    """Whether a registry is named by the address of a server."""
    return isinstance(place, str) and bool(_POSTGRESQL.match(place))


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is the only writer: others wait their turn, so that none fails half way."""
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            # Where several centres share a server, a reader finds a view that holds what others share too; a writer
            # goes past it to the table, which shows it its own journal alone.
            path = "regexp_replace(current_setting('search_path'), '^network, *', '')"
            connection.exec_driver_sql(
                f"SELECT pg_advisory_xact_lock({_WRITERS}), set_config('search_path', {path}, true)"
            )
        yield connection


def _postgresql(address: str) -> Engine:
    try:
        url = make_url(_POSTGRESQL.sub("postgresql+psycopg://", address))
        require_tls(url.host, url.query)
        return create_engine(url, hide_parameters=True)
    except ArgumentError:
        raise RegistryError("the address of the registry's server cannot be read") from None
    except ModuleNotFoundError:
        raise RegistryError(
            "PostgreSQL needs the extra 'postgresql': pip install sarcoma_review[postgresql]"
        ) from None


def _sqlite(place: str | Path, key: bytes | None) -> Engine:
    if str(place) != ":memory:":
        if not Path(place).parent.is_dir():
            raise RegistryError("the folder for the registry does not exist; make it first")
        refuse_network_share(Path(place).absolute())
    options: dict[str, Any] = {"module": _cipher()} if key else {}
    connecting: dict[str, Any] = {"timeout": 60}
    if str(place) == ":memory:":
        # One connection, lent to one thread at a time: with one for each, a notebook's other threads would find an
        # empty registry.
        options |= {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
        connecting["check_same_thread"] = False
    engine = create_engine(
        URL.create("sqlite", database=str(place)), connect_args=connecting, hide_parameters=True, **options
    )
    event.listen(engine, "connect", _durable(key))
    event.listen(engine, "begin", _begin)
    return engine


def _cipher() -> Any:
    try:
        import sqlcipher3.dbapi2 as cipher
    except ModuleNotFoundError:
        raise RegistryError("encryption needs the extra 'encrypted': pip install sarcoma_review[encrypted]") from None
    return cipher


def _durable(key: bytes | None) -> Callable[[Any, Any], None]:
    """Durable through a power cut; transactions begin when we say so."""
    if key is not None and len(key) != 32:
        raise RegistryError(f"a key of encryption has 32 bytes; found {len(key)}")

    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        if key:
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return prepare


def _begin(connection: Connection) -> None:
    """Writers take the lock at once; readers never hold it."""
    is_writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
