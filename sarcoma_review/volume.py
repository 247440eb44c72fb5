"""A volume in patient space: an array, and where it lies.

Index space is ``(slice, row, column)``, zero-based, at voxel centres. Patient space is DICOM's LPS in mm:
+x to the patient's left, +y to the back (posterior), +z to the head (superior). The affine takes
``(slice, row, column, 1)`` to ``(x, y, z, 1)`` and may hold shear (gantry tilt).
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import GeometryError, PrivacyError, ShearedError

if TYPE_CHECKING:
    import SimpleITK as sitk

Clearance = Literal["array", "ungated", "checked", "receipt"]
"""Where pixels come from: made in memory; read past the gate; through it by a clean check, or by a receipt."""

LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
"""The letters of patient space: toward minus and toward plus, for x, y and z."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A lattice of voxel centres in patient space.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns.
    affine : ndarray, shape (4, 4)
        ``(slice, row, column, 1)`` to LPS mm.

    Raises
    ------
    GeometryError
        If the affine is not finite, not 4 x 4 or not invertible, or an axis has no voxel.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4):
            raise GeometryError(f"an affine must be 4 x 4, got {affine.shape}")
        if not np.isfinite(affine).all() or not np.allclose(affine[3], (0, 0, 0, 1)):
            raise GeometryError("an affine must be finite with a last row of 0 0 0 1")
        if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise GeometryError("an affine must be invertible: two axes lie in one direction, or a spacing is 0 mm")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(f"a volume has three axes of at least one voxel, got {tuple(self.shape)}")
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centres along slice, row and column, in mm (along the axis, if sheared)."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(lengths[0]), float(lengths[1]), float(lengths[2])

    @cached_property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in ml, right for sheared grids too."""
        return float(abs(np.linalg.det(self.affine[:3, :3])) / 1000.0)

    def position_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """Patient positions of indices.

        Parameters
        ----------
        index : array_like, shape (..., 3)
            Slice, row, column; fractions lie between voxel centres.

        Returns
        -------
        ndarray, shape (..., 3)
            LPS mm.
        """
        position: NDArray[np.float64] = np.asarray(index, np.float64) @ self.affine[:3, :3].T
        return position + self.affine[:3, 3]

    def index(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """Fractional indices of patient positions, the inverse of `position_mm`.

        Parameters
        ----------
        position_mm : array_like, shape (..., 3)
            LPS mm.

        Returns
        -------
        ndarray, shape (..., 3)
            Slice, row, column; 0.0 is the centre of the first voxel.
        """
        inverse = np.linalg.inv(self.affine)
        index: NDArray[np.float64] = np.asarray(position_mm, np.float64) @ inverse[:3, :3].T
        return index + inverse[:3, 3]

    def same_as(self, other: "Grid", tolerance_mm: float = 1e-3) -> bool:
        """Say whether two grids put every voxel in the same place, within `tolerance_mm`."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape])).reshape(3, -1).T
        apart = np.linalg.norm(self.position_mm(corners) - other.position_mm(corners), axis=1)
        return bool(apart.max() <= tolerance_mm)

    def skew_deg(self, axes: tuple[int, ...] = (0, 1, 2)) -> float:
        """How far from right angles the given index axes meet, in degrees: 0 on a grid without shear."""
        units = self.affine[:3, axes] / np.linalg.norm(self.affine[:3, axes], axis=0)
        skew = float(np.abs(units.T @ units - np.eye(len(axes))).max())
        return float(np.degrees(np.arcsin(min(1.0, skew))))

    @cached_property
    def anatomical_axes(self) -> tuple[int, int, int]:
        """The index axis (0 slice, 1 row, 2 column) nearest to each of patient x, y, z, each used once."""
        cosines = np.abs(self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0))
        chosen: dict[int, int] = {}
        for flat in np.argsort(-cosines, axis=None, kind="stable"):
            patient, axis = divmod(int(flat), 3)
            if patient not in chosen and axis not in chosen.values():
                chosen[patient] = axis
        return chosen[0], chosen[1], chosen[2]

    @cached_property
    def tilt_deg(self) -> float:
        """The largest angle in degrees between an index axis and the patient axis it stands for."""
        units = self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0)
        cosines = [abs(units[patient, axis]) for patient, axis in enumerate(self.anatomical_axes)]
        return float(np.degrees(np.arccos(np.clip(min(cosines), 0.0, 1.0))))


