import hashlib
import json

import numpy as np
import pytest
from numpy.typing import NDArray

from sarcoma_review.phantom import Patient, postoperative
from sarcoma_review.phantom.brightness import HU
from sarcoma_review.phantom.distal_femur import CT_ACQUISITION, KNEE_MM, ct_grid, planned_cuts
from sarcoma_review.phantom.imaging import slabs, turned_ct_image, turned_slabs
from sarcoma_review.phantom.shapes import Column, Points, Profile
from sarcoma_review.phantom.surgery import Cut, missed
from sarcoma_review.phantom.texture import random_textures
from sarcoma_review.phantom.thigh import body, tissues
from sarcoma_review.volume import Grid, Volume

Array = NDArray[np.float64]


def later(patient: Patient) -> Volume:
    return patient.images[2].volume


def at(volume: Volume, position_mm: Array) -> float:
    slices, row, column = np.rint(volume.index(position_mm)).astype(int)
    block = volume.array[slices - 1 : slices + 2, row - 1 : row + 2, column - 1 : column + 2]
    return float(block.mean())


def achieved(patient: Patient, name: str) -> tuple[Array, Array, float]:
    """Point, normal and kerf of a cut that was made, before the operation's space."""
    made = next(plane for plane in patient.truth["achieved"]["planes"] if plane["name"] == name)
    return np.array(made["point_mm"]), np.array(made["normal"]), made["kerf_mm"]


def test_the_ct_after_the_operation_can_be_told_from_the_one_before(patient: Patient) -> None:
    before, after = patient.images[0], patient.images[2]
    assert [image.study for image in patient.images] == ["preoperative", "preoperative", "postoperative"]
    assert before.volume.description not in after.volume.description
    assert before.volume.frame_of_reference_uid != after.volume.frame_of_reference_uid
    assert after.volume.shape[0] <= 130
    assert after.volume.array.dtype == np.int16
    assert set(after.acquisition) == set(CT_ACQUISITION)


def test_intact_bone_lies_where_the_known_transform_puts_it(patient: Patient) -> None:
    move, ct = np.array(patient.truth["achieved"]["to_postoperative"]), patient.images[0].volume
    dense = np.argwhere(ct.array[165:175] > 1350)[::40] + np.array([165, 0, 0])
    moved = ct.position_mm(dense) @ move[:3, :3].T + move[:3, 3]
    values = [at(later(patient), position) for position in moved]
    assert len(values) > 100
    assert np.mean(np.array(values) > 900) > 0.95


def test_the_transform_of_the_truth_is_rigid(patient: Patient) -> None:
    move = np.array(patient.truth["achieved"]["to_postoperative"])
    assert move[:3, :3] @ move[:3, :3].T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(move[:3, :3]) == pytest.approx(1.0)
    assert 5 < patient.truth["achieved"]["turn_deg"] < 10


def test_bone_stands_beyond_the_saw_and_the_bed_lies_before_it(patient: Patient) -> None:
    point, normal, kerf = achieved(patient, "proximal")
    move = np.array(patient.truth["achieved"]["to_postoperative"])
    u = np.cross(normal, (0.0, 1.0, 0.0))
    v = np.cross(normal, u)
    for turn in np.radians([0, 90, 180, 270]):  # round the shaft, in the middle of its cortex
        rim = point + 11.0 * (np.cos(turn) * u + np.sin(turn) * v)
        beyond, before = (rim + mm * normal for mm in (kerf + 2.0, kerf - 2.0))
        hu = [at(later(patient), place @ move[:3, :3].T + move[:3, 3]) for place in (beyond, before)]
        assert hu[0] > 1000
        assert abs(hu[1] - HU["fluid"]) < 60


def test_no_tumour_is_left() -> None:
    textures = random_textures(np.random.default_rng(20).spawn(4)[0])
    cuts = postoperative.achieved_cuts(planned_cuts())
    to_knee = np.asarray(np.linalg.inv(postoperative.from_knee()), np.float64)
    for number, points in enumerate(turned_slabs(postoperative.grid(), to_knee)):
        if number % 20 == 3:
            fractions = tissues(points, textures, cuts).fractions
            assert "tumour" not in fractions or fractions["tumour"].max() < 1e-9


