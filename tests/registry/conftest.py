from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.conftest import require
from tests.servers import postgresql


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a PostgreSQL server of our own, by its socket, as its administrator; gone afterwards."""
    require(postgresql.programs() is not None, "PostgreSQL (make test-servers)")
    with postgresql.running() as cluster:
        yield cluster.local("postgres", "registry")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new, empty registry may be made: on each engine in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "cases.sqlite")
    address = request.getfixturevalue("server")
    name = f"r{abs(hash(tmp_path))}"
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return str(address.replace("/postgres?", f"/{name}?"))
