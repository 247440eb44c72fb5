"""How a viewer's images are shown: what a page, or Python, may set, checked on the way in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from sarcoma_review.errors import GeometryError, PresentationError
from sarcoma_review.present.scene import PlaneLike
from sarcoma_review.present.windows import Window
from sarcoma_review.volume import Segment, Volume

Held = TypeVar("Held")
Oblique = str | tuple[float, float, float]
"""The name of a cut plane, or a normal (LPS); ``""`` for no oblique view."""

PANES = ("axial", "coronal", "sagittal", "oblique")
WINDOW_OF = {"first": "window", "beside": "beside_window"}
"""The trait that holds the window of each image of which stills are taken."""


class Checked(traitlets.TraitType[Held, Any], Generic[Held]):
    """A trait that its widget checks on the way in, so that a page's bad value is never stored."""

    def __init__(self, check: Callable[[Any, Any], Held]) -> None:
        super().__init__()
        self._check = check

    def validate(self, obj: Any, value: Any) -> Held:
        """Return the value as the widget wants it, or raise what the widget raises."""
        return self._check(obj, value)


def checked_share(value: float, what: str) -> float:
    """Give an opacity back as a number.

    Raises
    ------
    PresentationError
        If it is not from 0 to 1.
    """
    if not 0.0 <= value <= 1.0:
        raise PresentationError(f"{what} runs from 0 to 1, found {value:g}")
    return float(value)


def checked_hidden(names: Sequence[str], segments: Sequence[Segment]) -> tuple[str, ...]:
    """Give the names of hidden segments back, in the segments' order.

    Raises
    ------
    PresentationError
        If there is no such segment.
    """
    known = [segment.name for segment in segments]
    for name in names:
        if name not in known:
            raise PresentationError(f"no segment is called {name!r} here; there are {', '.join(known) or 'none'}")
    return tuple(name for name in known if name in names)


def checked_oblique(oblique: str | ArrayLike, planes: Sequence[PlaneLike]) -> Oblique:
    """Give back what an oblique view looks along: a plane's name, or a normal as a unit vector.

    Raises
    ------
    PresentationError
        If no plane has that name.
    GeometryError
        If the normal has no direction.
    """
    if isinstance(oblique, str):
        known = [plane.name for plane in planes]
        if oblique and oblique not in known:
            raise PresentationError(f"no plane is called {oblique!r} here; there are {', '.join(known) or 'none'}")
        return oblique
    normal = np.asarray(oblique, np.float64)
    if normal.shape != (3,) or not np.isfinite(normal).all() or not normal.any():
        raise GeometryError(f"an oblique view needs a plane's name or a normal of three numbers, found {normal}")
    normal = normal / np.linalg.norm(normal)
    return float(normal[0]), float(normal[1]), float(normal[2])


def name_of(window: Window, named: Mapping[str, Window]) -> str:
    """The name of the preset that a window is, ``""`` where it is none."""
    return next((name for name, known in named.items() if known == window), "")


def image_words(volume: Volume) -> str:
    """An image's kind and its voxels.

    Examples
    --------
    >>> image_words(Volume(np.zeros((10, 64, 48)), np.eye(4), modality="CT"))
    'CT 10 x 64 x 48'
    """
    return f"{volume.modality} {' x '.join(str(n) for n in volume.shape)}".strip()


def counted(count: int, noun: str) -> str:
    """A number of things in words.

    Examples
    --------
    >>> counted(1, "plane"), counted(2, "plane")
    ('1 plane', '2 planes')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
