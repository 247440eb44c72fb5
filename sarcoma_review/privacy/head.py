"""Whether a head lies in the field of view: a face can be drawn from it, and recognised.

By the words of the header, and by the shape of what is in the air: a dome that closes at the top, as wide as a head;
in CT also a ring of bone around brain. Nothing here makes a face anonymous: what is flagged stays closed to export
until it is cropped below the orbits (`cropped_below`), or somebody signs for it (`heads.sign_heads`).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy import ndimage

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.head_words import named
from sarcoma_review.volume import Volume

_AIR_HU, _BONE_HU = -300.0, 250.0
_BRAIN_HU, _BRAIN_CM2, _BRAIN_MM, _RING_CM2 = (-10.0, 90.0), 60.0, 30.0, 6.0
_HEAD_CM2, _DOME_MM = (130.0, 420.0), 140.0
_FULL, _CLOSED, _ROUND_MM = 0.85, 0.35, 20.0
_STEP_MM = (4.0, 3.0, 3.0)
_CUT_MM = 60.0


def in_field_of_view(headers: Sequence[Dataset], volume: Volume | None = None) -> str:
    """Say why images may show a head; empty where nothing says so.

    Parameters
    ----------
    headers : sequence of Dataset
        Of images of one series; nothing of their values is repeated in the answer.
    volume : Volume, optional
        The images in patient space, acquired in any direction; HU in CT. Without it the words alone decide.

    Notes
    -----
    An empty answer is no proof: a face without the vault of the skull, or of which a thin slab alone was acquired, is
    not seen where no word says so.

    Examples
    --------
    >>> header = Dataset()
    >>> header.BodyPartExamined = "SKULL"
    >>> in_field_of_view([header])
    'the header names the head (BodyPartExamined)'
    """
    words = next(filter(None, map(named, headers)), "")
    return words or (_shown(volume) if volume is not None else "")


def cropped_below(volume: Volume, height_mm: float) -> Volume:
    """Restrict a volume to what lies below the orbits: it may then leave this machine.

    Whole planes of voxels are taken away along the axis of the volume nearest to the patient's: every voxel that
    stays lies below the height with all its corners, and where it lay before. `issues` records the height.

    Parameters
    ----------
    volume : Volume
    height_mm : float
        Just below the lower rims of the orbits, in patient z (LPS mm, growing toward the head), as read off by a
        person.

    Raises
    ------
    PrivacyError
        If nothing would be taken away or nothing would stay, or the rest still has the shape of a head.
    """
    axis = volume.grid.anatomical_axes[2]
    highest_mm = _highest_corners(volume, axis)
    (stays,) = np.nonzero(highest_mm <= height_mm)
    if stays.size in (0, volume.shape[axis]):
        low, high = highest_mm.min(), highest_mm.max()
        raise PrivacyError(
            f"a crop below the orbits takes part of a volume: expected a height from {low:.0f} to {high:.0f} mm, "
            f"found {height_mm:.0f} mm"
        )
    first = int(stays[0])
    kept = tuple(slice(first, int(stays[-1]) + 1) if n == axis else slice(None) for n in range(3))
    affine = volume.affine.copy()
    affine[:3, 3] += first * affine[:3, axis]
    said = f"cropped below {height_mm:.1f} mm, under the orbits: {stays.size} of {volume.shape[axis]} planes left"
    uids = volume.slice_uids[kept[0]] if volume.slice_uids else ()
    cropped = replace(
        volume,
        array=volume.array[kept], affine=affine, slice_uids=uids, head="", issues=(*volume.issues, said),
    )  # fmt: skip
    if reason := _shown(cropped):
        raise PrivacyError(f"what is left below {height_mm:.0f} mm still looks like a head: {reason}")
    return cropped


def _highest_corners(volume: Volume, axis: int) -> NDArray[np.float64]:
    """The patient's z, in mm, of the highest corner of each plane of voxels along an axis."""
    along_z = volume.affine[2, :3]
    others = [n for n in range(3) if n != axis]
    reach = sum(float(max(-0.5 * along_z[n], (volume.shape[n] - 0.5) * along_z[n])) for n in others)
    planes = np.arange(volume.shape[axis]) * along_z[axis] + volume.affine[2, 3]
    highest: NDArray[np.float64] = planes + (reach + 0.5 * abs(float(along_z[axis])))
    return highest


def _shown(volume: Volume) -> str:
    """What in the picture itself has the shape of a head."""
    slices, covered = _upright(volume)
    if volume.modality == "CT" and _holds_brain(slices):
        return "bone closes around what has the density of brain"
    return "the outline closes at the top as a head does" if _has_dome(slices, covered) else ""


