from collections.abc import Iterator

import pytest

from sarcoma_review.registry import Registry
from tests.conftest import require
from tests.servers import network, postgresql
from tests.servers import orthanc as archive
from tests.servers.network import World
from tests.servers.postgresql import Cluster


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DICOMweb address of an Orthanc of our own, gone afterwards."""
    require(archive.is_installed(), "Orthanc with DICOMweb (make test-servers)")
    with archive.running(tmp_path_factory.mktemp("orthanc")) as address:
        yield address


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    require(postgresql.programs() is not None, "PostgreSQL (make test-servers)")
    with postgresql.running() as started:
        network.as_administrator(
            started, "CREATE ROLE owner LOGIN CREATEROLE", "CREATE DATABASE migrated OWNER owner"
        )
        Registry.open(started.local("migrated", "owner")).close()
        yield started


@pytest.fixture
def world(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[World]:
    made = network.make_world(cluster, f"w{abs(hash(request.node.nodeid))}")
    yield made
    made.close()
