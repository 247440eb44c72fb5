import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sarcoma_review.phantom import Patient, thorax
from sarcoma_review.phantom.imaging import slabs
from sarcoma_review.phantom.shapes import Ellipsoid
from sarcoma_review.phantom.spine_bones import SPINAL_CORD
from sarcoma_review.phantom.t1_spine import T1_MM, axial_grid, ct_grid, sagittal_grid
from sarcoma_review.phantom.texture import random_textures
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins

Array = NDArray[np.float64]


def mask(patient: Patient, name: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = next(s.mask.array for s in patient.segments if s.name == name)
    return found


def cord_rings(step_mm: float = 0.25) -> tuple[Array, Array]:
    """Half widths (first and second) of the cord, and a dense net of points on its surface, in its own frame."""
    heights = np.arange(-40.0, 40.0, step_mm)
    x, y, a, b, angle = SPINAL_CORD.section(heights)
    assert (angle == 0).all()
    turn = np.linspace(0, 2 * np.pi, 361)
    rings = [x[:, None] + np.outer(a, np.cos(turn)), y[:, None] + np.outer(b, np.sin(turn))]
    z = np.broadcast_to(heights[:, None], rings[0].shape)
    return np.stack([a, b]), np.stack([*rings, z], axis=-1).reshape(-1, 3)


def test_two_series_are_sagittal_and_two_axial(spine: Patient) -> None:
    volumes = [image.volume for image in spine.images]
    assert [v.modality for v in volumes] == ["CT", "MR", "MR", "MR"]
    assert [v.grid.anatomical_axes[2] for v in volumes] == [0, 1, 1, 0]
    assert all(np.linalg.det(v.affine[:3, :3]) < 0 for v in volumes)  # slices along columns x rows, as DICOM stacks


def test_mask_holds_the_volume_of_the_truth(spine: Patient) -> None:
    tumour = next(s for s in spine.segments if s.name == "tumour")
    assert tumour.volume_ml == pytest.approx(spine.truth["tumour"]["volume_ml"], rel=0.01)


def test_no_point_of_the_cord_is_nearer_to_the_tumour_than_the_truth_says(spine: Patient) -> None:
    cord = cord_rings()[1] + T1_MM
    nearest = np.inf
    for part in spine.truth["tumour"]["ellipsoids"]:
        shape = Ellipsoid(part["centre_mm"], part["semi_axes_mm"], part["rotation"])
        nearest = min(nearest, float(cKDTree(surface_of(shape)).query(cord)[0].min()))
    known = spine.truth["distances"][0]
    assert (known["structure"], known["distance_mm"]) == ("spinal cord", pytest.approx(1.5))
    assert known["distance_mm"] <= nearest + 1e-9
    assert nearest == pytest.approx(1.5, abs=0.15)  # the nets are that coarse


def surface_of(part: Ellipsoid) -> Array:
    """A net of points on an ellipsoid, by its definition."""
    theta, phi = np.meshgrid(np.linspace(0, np.pi, 41), np.linspace(0, 2 * np.pi, 81))
    unit = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1)
    net: Array = (unit * np.asarray(part.semi_axes_mm)) @ np.asarray(part.rotation).T + np.asarray(part.centre_mm)
    return net.reshape(-1, 3)


def test_the_two_nearest_points_are_as_far_apart_as_stated(spine: Patient) -> None:
    for known in spine.truth["distances"]:
        apart = np.array(known["structure_point_mm"]) - known["tumour_point_mm"]
        assert apart == pytest.approx([0.0, known["distance_mm"], 0.0], abs=1e-9)
    assert spine.truth["distances"][1]["distance_mm"] < spine.truth["distances"][0]["distance_mm"]


def test_the_cord_is_flattened_behind_the_tumour_and_not_above_it() -> None:
    a, b = cord_rings()[0]
    heights = np.arange(-40.0, 40.0, 0.25)
    flatness = a / b
    assert flatness[np.abs(heights) < 5].min() > 2.5
    assert flatness[heights > 22].max() < 1.8


def test_the_sac_holds_the_cord_and_nothing_of_the_tumour(spine: Patient) -> None:
    sac, cord, tumour = (mask(spine, name) for name in ("dural sac", "spinal cord", "tumour"))
    assert not (cord & ~sac).any()
    assert not (sac & tumour).any()
    assert 1.5 < sac.sum() / cord.sum() < 3.5


def test_the_plan_is_intralesional_by_as_much_as_the_truth_says(spine: Patient) -> None:
    tumour = next(s for s in spine.segments if s.name == "tumour")
    plan = ResectionPlan([Plane(p["point_mm"], p["normal"], name=p["name"]) for p in spine.truth["planes"]])
    report = resection_margins(TumourSurface.from_mask(tumour.mask), plan)
    assert spine.truth["minimum"]["margin_mm"] == -5.0
    assert report.closest.name == spine.truth["minimum"]["plane"] == "dural"
    low, high = report.interval_mm
    assert low <= -5.0 <= high
    for plane in spine.truth["planes"]:
        assert report.per_plane[plane["name"]] == pytest.approx(plane["margin_mm"], abs=0.5)


def test_the_dural_plane_passes_in_front_of_the_cord_where_it_is_compressed(spine: Patient) -> None:
    plane = spine.truth["planes"][2]
    front_mm = spine.truth["distances"][0]["structure_point_mm"][1]
    assert plane["name"] == "dural"
    assert plane["point_mm"][1] < front_mm


def test_the_vertebra_is_the_first_thoracic_alone(spine: Patient) -> None:
    position = spine.images[0].volume.position_mm(np.argwhere(mask(spine, "vertebra"))) - T1_MM
    body = position[(np.abs(position[:, 0]) < 3) & (position[:, 1] < 0)]
    assert 13 < np.ptp(body[:, 2]) < 20  # the height of a vertebral body of the upper chest
    assert np.abs(position[:, 0]).max() < 50


def test_fluid_is_brightest_on_t2_and_the_cord_is_not(spine: Patient) -> None:
    points = list(slabs(axial_grid(), np.array(T1_MM)))[15]
    fractions = thorax.tissues(points, random_textures(np.random.default_rng(22).spawn(4)[0])).fractions
    signal = spine.images[3].volume.array[15]
    fluid, cord = (signal[fractions[tissue][0] > 0.9] for tissue in ("fluid", "cord"))
    assert len(fluid) > 10
    assert np.median(fluid) > 1.7 * np.median(cord)


def test_tissue_fractions_fill_every_voxel() -> None:
    textures = random_textures(np.random.default_rng(3))
    for points in [*list(slabs(ct_grid(), np.array(T1_MM)))[2::30], next(slabs(sagittal_grid(), np.array(T1_MM)))]:
        fractions = thorax.tissues(points, textures).fractions
        assert sum(fractions.values()) == pytest.approx(1.0, abs=1e-12)
        assert min(fraction.min() for fraction in fractions.values()) >= 0.0


def test_truth_survives_json(spine: Patient) -> None:
    assert json.loads(json.dumps(spine.truth)) == spine.truth
