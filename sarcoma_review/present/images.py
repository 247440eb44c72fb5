"""The images of one viewer, all in the patient space of the first: one beside it, one fused with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import GeometryError, PresentationError
from sarcoma_review.planning import Registration
from sarcoma_review.planning.lattice import resampled
from sarcoma_review.present import wire
from sarcoma_review.present.windows import Window, presets
from sarcoma_review.volume import Volume, require_clearance, require_same_space

Role = Literal["first", "beside", "fusion"]

_NOT_RIGID = 1e-3
_LONGEST_LABEL = 24


@dataclass(frozen=True, eq=False)
class Image:
    """One image of a viewer.

    Parameters
    ----------
    role : {"first", "beside", "fusion"}
    label : str
        What the views call it where there are several.
    volume : Volume
        Its affine leads to the first image's patient space.
    """

    role: Role
    label: str
    volume: Volume

    @cached_property
    def presets(self) -> dict[str, Window]:
        """The windows it can be shown in, by name."""
        return presets(self.volume)

    @cached_property
    def pixels(self) -> wire.Pixels:
        """Its voxels, as they travel."""
        return wire.encode(self.volume.array)

    def words(self) -> dict[str, Any]:
        """All but its voxels, for a page."""
        return {
            "id": self.pixels.id,
            "role": self.role,
            "label": self.label,
            "shape": self.volume.shape,
            "affine": self.volume.affine.ravel().tolist(),
            "slope": self.pixels.slope,
            "intercept": self.pixels.intercept,
            "blank": self.pixels.blank,
            "modality": self.volume.modality,
            "units": self.volume.units,
            "preview_step": wire.preview_step(self.pixels),
            "presets": [{"name": name, "window": window} for name, window in self.presets.items()],
        }


def images(
    volume: Volume,
    *,
    beside: Volume | None,
    registration: Registration | ArrayLike | None,
    fusion: Volume | None,
    labels: Sequence[str],
) -> tuple[Image, ...]:
    """Bring the images of a viewer into one patient space.

    Parameters
    ----------
    volume : Volume
        The first.
    beside : Volume, optional
        Shown on its own slices, where the first image's positions are in it.
    registration : Registration or array_like, shape (4, 4), optional
        Takes positions of `volume` to positions of `beside`, LPS mm.
    fusion : Volume, optional
        Laid over the first image; interpolated onto its grid where it lies on another.
    labels : sequence of str
        Of the images given, in this order; their modalities by default, or descriptions, where those differ.

    Raises
    ------
    PrivacyError
        If an image did not come through the privacy gate.
    GeometryError
        If frames of reference differ and no registration brings them together, or the registration is not rigid.
    PresentationError
        If a registration is given without an image beside, or there are more labels than images.
    """
    for each in (volume, beside, fusion):
        if each is not None:
            require_clearance(each, "The viewer")
    if registration is not None and beside is None:
        raise PresentationError("a registration leads to the image beside: expected beside=..., found none")
    found: list[tuple[Role, Volume]] = [("first", volume)]
    found += [("beside", _beside(volume, beside, registration))] if beside is not None else []
    found += [("fusion", _fused(volume, fusion))] if fusion is not None else []
    names = _labels([each for _, each in found], [role for role, _ in found], labels)
    return tuple(Image(role, name, each) for (role, each), name in zip(found, names, strict=True))


def _beside(volume: Volume, beside: Volume, registration: Registration | ArrayLike | None) -> Volume:
    if registration is None:
        require_same_space(volume, beside, "the image beside")
        return beside
    if isinstance(registration, Registration):
        _require_frames(volume, beside, registration)
        registration = registration.transform
    affine = np.linalg.inv(_rigid(registration)) @ beside.affine
    return replace(beside, affine=affine, frame_of_reference_uid=volume.frame_of_reference_uid, slice_uids=())


def _require_frames(volume: Volume, beside: Volume, registration: Registration) -> None:
    for each, uid, what in (
        (volume, registration.fixed_frame_uid, "the first image and the registration's fixed image"),
        (beside, registration.moving_frame_uid, "the image beside and the registration's moving image"),
    ):
        require_same_space(each, replace(each, frame_of_reference_uid=uid), what)


def _rigid(transform: ArrayLike) -> NDArray[np.float64]:
    matrix = np.asarray(transform, np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or not np.allclose(matrix[3], (0, 0, 0, 1)):
        raise GeometryError(f"a registration is 4 x 4 with a last row of 0 0 0 1, found shape {matrix.shape}")
    off = float(np.abs(matrix[:3, :3].T @ matrix[:3, :3] - np.eye(3)).max())
    if off > _NOT_RIGID or np.linalg.det(matrix[:3, :3]) < 0:
        raise GeometryError(
            f"a registration shown side by side is rigid: "
            f"expected a turn within {_NOT_RIGID:g}, found {off:.3g} off; "
            "resample the image onto the first instead"
        )
    return matrix


def _fused(volume: Volume, fusion: Volume) -> Volume:
    require_same_space(volume, fusion, "the fused image")
    if fusion.grid.same_as(volume.grid):
        return fusion
    still = replace(fusion, array=fusion.array.astype(np.float32))
    array = resampled(still, volume.grid, np.eye(4), interpolation="linear", outside=float("nan"))
    return replace(fusion, array=array, affine=volume.affine, slice_uids=())


def _labels(volumes: Sequence[Volume], roles: Sequence[str], given: Sequence[str]) -> list[str]:
    if len(given) > len(volumes):
        raise PresentationError(f"expected up to {len(volumes)} labels, one for each image, found {len(given)}")
    modalities, descriptions = ([getattr(each, name) for each in volumes] for name in ("modality", "description"))
    apart = (names for names in (modalities, descriptions) if all(names) and len(set(names)) == len(names))
    names = [name[:_LONGEST_LABEL] for name in next(apart, list(roles))]
    return [*given, *names[len(given) :]]
