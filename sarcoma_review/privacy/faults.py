"""A problem in one line: a traceback, or a library's own words, could print a patient's name."""

import traceback
from pathlib import Path


def words_of(problem: Exception) -> str:
    """What went wrong where it is none of this project's own errors: its kind and place, and no value.

    Examples
    --------
    >>> words_of(KeyError("a name"))
    'a fault of this program (KeyError); its details are not shown, for privacy'
    """
    if isinstance(problem, OSError):
        return f"the disk refused: {problem.strerror or type(problem).__name__}"
    own = [frame for frame in traceback.extract_tb(problem.__traceback__) if "sarcoma_review" in frame.filename]
    place = f" in {Path(own[-1].filename).name} line {own[-1].lineno}" if own else ""
    return f"a fault of this program ({type(problem).__name__}{place}); its details are not shown, for privacy"