def test_achieved_planes_miss_the_planned_ones_by_what_the_truth_says(patient: Patient) -> None:
    for planned, made in zip(patient.truth["planes"], patient.truth["achieved"]["planes"], strict=True):
        cosine = float(np.array(planned["normal"]) @ np.array(made["normal"]))
        away = float(np.array(planned["normal"]) @ (np.array(made["point_mm"]) - np.array(planned["point_mm"])))
        assert np.degrees(np.arccos(cosine)) == pytest.approx(made["angle_deg"], abs=1e-6)
        assert away == pytest.approx(made["offset_mm"], abs=1e-9)
        assert made["margin_mm"] - planned["margin_mm"] == pytest.approx(made["margin_error_mm"], abs=1e-9)


def test_margin_of_an_achieved_plane_is_that_of_the_ellipsoids(patient: Patient) -> None:
    for made in patient.truth["achieved"]["planes"]:
        normal, reach = np.array(made["normal"]), []
        for part in patient.truth["tumour"]["ellipsoids"]:
            axes = np.array(part["rotation"]) * part["semi_axes_mm"]
            reach.append(normal @ part["centre_mm"] + np.linalg.norm(axes.T @ normal))
        assert normal @ made["point_mm"] - max(reach) == pytest.approx(made["margin_mm"], abs=1e-9)


def test_a_missed_cut_keeps_its_tilt_and_passes_its_pivot() -> None:
    aimed = Cut("cut", np.array([0.0, 0, 10]), np.array([0.0, 0, 1]))
    made = missed(aimed, pivot_mm=(3.0, 4.0, 10.0), tilt_deg=5.0, toward=(1.0, 0.0, 7.0), offset_mm=-2.0)
    pivot = Points(np.array([3.0]), np.array([4.0]), np.array([8.0]))
    assert made.distance_mm(pivot) == pytest.approx([0.0])
    assert made.normal == pytest.approx([np.sin(np.radians(5)), 0.0, np.cos(np.radians(5))])


def test_an_unturned_lattice_is_the_same_either_way() -> None:
    grid, knee, to_knee = ct_grid(), np.array(KNEE_MM), np.eye(4)
    to_knee[:3, 3] = -knee
    straight, turned = (list(walk)[7] for walk in (slabs(grid, knee), turned_slabs(grid, to_knee)))
    for axis in "xyz":
        first = np.broadcast_to(getattr(straight, axis), straight.shape)
        assert getattr(turned, axis) == pytest.approx(first, abs=1e-9)


def test_many_heights_are_read_off_a_table_as_exactly_as_few() -> None:
    profile, column = Profile((0, 1.0), (40, 3.0), (100, -2.0)), Column((0, 0, 0, 9, 7, 0), (90, 9, -4, 12, 8, 30))
    heights = np.linspace(-5.0, 105.0, 5000)
    few = np.concatenate([profile(part) for part in np.split(heights, 50)])
    assert profile(heights) == pytest.approx(few, abs=1e-4)
    x, y = column.centre(heights)
    few_x = np.concatenate([column.centre(part)[0] for part in np.split(heights, 50)])
    assert x == pytest.approx(few_x, abs=1e-4)
    assert y.shape == heights.shape


def test_the_same_seed_draws_the_same_bits_after_the_operation() -> None:
    whole, to_knee = postoperative.grid(), np.asarray(np.linalg.inv(postoperative.from_knee()), np.float64)
    affine = whole.affine.copy()
    affine[:3, 3] = whole.position_mm((60, 0, 0))

    def digest(seed: int) -> str:
        drawn, noise = np.random.default_rng(seed).spawn(2)
        limb = body(random_textures(drawn), postoperative.achieved_cuts(planned_cuts()))
        image = turned_ct_image(limb, Grid((2, *whole.shape[1:]), affine), to_knee, noise)
        return hashlib.sha256(image.tobytes()).hexdigest()

    assert digest(20) == digest(20)
    assert digest(20) != digest(21)


def test_what_was_achieved_survives_json(patient: Patient) -> None:
    assert json.loads(json.dumps(patient.truth["achieved"])) == patient.truth["achieved"]
