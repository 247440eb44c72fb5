"""A surface as a teaching model: STL and OBJ, in mm and LPS, with the purpose line in the file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import DicomError
from sarcoma_review.planning import TumourSurface
from sarcoma_review.privacy.text import PURPOSE

FRAME = "units mm; frame LPS (+x left, +y posterior, +z superior)"
_DIGITS = 4


def write_model(surface: TumourSurface, path: str | Path, *, name: str = "tumour") -> Path:
    """Write a surface as a model for teaching.

    Both kinds are text, so that unit, frame and purpose stand in full where a reader looks first, and the same
    surface gives the same bytes. Coordinates stand to 0.0001 mm.

    Parameters
    ----------
    surface : TumourSurface
        Closed, as `TumourSurface.from_mask` makes it, cavities filled; see there how near it lies to the outline.
        What the surface lost of thin parts (its guard points) is not in the model.
    path : path-like
        Ends in ``.stl`` or ``.obj``. The OBJ is the smaller and keeps corners shared.
    name : str
        Of the structure; it must not name a patient.

    Raises
    ------
    DicomError
        If the path ends otherwise.
    """
    writers = {".stl": _stl, ".obj": _obj}
    target = Path(path)
    if target.suffix.lower() not in writers:
        raise DicomError(f"a model is written as .stl or .obj, found {target.suffix or 'no suffix'!r}")
    vertices = np.round(surface.vertices, _DIGITS) + 0.0
    lines = writers[target.suffix.lower()](vertices, _whole_faces(vertices, surface.faces), " ".join(name.split()))
    target.write_text("\n".join(lines) + "\n", encoding="ascii", errors="replace", newline="\n")
    return target


def _whole_faces(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Faces with three different corners: rounding can bring two together, and their neighbours then meet."""
    corners = vertices[faces]
    apart = [(corners[:, i] != corners[:, (i + 1) % 3]).any(axis=1) for i in range(3)]
    whole: NDArray[np.int32] = faces[np.logical_and.reduce(apart)]
    return whole


def _stl(vertices: NDArray[np.float64], faces: NDArray[np.int32], name: str) -> list[str]:
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(across, axis=1, keepdims=True)
    normals = np.round(across / np.where(lengths > 0, lengths, 1.0), 6) + 0.0
    title = f"{name}; {FRAME}; {PURPOSE}"
    facet = "facet normal %.6f %.6f %.6f\nouter loop\n" + "vertex %.4f %.4f %.4f\n" * 3 + "endloop\nendfacet"
    body = [facet % tuple(row) for row in np.hstack([normals, corners.reshape(-1, 9)]).tolist()]
    return [f"solid {title}", *body, f"endsolid {title}"]


def _obj(vertices: NDArray[np.float64], faces: NDArray[np.int32], name: str) -> list[str]:
    head = [f"# {PURPOSE}", f"# {FRAME}", f"o {name}"]
    body = [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in vertices.tolist()]
    return head + body + [f"f {a} {b} {c}" for a, b, c in (faces + 1).tolist()]
