import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.conftest import require


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    place = shutil.which("initdb")
    return found[-1] if found else Path(place).parent if place else None


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a PostgreSQL server of our own, on a socket in a temporary folder, gone afterwards."""
    programs = _programs()
    require(programs is not None, "PostgreSQL (make test-servers)")
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    as_other = []
    if os.getuid() == 0:  # PostgreSQL does not run as root
        shutil.chown(folder, "postgres", "postgres")
        as_other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = folder / "data"
    make = [*as_other, str(programs / "initdb"), "-D", str(data), "-U", "registry", "--auth=trust", "-E", "UTF8"]
    subprocess.run(make, check=True, capture_output=True, cwd=folder)
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
    control = [*as_other, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    subprocess.run([*control, "-o", options, "-l", str(folder / "log"), "start"], check=True, cwd=folder)
    yield f"postgresql://registry@/postgres?host={folder}"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder)
    shutil.rmtree(folder)


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
