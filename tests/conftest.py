import os
from pathlib import Path

import pytest

from sarcoma_review.phantom import Patient, distal_femur_osteosarcoma, pelvis_ewing, t1_spine_osteosarcoma

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


@pytest.fixture(scope="session")
def patient() -> Patient:
    """The synthetic patient, which takes seconds to make: every test shares one."""
    return distal_femur_osteosarcoma()


@pytest.fixture(scope="session")
def pelvis() -> Patient:
    """The patient with a Ewing sarcoma of the pelvis."""
    return pelvis_ewing()


@pytest.fixture(scope="session")
def spine() -> Patient:
    """The patient with an osteosarcoma of the spine."""
    return t1_spine_osteosarcoma()
