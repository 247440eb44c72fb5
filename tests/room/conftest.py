from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sarcoma_review.room import Folder
from tests.room.visiting import Visitor, made, serving


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A data folder that holds one meeting."""
    return made(tmp_path / "data")


@pytest.fixture
def address(folder: Folder) -> Iterator[str]:
    """Where the meeting of that folder is served."""
    with serving(folder) as found:
        yield found


@pytest.fixture
def visit(folder: Folder, address: str) -> Iterator[Callable[[str], Visitor]]:
    """Lets a member come in."""
    with ExitStack() as stack:
        yield lambda member: stack.enter_context(Visitor(folder, address, member))
