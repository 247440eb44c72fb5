import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

HERE = Path(__file__).parent / "reference"


@dataclass
class Reference:
    """One data set with what R says of it: not-a-number where R says NA or infinity."""

    time: NDArray[np.float64]
    cause: NDArray[np.int64]
    group: list[str]
    stratum: list[str]
    covariates: NDArray[np.float64]
    entry: NDArray[np.float64]
    values: dict[str, NDArray[np.float64]]


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="") as lines:
        return list(csv.DictReader(lines))


def _number(text: str) -> float:
    value = float(text.replace("NA", "nan"))
    return value if np.isfinite(value) else float("nan")


def _load() -> dict[str, Reference]:
    values: dict[str, dict[str, list[float]]] = {}
    for row in _rows("r_values.csv"):
        values.setdefault(row["set"], {}).setdefault(row["quantity"], []).append(_number(row["value"]))
    followed: dict[str, list[dict[str, str]]] = {}
    for row in _rows("followed.csv"):
        followed.setdefault(row["set"], []).append(row)
    return {name: _reference(rows, values[name]) for name, rows in followed.items()}


def _reference(rows: list[dict[str, str]], values: dict[str, list[float]]) -> Reference:
    return Reference(
        time=np.array([float(row["time"]) for row in rows]),
        cause=np.array([int(row["cause"]) for row in rows]),
        group=[row["group"] for row in rows],
        stratum=[row["stratum"] for row in rows],
        covariates=np.array([[float(row["x"]), float(row["z"])] for row in rows]),
        entry=np.array([_number(row["entry"]) for row in rows]),
        values={quantity: np.array(numbers) for quantity, numbers in values.items()},
    )


SETS = _load()


@pytest.fixture(params=sorted(SETS))
def reference(request: pytest.FixtureRequest) -> Reference:
    return SETS[request.param]
