"""Every outlined tumour of the public test data goes from its outline to a report; a warning would be an error."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from sarcoma_review.dicom import read_rtstruct, scan
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.volume import Grid, Segment
from tests.planning.shapes import Array, enclosed_ml

pytestmark = pytest.mark.real_data

DRAWN = [
    ("sts001_mr_t2_rtss/image", "sts001_mr_t2_rtss/rtstruct"),
    *(
        (f"{patient}/dicom/{kind}/image", f"{patient}/dicom/{kind}/mask")
        for patient in ("ibsi_STS_002", "ibsi_STS_025")
        for kind in ("CT", "MR_T1", "PET")
    ),
]


@dataclass(frozen=True, eq=False)
class Drawn:
    """An image's grid, and of every region its contours, its mask and the surface of that."""

    grid: Grid
    contours: list[list[Array]]
    segments: list[Segment]
    surfaces: list[TumourSurface]


@pytest.fixture(scope="module", params=DRAWN, ids=[images for images, _ in DRAWN])
def drawn(request: pytest.FixtureRequest, shared: Path) -> Drawn:
    images, outlines = request.param
    (spec,) = next(iter(scan(shared / "dicom" / images).series.values())).volumes()
    volume, structures = spec.load(), next((shared / "dicom" / outlines).iterdir())
    contours = [
        [np.reshape(np.asarray(one.ContourData, float), (-1, 3)) for one in region.ContourSequence]
        for region in dcmread(structures).ROIContourSequence
    ]
    segments = read_rtstruct(structures, onto=volume)
    assert len(segments) == len(contours) > 0
    return Drawn(volume.grid, contours, segments, [TumourSurface.from_mask(segment.mask) for segment in segments])


def round_about(surface: TumourSurface) -> list[Plane]:
    """Three planes, none along the grid: 10 mm off the voxels, just touching them, and 5 mm inside."""
    ways = {"off": ((0.2, 0.1, 1.0), 10.0), "touching": ((1.0, 0.3, -0.2), 0.0), "inside": ((-0.1, 1.0, 0.3), -5.0)}
    planes = []
    for name, (way, mm) in ways.items():
        normal = np.array(way) / np.linalg.norm(way)
        planes.append(Plane(normal * (float((surface.rim_mm @ normal).max()) + mm), normal, name=name))
    return planes


def test_a_real_tumour_goes_from_its_mask_to_a_report(drawn: Drawn) -> None:
    for surface in drawn.surfaces:
        report = resection_margins(surface, ResectionPlan(round_about(surface)))
        low, high = report.interval_mm
        assert np.isfinite(report.point_margins_mm).all()
        assert low < report.minimum_mm < high
        for name, mm in (("off", 10.0), ("touching", 0.0), ("inside", -5.0)):
            diagonal = float(np.linalg.norm(drawn.grid.spacing_mm))
            assert mm - diagonal <= report.per_plane[name] <= mm + 1e-9  # from voxel centres, outward
        assert report.breach_volume_ml > 0


def test_a_real_tumours_surface_encloses_what_its_voxels_hold(drawn: Drawn) -> None:
    coarse = min(drawn.grid.spacing_mm) > 3.0  # PET: a third of all voxels lie at the edge
    for segment, surface in zip(drawn.segments, drawn.surfaces, strict=True):
        voxels_ml = np.count_nonzero(segment.mask.array) * segment.mask.grid.voxel_volume_ml
        assert surface.volume_ml == pytest.approx(voxels_ml, rel=1e-9)
        enclosed = enclosed_ml(surface.vertices, surface.faces)
        assert enclosed == pytest.approx(voxels_ml, rel=0.08 if coarse else 0.02)


def test_real_contours_give_their_voxels_volume_without_a_mask(drawn: Drawn) -> None:
    for contours, segment in zip(drawn.contours, drawn.segments, strict=True):
        surface = TumourSurface.from_contours(contours, drawn.grid)
        assert surface.volume_ml == pytest.approx(segment.volume_ml, rel=0.03)
        assert enclosed_ml(surface.vertices, surface.faces) == pytest.approx(segment.volume_ml, rel=0.05)
