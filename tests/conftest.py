import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def require(present: bool, what: str) -> None:
    """Skip where something is not on this machine; in CI its absence is a failure."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is absent and CI is set")
    pytest.skip(f"{what} is absent")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The public test data kept beside the project."""
    require(SHARED.is_dir(), "the shared test data")
    return SHARED
