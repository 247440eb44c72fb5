"""Images of one plane that are more than one volume: which image belongs to which."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import numpy as np

from sarcoma_review.dicom.instance import SPLIT_KEYS, Instance
from sarcoma_review.dicom.placing import along_mm, fit, places

_FEW = 4
"""The most parts of one irregular stack: more are slabs of one scan rather than scans of their own."""

_LEAST = 3
_TIMES = ("TriggerTime", "AcquisitionTime")

Part = list[Instance]


def parted(images: Part) -> list[Part]:
    """Part images of one grid so that no two of a part share a place, nor two scans make one uneven stack.

    Parameters
    ----------
    images : list of Instance
        As `placing.same_plane` parts them.

    Returns
    -------
    list of list of Instance
        The images whole, where nothing in them tells the volumes apart.
    """
    if len(images) == 1:
        return [images]
    if most_in_one_place(images) == 1:
        return _scans(images)
    parts = _by_keys(images)
    if parts:
        return [finer for part in parts for finer in parted(part)]
    return _by_rank(images) or _by_runs(images) or [images]


def by_place(images: Part) -> list[Part]:
    """Images of each place, in order along the normal; within one, as they came."""
    crowds: dict[int, Part] = defaultdict(list)
    for image, place in zip(images, places(images), strict=True):
        crowds[place].append(image)
    return [crowds[place] for place in sorted(crowds)]


def interleaved(images: Sequence[Instance]) -> tuple[str, ...]:
    """What to know of a regular stack that two or more acquisitions make up between them, slice by slice."""
    parts = _values(images, SPLIT_KEYS.index("AcquisitionNumber"))
    if not 2 <= len(parts) <= _FEW or min(map(len, parts)) < _LEAST:
        return ()
    spans = [(min(along), max(along)) for along in (along_mm([images[0], *part])[1:] for part in parts)]
    apart = all(one[1] < other[0] or other[1] < one[0] for one, other in combinations(spans, 2))
    return () if apart else (f"slices of {len(parts)} acquisitions lie between one another: movement may show",)


def between(part: Part, parts: Sequence[Part]) -> tuple[str, ...]:
    """What to know of a stack between whose slices lie those of another that share no place with it."""
    others = [other for other in parts if other is not part and len(other) >= _LEAST]
    if len(others) >= _FEW or not any(_lies_between(part, other) for other in others):
        return ()
    return ("slices of another volume of this series lie between these: two scans, or one with slices missing",)


def _lies_between(part: Part, other: Part) -> bool:
    along = along_mm([*part, *other])
    own, its = along[: len(part)], along[len(part) :]
    within = (its > own.min()) & (its < own.max())
    return bool(within.any()) and most_in_one_place([*part, *other]) == 1


def most_in_one_place(images: Sequence[Instance]) -> int:
    """How many images lie in the fullest place."""
    return max(Counter(places(images)).values())


def _values(images: Sequence[Instance], key: int) -> list[Part]:
    parts: dict[str, Part] = defaultdict(list)
    for image in images:
        parts[image.split_values[key]].append(image)
    return list(parts.values())


def _by_keys(images: Part) -> list[Part]:
    """The first key whose values part every crowd cleanly; a key that differs from slice to slice does not."""
    most = most_in_one_place(images)
    for key in range(len(images[0].split_values)):
        parts = _values(images, key)
        if 1 < len(parts) <= most and sum(map(most_in_one_place, parts)) == most:
            return parts
    return []


def _scans(images: Part) -> list[Part]:
    """Scans that interleave or follow one another unevenly, parted by a key or by runs of InstanceNumber."""
    if len(images) < 2 * _LEAST or fit(images).fault is None:
        return [images]
    tried = [_values(images, key) for key in range(len(images[0].split_values))]
    for parts in [*tried, _runs(images)]:
        if 2 <= len(parts) <= _FEW and min(map(len, parts)) >= _LEAST and _stand_alone(parts):
            return parts
    return [images]


def _stand_alone(parts: list[Part]) -> bool:
    """Each part a regular stack, and no two of them one together: else the key tells slabs of one scan apart."""
    return all(fit(part).fault is None for part in parts) and all(
        fit(one + other).fault is not None for one, other in combinations(parts, 2)
    )


def _runs(images: Part) -> list[Part]:
    """Runs of InstanceNumber that go one way along the normal; the images whole where the numbers tell no runs.

    For a run begins anew by going back: an image that follows one of its own place is a second image of that place.
    """
    ordered = sorted(images, key=_number)
    ways = np.sign(np.diff(places(ordered)))
    if not ways.all() or len({image.number for image in images}) < len(images):
        return [images]
    usual = 1 if ways.sum() >= 0 else -1
    cuts = [0, *(int(k) + 1 for k in np.flatnonzero(ways != usual)), len(ordered)]
    return [ordered[start:stop] for start, stop in pairwise(cuts)]


def _by_runs(images: Part) -> list[Part]:
    """Runs of InstanceNumber that each visit a place once, where one run more or less covers part of the places."""
    parts = _runs(images)
    clean = len(parts) == most_in_one_place(images) and all(most_in_one_place(part) == 1 for part in parts)
    return parts if clean and min(map(len, parts)) >= _LEAST else []


def _by_rank(images: Part) -> list[Part]:
    """Volumes of a dynamic or gated series: the first image of each place, the second of each, and so on.

    Which comes first is told by trigger or acquisition time, or by InstanceNumber where it runs through the
    volumes one after another, or through the times of one place after another.
    """
    crowds = by_place(images)
    if len({len(crowd) for crowd in crowds}) != 1:
        return []
    for order in (*(_clock(name) for name in _TIMES), _number):
        told = [sorted(crowd, key=order) for crowd in crowds]
        if all(len({order(image) for image in crowd}) == len(crowd) for crowd in crowds):
            parts = [list(part) for part in zip(*told, strict=True)]
            if order is not _number or _consecutive(parts) or _consecutive(told):
                return parts
    return []


def _consecutive(parts: Sequence[Sequence[Instance]]) -> bool:
    """Whether each part has numbers of its own, none of another's between them."""
    numbers = sorted((image.number, n) for n, part in enumerate(parts) for image in part)
    changes = sum(one[1] != other[1] for one, other in pairwise(numbers))
    return len({number for number, _ in numbers}) == len(numbers) and changes == len(parts) - 1


def _number(image: Instance) -> float:
    return float(image.number)


def _clock(name: str) -> Callable[[Instance], float]:
    key = SPLIT_KEYS.index(name)

    def read(image: Instance) -> float:
        try:
            return float(image.split_values[key])
        except ValueError:
            return 0.0  # equal for all without a time, which then tells nothing apart

    return read