def _upright(volume: Volume) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The volume on a coarse grid along the patient's axes, from the feet upwards, and what of it was acquired."""
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in volume.shape])).reshape(3, -1).T
    corners = volume.position_mm(ends)
    low, high = corners.min(axis=0), corners.max(axis=0)
    step = np.array(_STEP_MM)
    shape = tuple(int(n) for n in (high - low)[::-1] // step + 1)
    inverse = np.linalg.inv(volume.affine)
    matrix = inverse[:3, 2::-1] * step
    offset = volume.index(low)
    acquired = np.broadcast_to(np.uint8(1), volume.shape)  # one byte for all of them
    least = np.nanmin(volume.array)
    slices = ndimage.affine_transform(
        volume.array, matrix, offset, shape, order=0, mode="constant", cval=least, output=np.float32
    )
    covered = ndimage.affine_transform(acquired, matrix, offset, shape, order=0, mode="constant", cval=0)
    return np.nan_to_num(slices, nan=float(least)), covered > 0


def _holds_brain(slices: NDArray[np.float32]) -> bool:
    """Whether bone encloses a wide space with the density of brain, over some height."""
    dz, dy, dx = _STEP_MM
    pixel_cm2 = dy * dx / 100
    run = longest = 0
    for image in slices:
        run = run + 1 if _encloses_brain(image, pixel_cm2) else 0
        longest = max(longest, run)
    return longest * dz >= _BRAIN_MM


def _encloses_brain(image: NDArray[np.float32], pixel_cm2: float) -> bool:
    bone = image > _BONE_HU
    if bone.sum() * pixel_cm2 < _RING_CM2:
        return False
    shell = ndimage.binary_closing(np.pad(bone, 3), iterations=2)[3:-3, 3:-3]
    inside = ndimage.binary_fill_holes(shell) & ~shell
    brain = inside & (image > _BRAIN_HU[0]) & (image < _BRAIN_HU[1])
    return bool(brain.sum() * pixel_cm2 >= _BRAIN_CM2 and brain.sum() >= 0.7 * inside.sum())


def _has_dome(slices: NDArray[np.float32], covered: NDArray[np.bool_]) -> bool:
    """Whether one body, as wide as a head, closes within the height of a head below the top of the slices."""
    dz, dy, dx = _STEP_MM
    least, threshold = _threshold(slices)
    top = slice(-int(_DOME_MM // dz) - 1, None)
    body = np.array([_largest(image > threshold) for image in slices[top]])
    areas_cm2 = body.sum(axis=(1, 2)) * dy * dx / 100
    widest = int(np.argmax(areas_cm2))
    above = body[widest:]
    if not _HEAD_CM2[0] <= areas_cm2[widest] <= _HEAD_CM2[1] or not _is_round(areas_cm2[widest:]):
        return False
    if _cut_mm(body[widest], covered[top][widest]) > _CUT_MM:
        return False
    in_air = covered[top][widest:] & (slices[top][widest:] < (least + threshold) / 2)
    return _ends_in(in_air, above)


def _is_round(areas_cm2: NDArray[np.float64]) -> bool:
    """Whether sections shrink from the widest as those of a dome do; where a coil's reach ends, they end at once."""
    full, closed = np.flatnonzero(areas_cm2 >= _FULL * areas_cm2[0]), areas_cm2 <= _CLOSED * areas_cm2[0]
    return bool(closed.any() and (int(np.argmax(closed)) - full[-1]) * _STEP_MM[0] >= _ROUND_MM)


def _cut_mm(section: NDArray[np.bool_], covered: NDArray[np.bool_]) -> float:
    """How long the border of what was acquired runs through a section: a shoulder is cut from its trunk."""
    rim = covered & ~ndimage.binary_erosion(covered)
    return float((section & rim).sum() * _STEP_MM[1])


def _ends_in(air: NDArray[np.bool_], body: NDArray[np.bool_]) -> bool:
    """Whether it is air that lies just above a body: not the border of an oblique stack, nor a coil's fading edge."""
    above = np.zeros_like(body)
    above[2:] = body[:-2]
    above &= ~ndimage.binary_dilation(body)
    return bool(above.any() and air[above].mean() > 0.5)


def _threshold(slices: NDArray[np.float32]) -> tuple[float, float]:
    """Air, and what lies between air and body: fixed in HU, by the bulk of the values in MR."""
    least, most = float(slices.min()), float(np.percentile(slices, 99))
    return (2 * _AIR_HU, _AIR_HU) if least < -500 else (least, least + 0.1 * (most - least))


def _largest(body: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part, its hollows filled."""
    labels, count = ndimage.label(body)
    if not count:
        return body
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    filled: NDArray[np.bool_] = ndimage.binary_fill_holes(labels == sizes.argmax())
    return filled
