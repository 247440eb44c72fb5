"""Text burned into a picture: found by a detector, read by a recogniser, and blanked line by line.

Both run on this machine with the models that come in rapidocr's wheel; nothing is fetched. A few stamps in a hundred
are missed, so a picture of a kind that habitually carries text is released only after a person has looked
(`contact_sheet`).
"""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.blanking import Box, TextLine, slices_of

MARKERS = frozenset(
    ("L", "R", "LT", "RT", "LE", "RE", "LI", "PA", "AP", "LL", "RL", "LAT", "OBL", "LEFT", "RIGHT", "ERECT", "SUPINE")
)
"""What marks a side, a direction or a view, and names nobody."""

INSTALL = "text in pictures cannot be looked for: install the extra, sarcoma_review[ocr]"

_MODELS = {"Det": "PP-OCRv6_det_small.onnx", "Rec": "PP-OCRv6_rec_small.onnx"}
_THREADS = 2
_TAKEN_FOR_L = str.maketrans("1I", "LL")
_SMALLEST_PX, _TALLEST_PX = 12, 48
_WHOLE_PX, _TILE_PX, _OVERLAP_PX = 1280, 960, 128
# Strokes of text are thinner than this; what is wider is anatomy.
_STROKE_PX = 15
_SURE, _READABLE = 0.6, 0.5


@dataclass(frozen=True)
class _Candidate:
    box: Box
    score: float
    view: int


def is_available() -> bool:
    """Say whether the extra that reads pictures is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


def find_text(image: NDArray[Any], *, quick: bool = False) -> list[TextLine]:
    """Find the lines of text in one picture, lighter or darker than what lies under them.

    The picture is looked at in its ordinary window, with the local contrast evened out, with dark strokes alone, and
    in its full range where that is far wider; a large one whole and in tiles.

    Parameters
    ----------
    image : ndarray, shape (rows, columns) or (rows, columns, samples)
        Stored values.
    quick : bool
        Only two views, for slices that seldom carry text: half the time, and about one stamp in twenty missed.

    Raises
    ------
    PrivacyError
        If the extra that reads pictures is not installed.

    Notes
    -----
    Of stamps 13 px high and more about one in fifty is missed, and fine structure (trabeculae, a grid) is at times
    taken for text: ``benchmarks/burned_in.py`` counts both.
    """
    grey = in_grey(image)
    if min(grey.shape) < _SMALLEST_PX or grey.min() == grey.max():
        return []
    views = _views(grey)[: 2 if quick else None]
    candidates = [found for n, view in enumerate(views) for found in _detected(view, n)]
    lines = (_read(group, views) for group in _grouped(candidates))
    return [line for line in lines if line is not None]


def in_grey(image: NDArray[Any]) -> NDArray[np.float32]:
    """One value for each pixel of a picture: the mean of its colours, where it has any."""
    grey: NDArray[np.float32] = image.astype(np.float32)
    return grey if image.ndim == 2 else grey[..., :3].mean(axis=-1)


def _views(grey: NDArray[np.float32]) -> list[NDArray[np.uint8]]:
    low, high = (float(value) for value in np.percentile(grey, (1, 99)))
    ordinary = windowed(grey, low, high)
    views = [ordinary, _evened(grey), _dark_strokes(ordinary)]
    least, most = float(grey.min()), float(grey.max())
    return [*views, windowed(grey, least, most)] if most - least > 1.5 * (high - low) else views


def windowed(grey: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Stretch the values from `low` to `high` over 0 to 255."""
    scaled = (grey - low) * (255 / max(high - low, 1e-6))
    window: NDArray[np.uint8] = np.clip(scaled, 0, 255).astype(np.uint8)
    return window


