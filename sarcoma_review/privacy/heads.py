"""Heads in the images of a case: looked for when it is written, noted in its receipt, and signed for by a person."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from sarcoma_review.errors import PrivacyError, SarcomaReviewError, UnsupportedError
from sarcoma_review.privacy.audit import note_heads
from sarcoma_review.privacy.objects import SECTIONS
from sarcoma_review.privacy.receipt import is_sealed, read_entries, restate, verify_receipt
from sarcoma_review.privacy.signature import known_role
from sarcoma_review.privacy.structure import Layout, layout
from sarcoma_review.privacy.treatments import PARSE_ERRORS
from sarcoma_review.privacy.work import Done
from sarcoma_review.volume import Volume

_MOST_SLICES, _FEWEST_SLICES = 64, 5
_UNJUDGED = "its pixels could not be looked at for a head"


@dataclass(frozen=True)
class _Plane:
    """One image in patient space: position and directions in mm, as the header says."""

    position: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    values: NDArray[np.float32]

    @property
    def normal(self) -> NDArray[np.float64]:
        normal = np.cross(self.across, self.down)
        return normal / np.linalg.norm(normal)


def with_heads(done: Sequence[Done], folder: Path) -> list[Done]:
    """Note in each image's entry why its series may show a head, or that nothing says so.

    Parameters
    ----------
    done : sequence of Done
        What became of each file; those that were written lie in `folder` by their number. An entry holds what the
        words of the source say.
    folder : Path
    """
    series: dict[str, list[Done]] = defaultdict(list)
    for one in done:
        if not one.reason and one.kind in SECTIONS:
            series[one.series].append(one)
    found = {uid: _head(images, folder) for uid, images in series.items()}
    return [
        replace(one, entry=one.entry | {"head": found[one.series]}) if one.series in found and one.entry else one
        for one in done
    ]


def _head(images: Sequence[Done], folder: Path) -> str:
    """By the words of any image, or by the shape of what some dozens of them show."""
    if words := next(filter(None, (str(one.entry.get("head", "")) for one in images)), ""):
        return words
    # Only where there are pixels to look at: scipy takes a while to load.
    from sarcoma_review.privacy.head import in_field_of_view

    chosen = np.unique(np.linspace(0, len(images) - 1, min(len(images), _MOST_SLICES)).round().astype(int))
    try:
        stacks = _stacks([layout((folder / images[n].file).read_bytes()) for n in chosen], images[0].kind)
        return next(filter(None, (in_field_of_view([], stack) for stack in stacks)), "")
    except (*PARSE_ERRORS, SarcomaReviewError):
        return _UNJUDGED


def _stacks(layouts: Sequence[Layout], modality: str) -> Iterator[Volume]:
    """The images of a series, one volume for each direction in which they lie."""
    directions: dict[tuple[float, ...], list[_Plane]] = defaultdict(list)
    for whole in layouts:
        for plane in _planes(whole):
            size = (*plane.values.shape, *np.round([*plane.across, *plane.down], 2).tolist())
            directions[size].append(plane)
    if not directions:
        raise UnsupportedError("no image says where it lies")
    return (_stacked(planes, modality) for planes in directions.values() if len(planes) >= _FEWEST_SLICES)


def _stacked(planes: list[_Plane], modality: str) -> Volume:
    """Images at even distances, the nearest one standing for each place: coarse, and blind to gaps."""
    first = planes[0]
    heights = np.array([plane.position @ first.normal for plane in planes])
    order = np.argsort(heights, kind="stable")
    low, high = heights[order[0]], heights[order[-1]]
    lowest, highest = planes[int(order[0])], planes[int(order[-1])]
    count = len(np.unique(heights.round(2)))
    nearest = [int(np.argmin(np.abs(heights - height))) for height in np.linspace(low, high, count)]
    step = (highest.position - lowest.position) / (count - 1) if count > 1 else first.normal
    affine = np.eye(4)
    affine[:3, :3] = np.stack([step, first.down, first.across], axis=1)
    affine[:3, 3] = lowest.position
    return Volume(np.stack([planes[n].values for n in nearest]), affine, modality=modality)


def _planes(whole: Layout) -> Iterator[_Plane]:
    # Decoders of pictures are loaded only where there are pictures to look at.
    from sarcoma_review.privacy.pictures import decoded

    header = whole.dataset()
    frames = decoded(whole, header)
    for number in np.unique(np.linspace(0, len(frames) - 1, min(len(frames), _MOST_SLICES)).round().astype(int)):
        told = _Told.of(header, int(number))
        position, directions = told.numbers("ImagePositionPatient", 3), told.numbers("ImageOrientationPatient", 6)
        spacing = told.numbers("PixelSpacing", 2)
        if position is None or directions is None or spacing is None or frames.ndim != 3:
            continue
        slope, intercept = told.numbers("RescaleSlope", 1), told.numbers("RescaleIntercept", 1)
        values = frames[number].astype(np.float32) * (1.0 if slope is None else float(slope[0]))
        values += 0.0 if intercept is None else float(intercept[0])
        yield _Plane(position, directions[:3] * spacing[1], directions[3:] * spacing[0], values)


@dataclass(frozen=True)
class _Told:
    """What a header says of one frame: in its own functional groups, in those of all frames, or at the root."""

    places: tuple[Dataset, ...]

    @classmethod
    def of(cls, header: Dataset, frame: int) -> "_Told":
        own = (header.get("PerFrameFunctionalGroupsSequence") or ())[frame : frame + 1]
        shared = (header.get("SharedFunctionalGroupsSequence") or ())[:1]
        macros = (
            element.value[0] for group in (*own, *shared) for element in group if element.VR == "SQ" and element.value
        )
        return cls((*macros, header))

    def numbers(self, keyword: str, count: int) -> NDArray[np.float64] | None:
        for place in self.places:
            if place.get(keyword) is not None:
                found = np.atleast_1d(np.array(place[keyword].value, np.float64))
                return found if found.shape == (count,) and np.isfinite(found).all() else None
        return None


def sign_heads(folder: str | Path, by_role: str, on: date) -> int:
    """Sign that what a case shows of heads may leave this machine; receipt and audit say who signed, and when.

    Parameters
    ----------
    folder : path
        Where `deidentify` wrote the case.
    by_role : str
        A role of `signature.Role`, never a name.
    on : date
        The day.

    Returns
    -------
    int
        Images signed for.

    Raises
    ------
    PrivacyError
        If the receipt does not stand as it was written, nothing in it awaits a signature, or the role is none.
    """
    place, role = Path(folder), known_role(by_role)
    if verify_receipt(place) or not is_sealed(place):
        raise PrivacyError("heads are signed for in a case whose receipt stands: de-identify the study first")
    entries = {name: dict(entry) for name, entry in read_entries(place).items()}
    flagged = [name for name, entry in entries.items() if entry.get("head") and not entry.get("head_signed")]
    if not flagged:
        raise PrivacyError("nothing to sign: no head was seen in the case that nobody has signed for")
    signed: dict[str, Any] = {"role": role, "on": on.isoformat()}
    restate(place, entries | {name: entries[name] | {"head_signed": signed} for name in flagged})
    note_heads(place, signed | {"images": len(flagged)})
    return len(flagged)