@dataclass(frozen=True, eq=False)
class Volume:
    """An image or a mask in patient space.

    Parameters
    ----------
    array : ndarray, shape (slices, rows, columns)
        Voxel values; boolean for a mask, float in 0 to 1 for a fractional one.
    affine : array_like, shape (4, 4)
        ``(slice, row, column, 1)`` to LPS mm.
    frame_of_reference_uid : str, optional
        Two volumes lie in one space only where this is equal.
    slice_uids : tuple of str
        SOP instance UID of each slice, where there is one.
    modality, description, series_uid, units : str
        As the images say; units such as ``"HU"``.
    clearance : {"array", "ungated", "checked", "receipt"}
        How the pixels got past the privacy gate. Every screen and export refuses ``"ungated"``.
    head : str
        Why a head may lie in the field of view, from which a face can be drawn; empty where nothing says so, or
        somebody has signed for it. Exports refuse such a volume, screens do not.
    issues : tuple of str
        What a reader should know and nothing else says.

    Raises
    ------
    GeometryError
        If the array has not three axes, or the affine is not usable.

    Examples
    --------
    >>> import numpy as np
    >>> ct = Volume(np.zeros((10, 64, 64), np.int16), np.diag([3.0, 0.8, 0.8, 1.0]))
    >>> ct.spacing_mm
    (3.0, 0.8, 0.8)
    >>> ct
    <Volume 10 x 64 x 64, 3.00 x 0.80 x 0.80 mm>
    """

    array: NDArray[Any]
    affine: NDArray[np.float64]
    frame_of_reference_uid: str | None = None
    slice_uids: tuple[str, ...] = field(default=(), kw_only=True)
    modality: str = field(default="", kw_only=True)
    description: str = field(default="", kw_only=True)
    series_uid: str = field(default="", kw_only=True)
    units: str = field(default="", kw_only=True)
    clearance: Clearance = field(default="array", kw_only=True)
    head: str = field(default="", kw_only=True)
    issues: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        if array.ndim != 3:
            raise GeometryError(f"a volume has three axes (slice, row, column), got {array.ndim}")
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "affine", self.grid.affine)

    @cached_property
    def grid(self) -> Grid:
        """The lattice the voxels lie on."""
        shape = np.asarray(self.array).shape
        return Grid((shape[0], shape[1], shape[2]), np.asarray(self.affine, dtype=np.float64))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return self.grid.shape

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centres along slice, row and column, in mm."""
        return self.grid.spacing_mm

    def position_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """Patient positions (LPS mm) of ``(slice, row, column)`` indices; see `Grid.position_mm`."""
        return self.grid.position_mm(index)

    def index(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """Fractional ``(slice, row, column)`` of patient positions; see `Grid.index`."""
        return self.grid.index(position_mm)

    @property
    def ras_affine(self) -> NDArray[np.float64]:
        """The affine to RAS mm, as NIfTI and its tools count: x and y are turned about."""
        affine: NDArray[np.float64] = np.diag([-1.0, -1.0, 1.0, 1.0]) @ self.affine
        return affine

    def to_sitk(self) -> "sitk.Image":
        """A SimpleITK image of these voxels: it counts columns, rows, slices, in the same LPS mm.

        Returns
        -------
        SimpleITK.Image
            With a copy of the voxels; a mask as 0 and 1.

        Raises
        ------
        ShearedError
            If the grid is sheared (gantry tilt), which SimpleITK cannot hold; see `resample_orthogonal`.
        """
        import SimpleITK as sitk  # here, so that the core is quick to import

        require_square_corners(self.grid, "SimpleITK cannot hold a sheared image: this volume's")
        array = self.array.view(np.uint8) if self.array.dtype == bool else self.array
        image = sitk.GetImageFromArray(np.ascontiguousarray(array))
        place_image(image, self.grid)
        return image

    def resample_orthogonal(self, *, outside: float | None = None) -> "Volume":
        """These voxels on a grid with square corners, every slice kept in its own plane.

        Each slice is moved within its plane by a part of a pixel; nothing is interpolated between slices. Positions
        stay exact. Values are linear between pixels of one slice, which blurs by at most one pixel.

        Parameters
        ----------
        outside : float, optional
            Value of voxels that no slice covers; the least value of the volume where not given.

        Returns
        -------
        Volume
            Larger by what the slices overhang, and without what lies before a slice's first pixel centre or
            behind its last; this volume itself where it has no shear. Of the same type: whole
            numbers are rounded, masks cut at one half. Without slice UIDs: a slice is no longer one image.

        Raises
        ------
        ShearedError
            If rows and columns themselves do not meet at right angles.
        """
        require_square_corners(self.grid, "a slice's", axes=(1, 2))
        if self.grid.skew_deg() < 1e-6:
            return self
        slices, rows, columns = self.shape
        pixel_mm = self.affine[:3, 1:3]
        overhang = np.linalg.lstsq(pixel_mm, self.affine[:3, 0], rcond=None)[0]
        shifts = np.arange(slices)[:, None] * overhang
        low = np.floor(shifts.min(axis=0) + 1e-9)
        size = np.ceil(shifts.max(axis=0) - low + (rows, columns) - 1e-9).astype(int)
        array = np.full((slices, *size), self.array.min() if outside is None else outside, self.array.dtype)
        for into, image, shift in zip(array, self.array, shifts - low, strict=True):
            _lay(image, shift, into)
        affine = self.affine.copy()
        affine[:3, 0] -= pixel_mm @ overhang
        affine[:3, 3] += pixel_mm @ low
        return replace(self, array=array, affine=affine, slice_uids=(), issues=(*self.issues, _RESAMPLED))

    def __repr__(self) -> str:
        size = " x ".join(str(n) for n in self.shape)
        spacing = " x ".join(f"{mm:.2f}" for mm in self.spacing_mm)
        label = f" {self.modality}" if self.modality else ""
        return f"<Volume{label} {size}, {spacing} mm>"


@dataclass(frozen=True, eq=False)
class Segment:
    """A named structure outlined on a volume.

    Parameters
    ----------
    name : str
        What it is, such as ``"tumour"`` or ``"femur"``.
    mask : Volume
        Boolean, or float in 0 to 1 for a fractional one, on the grid of the image it was drawn on.
    findings : tuple of str
        What was met on the way here, such as contours off the slices.
    """

    name: str
    mask: Volume
    findings: tuple[str, ...] = ()

    @cached_property
    def volume_ml(self) -> float:
        """Volume in ml: voxels, or their fractions, times the voxel's volume."""
        return float(self.mask.array.sum(dtype=np.float64) * self.mask.grid.voxel_volume_ml)

    def __repr__(self) -> str:
        return f"<Segment {self.name!r}, {self.volume_ml:.1f} ml>"


