"""How much burned-in text is found, on stamps that are known: 9 to 28 px high, of contrasts from 25 to 230 of 255.

Pictures: CT, MR and ultrasound among pydicom's packaged files, slices of the shipped phantom and, of the plain films
(``RG*`` in the folder given as an argument), the first one whole and the middle of another. Each picture carries one
stamp at a time, lighter or darker than what lies under it, and some markers of the side. Sizes and contrasts are
dealt out among the pictures, by a fixed seed, so that each pair comes up alike: the run stays within six minutes of
one processor. A stamp counts as found when more than half of its box is blanked, a marker as kept when none of it
is. A stamp-less picture with a line that is no marker counts as a false alarm.
"""

import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
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
LEAST_PX = 13
SMALL = [(px, contrast) for px in SIZES_PX if px < LEAST_PX for contrast in CONTRASTS]
LARGE = [(px, contrast) for px in SIZES_PX if px >= LEAST_PX for contrast in CONTRASTS]
MARKED = [(px, contrast) for px in (16, 20, 28) for contrast in (160, 230)]
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


@dataclass(frozen=True)
class Seen:
    """What came of one stamp; of a stamp that was missed or a marker that went, which it was."""

    stamp: Stamp
    picture: str
    right: bool

    def __str__(self) -> str:
        return f"{self.stamp.text!r} of {self.stamp.size_px} px and contrast {self.stamp.contrast} on {self.picture}"


def main() -> None:
    films = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    rng = np.random.default_rng(20261122)
    large, small, markers = deck(LARGE, rng), deck(SMALL, rng), deck(MARKED, rng)
    stamped: list[Seen] = []
    kept: list[Seen] = []
    alarms: dict[str, list[str]] = {}
    seconds: list[float] = []
    for name, picture in pictures(films):
        alarms[name] = [line.characters for line in burned_in.find_text(picture) if not line.is_marker]
        share = 2 if picture.shape[0] * picture.shape[1] > 1_000_000 else 1
        for kind, text, count in ((large, TEXTS, 12), (small, TEXTS, 2), (markers, MARKERS, 4)):
            for size_px, contrast in islice(kind, count // share):
                drawn = stamp_on(picture, str(rng.choice(text)), size_px, contrast=contrast, rng=rng)
                if drawn is None:
                    continue
                start = time.process_time()
                share_blanked = covered(drawn[0], burned_in.find_text(drawn[0]), drawn[1].box)
                seconds.append(time.process_time() - start)
                if kind is markers:
                    kept.append(Seen(drawn[1], name, share_blanked == 0))
                else:
                    stamped.append(Seen(drawn[1], name, share_blanked > 0.5))
    show(stamped, kept, alarms, seconds)


def deck(pairs: list[tuple[int, int]], rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Pairs of size and contrast in an order by chance, over and over: each comes up as often as any other."""
    while True:
        for n in rng.permutation(len(pairs)):
            yield pairs[n]


def show(stamped: list[Seen], kept: list[Seen], alarms: dict[str, list[str]], seconds: list[float]) -> None:
    large = [seen for seen in stamped if seen.stamp.size_px >= LEAST_PX]
    groups = [("all of 13 px and more", large)]
    groups += [(f"{px} px", [seen for seen in stamped if seen.stamp.size_px == px]) for px in SIZES_PX]
    groups += [(f"contrast {c}, 13 px and more", [s for s in large if s.stamp.contrast == c]) for c in CONTRASTS]
    groups += [("markers kept whole", kept)]
    for title, group in groups:
        right = sum(seen.right for seen in group)
        print(f"{title:32}{right:4} of {len(group):4} = {right / max(1, len(group)):.1%}")
    print("missed:", *(seen for seen in large if not seen.right), sep="\n  ")
    print("markers blanked:", *(seen for seen in kept if not seen.right), sep="\n  ")
    flagged = {name: words for name, words in alarms.items() if words}
    print(f"without a stamp, yet lines: {len(flagged)} of {len(alarms)} pictures {flagged}")
    print(f"CPU s per picture: median {np.median(seconds):.2f}, worst {max(seconds):.2f}, in all {sum(seconds):.0f}")


def pictures(films: Path | None) -> Iterator[tuple[str, NDArray[Any]]]:
    """Every picture, by name: one frame, as stored."""
    packaged = Path(pydicom.__file__).parent / "data" / "test_files"
    phantom = HERE / "sample_dicom" / "distal_femur_osteosarcoma" / "dicom"
    for place in [*(packaged / name for name in PACKAGED), *(phantom / name for name in PHANTOM)]:
        yield place.name, frame(place)
    of_film = sorted(films.glob("RG*")) if films else []
    for place in of_film[:1]:
        yield place.name, frame(place)
    for place in of_film[1:2]:
        film = frame(place)
        top, left = (n // 2 - 320 for n in film.shape[:2])
        yield f"the middle of {place.name}", film[top : top + 640, left : left + 640]


def frame(place: Path) -> NDArray[Any]:
    """The first frame of a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = layout(place.read_bytes())
        picture: NDArray[Any] = decoded(whole, whole.dataset())[0]
    return picture


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
