from collections.abc import Iterator

import pytest

from tests.conftest import require
from tests.servers import orthanc as archive


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DICOMweb address of an Orthanc of our own, gone afterwards."""
    require(archive.is_installed(), "Orthanc with DICOMweb (make test-servers)")
    with archive.running(tmp_path_factory.mktemp("orthanc")) as address:
        yield address