_RESAMPLED = "resampled to square corners: each slice moved within its plane, linear between pixels"


def _lay(image: NDArray[Any], shift: NDArray[np.float64], into: NDArray[Any]) -> None:
    """Lay an image on a larger plane at a shift in pixels (down, across), linear between its pixels."""
    whole = np.floor(shift + 1e-9).astype(int)
    part = np.clip(shift - whole, 0.0, 1.0)
    moved = image.astype(np.float64)
    for axis in (0, 1):
        if part[axis] > 1e-9:
            before, after = (np.delete(moved, end, axis) for end in (-1, 0))
            moved = part[axis] * before + (1 - part[axis]) * after
            whole[axis] += 1  # nothing is known beyond the first pixel's centre
    covered = into[whole[0] : whole[0] + moved.shape[0], whole[1] : whole[1] + moved.shape[1]]
    if into.dtype == bool:
        covered[...] = moved >= 0.5
    else:
        covered[...] = np.rint(moved) if into.dtype.kind in "iu" else moved


def place_image(image: "sitk.Image", grid: Grid) -> None:
    """Put a SimpleITK image where a grid with square corners lies."""
    cosines = grid.affine[:3, :3] / np.array(grid.spacing_mm)
    image.SetSpacing([float(mm) for mm in grid.spacing_mm[::-1]])
    image.SetOrigin([float(mm) for mm in grid.affine[:3, 3]])
    image.SetDirection([float(c) for c in cosines[:, ::-1].ravel()])


def require_same_space(first: Volume, second: Volume, what: str) -> None:
    """Refuse two volumes of different frames of reference; where one names none, nothing can be said.

    Raises
    ------
    GeometryError
        If both name a frame of reference and the two differ.
    """
    one, other = first.frame_of_reference_uid, second.frame_of_reference_uid
    if one and other and one != other:
        raise GeometryError(
            f"{what}: expected one frame of reference, found …{one[-8:]} and …{other[-8:]}; register them first"
        )


def require_square_corners(grid: Grid, what: str, *, axes: tuple[int, ...] = (0, 1, 2)) -> None:
    """Refuse a sheared grid, on which distances along the axes are not distances in the patient.

    Parameters
    ----------
    grid : Grid
    what : str
        Whose it is, such as ``"the mask's"``.
    axes : tuple of int
        The index axes that must meet at right angles.

    Raises
    ------
    ShearedError
        If two of them do not, by more than 0.06 degrees.
    """
    skew = grid.skew_deg(axes)
    if skew > 0.06:
        raise ShearedError(
            f"{what} grid is sheared by {skew:.1f} degrees (gantry tilt); expected square corners: resample it first"
        )


def require_clearance(volume: Volume, where: str) -> None:
    """Refuse a volume that did not come through the privacy gate.

    Raises
    ------
    PrivacyError
        If the volume was read with `sarcoma_review.dicom.scan`, past the gate.
    """
    if volume.clearance == "ungated":
        raise PrivacyError(
            f"{where} shows only images that came through the privacy gate; open the folder with open_study, "
            "not with scan"
        )