def _evened(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The local contrast made the same everywhere, as far as noise allows."""
    low, high = (float(value) for value in np.percentile(grey, (0.2, 99.8)))
    window = windowed(grey, low, high).astype(np.float32)
    apart = window - ndimage.gaussian_filter(window, 12)
    spread = np.sqrt(ndimage.gaussian_filter(apart**2, 12)) + 6
    even: NDArray[np.uint8] = np.clip(128 + 40 * apart / spread, 0, 255).astype(np.uint8)
    return even


def _dark_strokes(window: NDArray[np.uint8]) -> NDArray[np.uint8]:
    strokes: NDArray[np.uint8] = ndimage.black_tophat(window, size=(_STROKE_PX, _STROKE_PX))
    return np.minimum(strokes, 85) * np.uint8(3)


def _detected(view: NDArray[np.uint8], number: int) -> Iterator[_Candidate]:
    """Look at a view whole, and at a large one in tiles too."""
    step = max(1, -(-max(view.shape) // _WHOLE_PX))
    whole = view if step == 1 else ndimage.uniform_filter(view, step)[::step, ::step]
    yield from _placed(whole, number, step, (0, 0))
    if step > 1:
        for top in _starts(view.shape[0]):
            for left in _starts(view.shape[1]):
                yield from _placed(view[top : top + _TILE_PX, left : left + _TILE_PX], number, 1, (top, left))


def _starts(length: int) -> list[int]:
    last = max(0, length - _TILE_PX)
    count = -(-last // (_TILE_PX - _OVERLAP_PX))
    return [round(last * n / count) for n in range(count + 1)] if count else [0]


def _placed(tile: NDArray[np.uint8], number: int, step: int, corner: tuple[int, int]) -> Iterator[_Candidate]:
    found = _engine()(_coloured(tile), use_det=True, use_cls=False, use_rec=False)
    tallest = max(tile.shape[0] / 3, _TALLEST_PX / step)  # a frame around the picture is taken for a letter O
    for corners, score in zip(found.boxes if found.boxes is not None else (), found.scores or (), strict=True):
        (left, top), (right, bottom) = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
        box = (top * step + corner[0], left * step + corner[1], bottom * step + corner[0], right * step + corner[1])
        if corners[:, 1].max() - corners[:, 1].min() <= tallest:
            yield _Candidate((int(box[0]), int(box[1]), int(box[2]), int(box[3])), float(score), number)


def _grouped(candidates: list[_Candidate]) -> list[list[_Candidate]]:
    """Put together what the views found of one line."""
    groups: list[list[_Candidate]] = []
    for candidate in candidates:
        near = [group for group in groups if any(_same_line(candidate.box, other.box) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([candidate, *(other for group in near for other in group)])
    return groups


def _same_line(one: Box, other: Box) -> bool:
    heights = one[2] - one[0], other[2] - other[0]
    if max(heights) > 3 * min(heights):
        return False
    shared = min(one[2], other[2]) - max(one[0], other[0])
    gap = max(one[1], other[1]) - min(one[3], other[3])
    return shared > 0.5 * min(heights) and gap < 0.3 * min(heights)


def _read(group: list[_Candidate], views: list[NDArray[np.uint8]]) -> TextLine | None:
    """Read a line where it shows best; None where it is no text."""
    tops, lefts, bottoms, rights = zip(*(candidate.box for candidate in group), strict=True)
    box = (max(0, min(tops)), max(0, min(lefts)), max(bottoms), max(rights))
    best = sorted(group, key=lambda candidate: -candidate.score)
    readings = [
        _recognised(views[n][slices_of(box)]) for n in dict.fromkeys(candidate.view for candidate in best[:3])
    ]
    characters, confidence = max(readings, key=lambda reading: reading[1])
    return _judged(box, characters, confidence, best[0].score)


def _judged(box: Box, characters: str, confidence: float, score: float) -> TextLine | None:
    height, width = box[2] - box[0], box[3] - box[1]
    signs = "".join(sign for sign in characters if sign.isalnum())
    few = width <= 1.5 * height * max(1, len(signs))
    if (
        confidence >= _READABLE
        and few
        and (len(signs) == 1 or {signs.upper(), signs.upper().translate(_TAKEN_FOR_L)} & MARKERS)
    ):
        return TextLine(box, characters, is_marker=True)
    if (len(signs) >= 2 and confidence >= _READABLE) or (score >= _SURE and width > 1.8 * height):
        return TextLine(box, characters, is_marker=False)
    return None


def _recognised(crop: NDArray[np.uint8]) -> tuple[str, float]:
    if not crop.size:
        return "", 0.0
    read = _engine()(_coloured(crop), use_det=False, use_cls=False, use_rec=True)
    return (read.txts[0], float(read.scores[0])) if read.txts else ("", 0.0)


def _coloured(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(np.ascontiguousarray(grey)[..., None], 3, axis=2)


@lru_cache(maxsize=1)
def _engine() -> Any:
    if not is_available():
        raise PrivacyError(INSTALL)
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    paths = {f"{part}.model_path": str(models / name) for part, name in _MODELS.items()}
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": _THREADS for kind in ("intra", "inter")}
    # A model that is not in its place would be fetched: refuse instead.
    if not all(Path(path).is_file() for path in paths.values()):
        raise PrivacyError("the models of rapidocr are not where its wheel puts them: install version 3.10")
    return rapidocr.RapidOCR(params={"Global.log_level": "critical", "Global.text_score": 0.0, **paths, **threads})
