"""A tumour's surface for a page, each vertex in a band of margin."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import PresentationError
from sarcoma_review.planning import TumourSurface

# From least to most margin: told apart by hue, lightness and width (px), for colour alone says nothing in print.
BANDS: tuple[tuple[float, str, str, float], ...] = (
    (0.0, "cut through", "#d55e00", 4.5),
    (2.0, "margin 0 to 2 mm", "#e69f00", 3.6),
    (5.0, "2 to 5 mm", "#ffffff", 2.8),
    (10.0, "5 to 10 mm", "#56b4e9", 2.2),
    (np.inf, "10 mm and more", "#0072b2", 1.8),
)
"""Upper end in mm (not included), words, colour and width of each band."""

_ALONE = (("tumour surface", "#e69f00", 1.8),)


@dataclass(frozen=True, eq=False)
class Skin:
    """A surface as it travels.

    Parameters
    ----------
    vertices : ndarray of float32, shape (n, 3)
        LPS mm.
    faces : ndarray of uint32, shape (m, 3)
    bands : ndarray of uint8, shape (n,)
        The band of margin of each vertex.
    shown : tuple
        Words, colour and width of each band.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.uint32]
    bands: NDArray[np.uint8]
    shown: tuple[tuple[str, str, float], ...]

    def words(self) -> dict[str, Any]:
        """All but the mesh, for a page."""
        bands = [{"words": words, "colour": colour, "width": width} for words, colour, width in self.shown]
        return {"vertices": len(self.vertices), "faces": len(self.faces), "bands": bands}


def skin(surface: TumourSurface, margins_mm: ArrayLike | None = None) -> Skin:
    """Put each vertex of a surface into a band of margin.

    Parameters
    ----------
    surface : TumourSurface
    margins_mm : array_like, shape (n,), optional
        Margin of each vertex, or of each of `surface.points_mm`, such as `MarginReport.distances_mm`; below 0 where
        the cut goes through tumour.

    Raises
    ------
    PresentationError
        If there are not as many margins as vertices, or one is not a number.

    Notes
    -----
    A page draws each triangle in the least band of its three vertices, so that no margin looks wider than it is.
    """
    mesh = surface.vertices.astype("<f4"), surface.faces.astype("<u4")
    if margins_mm is None:
        return Skin(*mesh, np.zeros(len(surface.vertices), np.uint8), _ALONE)
    margins = np.asarray(margins_mm, np.float64)
    expected = {len(surface.vertices), len(surface.points_mm)}
    if margins.ndim != 1 or len(margins) not in expected:
        raise PresentationError(
            f"expected {len(surface.vertices)} margins, one a vertex, found shape {margins.shape}"
        )
    if np.isnan(margins).any():
        raise PresentationError(f"expected margins in mm, found {int(np.isnan(margins).sum())} that are not a number")
    return Skin(
        *mesh,
        bands_of(margins[: len(surface.vertices)]),
        tuple((words, colour, width) for _, words, colour, width in BANDS),
    )


def bands_of(margins_mm: ArrayLike) -> NDArray[np.uint8]:
    """The number of the band in which each margin lies, from 0, where the cut goes through tumour.

    Examples
    --------
    >>> bands_of([-0.1, 0.0, 4.9, 30.0]).tolist()
    [0, 1, 2, 4]
    """
    ends = np.array([end for end, *_ in BANDS[:-1]])
    return np.searchsorted(ends, np.asarray(margins_mm, np.float64), side="right").astype(np.uint8)
