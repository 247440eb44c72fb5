"""Where a file is written: asked before the work of making one, and replaced at once or not at all."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from sarcoma_review.errors import PresentationError


def require_place(path: str | Path, endings: Collection[str], *, what: str, written: str) -> Path:
    """A place that a file can be written to.

    Parameters
    ----------
    path : path-like
    endings : collection of str
        With their dots.
    what, written : str
        In a refusal, such as ``"the minutes"`` and ``"minutes are written"``.

    Raises
    ------
    PresentationError
        If the ending is another, or the folder is not there.
    """
    place = Path(path)
    if place.suffix not in endings:
        raise PresentationError(f"{written} as {', '.join(endings)}, found {place.suffix or 'no ending'!r}")
    if not place.parent.is_dir():
        raise PresentationError(f"the folder for {what} does not exist; make it first")
    return place


@contextmanager
def replacing(place: Path) -> Iterator[Path]:
    """A file beside the place, which takes it when all is written, and is gone when anything fails."""
    part = place.with_name(f"{place.stem}.part{place.suffix}")
    try:
        yield part
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
