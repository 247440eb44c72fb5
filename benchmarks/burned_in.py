"""How much burned-in text is found, on stamps that are known: 9 to 28 px high, of contrasts from 25 to 230 of 255.

Pictures: CT and MR among pydicom's packaged files, plain films (``RG*`` in the folder given as an argument) and
slices of the shipped phantom. Each picture carries one stamp at a time, lighter or darker than what
lies under it, and once a marker of the side. A stamp counts as found when more than half of its box is blanked. A
stamp-less picture with a line that is no marker counts as a false alarm.
"""

import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parents[1]))

from sarcoma_review.privacy import burned_in
from sarcoma_review.privacy.blanking import TextLine, mask
from sarcoma_review.privacy.pictures import decoded
from sarcoma_review.privacy.structure import layout

HERE = Path(__file__).parents[1]
SIZES_PX, CONTRASTS = (9, 11, 13, 16, 20, 28), (25, 50, 90, 160, 230)
TEXTS = ("QUILLFEATHER UNA", "17.05.2008", "ID ZK4711923", "Wexcombe Infirmary", "DOB 03/11/94", "Brambleby, Otto")
MARKERS = ("L", "R", "LT", "RT", "PA", "AP")
PACKAGED = (
    "693_J2KI.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "CT_small.dcm",
    "examples_overlay.dcm",
    "examples_jpeg2k.dcm",
)
PHANTOM = ("CT-2/0060.dcm", "CT-2/0120.dcm", "MR-3/0018.dcm")


@dataclass(frozen=True)
class Stamp:
    """Text, size of its font, contrast in 1/255 of the picture's range; `box` is top, left, bottom, right."""

    text: str
    size_px: int
    contrast: int
    box: tuple[int, int, int, int]


def main() -> None:
    films = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    rng = np.random.default_rng(20261122)
    found: dict[tuple[str, int], list[bool]] = defaultdict(list)
    kept, alarms, seconds = [], {}, []
    for name, picture in pictures(films):
        plain = burned_in.find_text(picture)
        alarms[name] = [line.characters for line in plain if not line.is_marker]
        for stamped, stamp in stamps(picture, rng):
            start = time.process_time()
            lines = burned_in.find_text(stamped)
            seconds.append(time.process_time() - start)
            hit = covered(stamped, lines, stamp.box) > 0.5
            found["px", stamp.size_px].append(hit)
            if stamp.size_px >= 13:
                found["contrast, 13 px and more", stamp.contrast].append(hit)
                found["all of 13 px and more", 0].append(hit)
        for stamped, stamp in marked(picture, rng):
            kept.append(covered(stamped, burned_in.find_text(stamped), stamp.box) == 0)
    show(found, kept, alarms, seconds)


def show(
    found: dict[tuple[str, int], list[bool]], kept: list[bool], alarms: dict[str, list[str]], seconds: list[float]
) -> None:
    for (kind, value), hits in sorted(found.items()):
        print(f"{kind:28}{value or '':>5}  {sum(hits):4} of {len(hits):4} = {np.mean(hits):.1%}")
    print(f"markers kept whole           {sum(kept)} of {len(kept)}")
    flagged = {name: words for name, words in alarms.items() if words}
    print(f"without a stamp, yet lines   {len(flagged)} of {len(alarms)} pictures {flagged}")
    print(f"CPU s per picture            median {np.median(seconds):.2f}, worst {max(seconds):.2f}")


def pictures(films: Path | None) -> Iterator[tuple[str, NDArray[Any]]]:
    """Every picture, by name: one frame, as stored."""
    packaged = Path(pydicom.__file__).parent / "data" / "test_files"
    phantom = HERE / "sample_dicom" / "distal_femur_osteosarcoma" / "dicom"
    places = [*(packaged / name for name in PACKAGED), *(phantom / name for name in PHANTOM)]
    places += sorted(films.glob("RG*")) if films else []
    for place in places:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = layout(place.read_bytes())
            yield place.name, decoded(whole, whole.dataset())[0]


def stamps(picture: NDArray[Any], rng: np.random.Generator) -> Iterator[tuple[NDArray[Any], Stamp]]:
    """The picture with one stamp at a time: every size, at every contrast; of a large picture one in five."""
    step = 5 if picture.shape[0] * picture.shape[1] > 1_000_000 else 1
    chosen = [(size_px, contrast) for size_px in SIZES_PX for contrast in CONTRASTS]
    for size_px, contrast in chosen[int(rng.integers(step)) :: step]:
        stamped = stamp_on(picture, str(rng.choice(TEXTS)), size_px, contrast=contrast, rng=rng)
        if stamped is not None:
            yield stamped


def marked(picture: NDArray[Any], rng: np.random.Generator) -> Iterator[tuple[NDArray[Any], Stamp]]:
    """The picture with one marker of the side at a time, readable as such."""
    for text in MARKERS:
        stamped = stamp_on(
            picture, text, int(rng.choice((16, 20, 28))), contrast=int(rng.choice((160, 230))), rng=rng
        )
        if stamped is not None:
            yield stamped


def stamp_on(
    picture: NDArray[Any], text: str, size_px: int, *, contrast: int, rng: np.random.Generator
) -> tuple[NDArray[Any], Stamp] | None:
    """Write on a copy, in the direction in which the contrast fits; None where the text is wider than the picture."""
    font = ImageFont.load_default(size_px)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
    height, width = bottom - top, right - left
    rows, columns = picture.shape[:2]
    if height + 4 > rows or width + 4 > columns:
        return None
    ink = Image.new("L", (width, height))
    ImageDraw.Draw(ink).text((-left, -top), text, fill=255, font=font)
    row, column = int(rng.integers(2, rows - height - 1)), int(rng.integers(2, columns - width - 1))
    place = (slice(row, row + height), slice(column, column + width))
    low, high = np.percentile(picture, (0.5, 99.5))
    step = contrast / 255 * (high - low)
    under = picture[place].astype(float)
    lighter = under.mean() < (low + high) / 2
    limits = np.iinfo(picture.dtype)
    weight = np.asarray(ink, float)[..., None] / 255 if picture.ndim == 3 else np.asarray(ink, float) / 255
    level = float(under.mean()) + (step if lighter else -step)
    stamped = picture.copy()
    stamped[place] = (under + weight * (np.clip(level, limits.min, limits.max) - under)).astype(picture.dtype)
    return stamped, Stamp(text, size_px, contrast, (row, column, row + height, column + width))


def covered(picture: NDArray[Any], lines: list[TextLine], box: tuple[int, int, int, int]) -> float:
    """The share of a box that blanking takes."""
    taken = mask(picture.shape[:2], lines)
    top, left, bottom, right = box
    return float(taken[top:bottom, left:right].mean())


if __name__ == "__main__":
    main()
