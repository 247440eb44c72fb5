"""Rows as a table in a file: CSV or Parquet. Few rows are in memory at a time."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from sarcoma_review.batch.work import Row
from sarcoma_review.errors import BatchError

_ROWS_AT_ONCE = 1000
_FIRST = {"study": str, "outcome": str, "error": str, "reason": str}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def require_table(path: Path) -> None:
    """Refuse a table that could not be written when the work is done.

    Raises
    ------
    BatchError
    """
    if path.suffix not in (".csv", ".parquet"):
        raise BatchError(f"expected a table ending in .csv or .parquet, found {path.suffix or 'no suffix'!r}")
    if not path.parent.is_dir():
        raise BatchError("the table's folder does not exist")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:  # asked before hours of work
        raise BatchError("a table in Parquet needs the extra `cluster`; .csv does not")


def write_table(rows: Iterable[Row], columns: Mapping[str, type], path: Path) -> None:
    """Write rows, all or nothing.

    Parameters
    ----------
    rows : iterable of Row
    columns : mapping of str to type
        The task's; study, outcome, error and reason stand before them. A cell that is not recorded stays empty.
    path : Path
        Ending in ``.csv`` or ``.parquet``; what stands there is replaced.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    if path.suffix == ".csv":
        _write_csv(rows, [*_FIRST, *columns], unfinished)
    else:
        _write_parquet(rows, _FIRST | dict(columns), unfinished)
    unfinished.replace(path)


def _cells(row: Row) -> dict[str, str | int | float | None]:
    return {"study": row.study, "outcome": row.outcome, "error": row.error, "reason": row.reason, **row.cells}


def _write_csv(rows: Iterable[Row], names: list[str], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _as_text(value) for name, value in _cells(row).items()})


def _as_text(value: str | int | float | None) -> str | int | float | None:
    """A text that a spreadsheet would reckon out is quoted: a name in a study may be anything."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_parquet(rows: Iterable[Row], columns: Mapping[str, type], path: Path) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    with ParquetWriter(path, schema) as writer:
        for some in _by_batches(rows):
            writer.write_table(pyarrow.Table.from_pylist([_cells(row) for row in some], schema=schema))


def _by_batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while some := list(islice(rest, _ROWS_AT_ONCE)):
        yield some
