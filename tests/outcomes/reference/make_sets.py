"""Write `followed.csv`: invented follow-up, and the edges where programs differ. Then, from this folder, where R is::

python make_sets.py && Rscript r_values.R followed.csv r_values.csv
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np

rng = np.random.default_rng(20261122)
rows: list[list[str]] = []


def add(name: str, time: Any, cause: Any, group: Any, x: Any, z: Any, stratum: Any, entry: Any = None) -> None:
    for i in range(len(time)):
        late = "NA" if entry is None else repr(float(entry[i]))
        numbers = [repr(float(x[i])), repr(float(z[i]))]
        rows.append([name, repr(float(time[i])), str(int(cause[i])), group[i], *numbers, stratum[i], late])


def invented(name: str, people: int, groups: int, unit: float, late: bool = False) -> None:
    group = rng.integers(0, groups, people)
    x, z = np.round(rng.normal(0, 1, people), 2) + 0.2 * group, rng.integers(0, 2, people)
    first, second = rng.exponential(60 / np.exp(0.4 * x - 0.3 * z)), rng.exponential(90, people)
    lost = rng.uniform(6, 140, people)
    time = np.minimum(np.minimum(first, second), lost)
    cause = np.where(time == lost, 0, np.where(time == first, 1, 2))
    time = np.ceil(time / unit) * unit
    entry = np.minimum(np.maximum(0, np.floor(time * rng.uniform(-0.5, 0.8, people))), time - unit) if late else None
    strata = [f"s{i}" for i in rng.integers(0, 3, people)]
    add(name, time, cause, [f"g{i}" for i in group], x, z, strata, entry)


def edge(name: str, time: list[int], cause: list[int]) -> None:
    count = len(time)
    places = range(count)
    add(
        name,
        time,
        cause,
        ["a" if i % 2 else "b" for i in places],
        [i * 0.37 % 1 for i in places],
        [i % 2 for i in places],
        ["s"] * count,
    )


invented("invented_small", 24, 2, 1.0)
invented("invented_months", 240, 3, 1.0, late=True)
invented("invented_days", 120, 6, 1 / 30.4375)
invented("invented_years", 200, 2, 12.0)
invented("invented_quarters", 80, 2, 3.0, late=True)
edge("edge_zero_times", [0, 0, 1, 2, 3, 3, 5], [1, 0, 1, 2, 0, 1, 0])
edge("edge_last_event", [1, 2, 3, 4], [0, 1, 2, 1])
edge("edge_ties", [2, 2, 2, 2, 3, 3, 4, 4], [1, 0, 1, 2, 1, 0, 2, 1])
edge("edge_one_time", [5, 5, 5, 5], [1, 1, 0, 2])
edge("edge_only_competing", [1, 2, 3, 4], [2, 2, 0, 2])
edge("edge_one_row", [3], [1])
edge("edge_censored", [1, 2, 3, 4], [0] * 4)
edge("edge_flat", [1, 2, 3, 4], [1, 1, 1, 0])
edge("edge_all_events", [1, 1, 2, 3, 5, 8, 13, 21], [1] * 8)
# Three groups, of which two die out by the event: the pooled incidence of Gray's test passes 1.
dying = ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1] * 12, [*"aaabbabbcccc"])
add(
    "edge_dying_out",
    dying[0],
    dying[1],
    dying[2],
    [i * 0.37 % 1 for i in range(12)],
    [i % 2 for i in range(12)],
    ["s"] * 12,
)

if __name__ == "__main__":
    with Path("followed.csv").open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["set", "time", "cause", "group", "x", "z", "stratum", "entry"])
        writer.writerows(rows)
