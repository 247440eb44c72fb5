import hashlib
import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.phantom import Patient
from sarcoma_review.phantom import pelvis as anatomy
from sarcoma_review.phantom.brightness import STIR, T1
from sarcoma_review.phantom.imaging import ct_image, mr_images, slabs
from sarcoma_review.phantom.pelvic_ewing import HIPS_MM, ct_grid, mr_grid
from sarcoma_review.phantom.pelvis_bones import HEAD_MM, HIP, bones
from sarcoma_review.phantom.texture import random_textures
from sarcoma_review.volume import Grid

PLANS = ("planes", "alternative")


def mask(patient: Patient, name: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = next(s.mask.array for s in patient.segments if s.name == name)
    return found


def positions_mm(patient: Patient, name: str) -> NDArray[np.float64]:
    return patient.images[0].volume.position_mm(np.argwhere(mask(patient, name)))


def planes(patient: Patient, plan: str) -> list[dict[str, object]]:
    found = patient.truth[plan]
    return list(found if isinstance(found, list) else found["planes"])


def test_ct_is_axial_and_both_mr_are_coronal_on_one_grid(pelvis: Patient) -> None:
    ct, t1, stir = (image.volume for image in pelvis.images)
    assert [v.modality for v in (ct, t1, stir)] == ["CT", "MR", "MR"]
    assert ct.grid.anatomical_axes[2] == 0  # slices along the patient's height
    assert t1.grid.anatomical_axes[1] == 0  # slices from front to back
    assert t1.grid.same_as(stir.grid, tolerance_mm=1e-9)
    assert all(np.linalg.det(v.affine[:3, :3]) < 0 for v in (ct, t1))  # slices along columns x rows, as DICOM stacks


def test_every_image_covers_the_tumour(pelvis: Patient) -> None:
    position = positions_mm(pelvis, "tumour")
    for image in pelvis.images:
        index = image.volume.index(position)
        assert (index > 0).all()
        assert (index < np.array(image.volume.shape) - 1).all()


def test_mask_holds_the_volume_of_the_truth(pelvis: Patient) -> None:
    tumour = next(s for s in pelvis.segments if s.name == "tumour")
    assert tumour.volume_ml == pytest.approx(pelvis.truth["tumour"]["volume_ml"], rel=0.01)


@pytest.mark.parametrize("plan", PLANS)
def test_mask_comes_within_a_voxel_of_every_stated_margin(pelvis: Patient, plan: str) -> None:
    tumour = positions_mm(pelvis, "tumour")
    for each in planes(pelvis, plan):
        normal = np.array(each["normal"])
        measured_mm = float(normal @ np.array(each["point_mm"]) - (tumour @ normal).max())
        voxel_mm = float(np.abs(normal) @ (1.4, 1.4, 2.5))
        assert 0.0 <= measured_mm - float(str(each["margin_mm"])) < voxel_mm


@pytest.mark.parametrize("plan", PLANS)
def test_every_cut_passes_through_the_hip_bone_and_leaves_most_of_it_whole(pelvis: Patient, plan: str) -> None:
    bone = positions_mm(pelvis, "hip bone")
    for each in planes(pelvis, plan):
        normal = np.array(each["normal"])
        beyond = bone @ normal > normal @ np.array(each["point_mm"])
        assert 0.03 < beyond.mean() < 0.5, each["name"]


def test_the_alternative_plan_keeps_more_bone_for_a_smaller_margin(pelvis: Patient) -> None:
    first, second = (planes(pelvis, plan)[0] for plan in PLANS)
    assert (first["margin_mm"], second["margin_mm"]) == (16.0, 6.0)
    assert pelvis.truth["minimum"]["plane"] == "ischial"
    assert pelvis.truth["alternative"]["minimum"]["plane"] == "iliac, lower"


def test_the_tumour_grows_out_of_the_hip_bone_in_one_piece_and_spares_the_joint(pelvis: Patient) -> None:
    tumour, bone = mask(pelvis, "tumour"), mask(pelvis, "hip bone")
    assert ndimage.label(tumour)[1] == 1
    assert 0.1 < (tumour & bone).sum() / tumour.sum() < 0.6
    from_hip_mm = np.linalg.norm(positions_mm(pelvis, "tumour") - np.array(HIPS_MM) - np.array(HIP), axis=1)
    assert from_hip_mm.min() > HEAD_MM


@pytest.mark.parametrize("name", ["iliac vessels", "sacral nerves"])
def test_vessels_and_nerves_are_near_and_not_within_the_tumour(pelvis: Patient, name: str) -> None:
    outside_mm = ndimage.distance_transform_edt(~mask(pelvis, "tumour"), sampling=(2.5, 1.4, 1.4))
    distance_mm = outside_mm[mask(pelvis, name)]
    assert distance_mm.min() > 0
    assert distance_mm.min() < 15


def test_outlined_vessels_have_the_ct_number_of_blood_and_nerves_are_darker(pelvis: Patient) -> None:
    hu = pelvis.images[0].volume.array
    core = ndimage.binary_erosion(mask(pelvis, "iliac vessels"), np.ones((1, 3, 3)))
    assert 35 < hu[core].mean() < 55
    assert hu[mask(pelvis, "sacral nerves")].mean() < hu[core].mean()


def test_tumour_is_dark_on_t1_and_bright_on_stir(pelvis: Patient) -> None:
    t1, stir = (image.volume for image in pelvis.images[1:])
    centre = np.array(pelvis.truth["tumour"]["ellipsoids"][3]["centre_mm"])
    k, row, column = np.rint(t1.index(centre)).astype(int)
    block = np.s_[k, row - 4 : row + 5, column - 4 : column + 5]
    fat = t1.array > 850
    assert np.median(t1.array[block]) < 0.5 * np.median(t1.array[fat])
    assert np.median(stir.array[block]) > 5 * np.median(stir.array[fat])


def test_tissue_fractions_fill_every_voxel() -> None:
    textures = random_textures(np.random.default_rng(3))
    for points in list(slabs(ct_grid(), np.array(HIPS_MM)))[5::28]:
        fractions = anatomy.tissues(points, textures).fractions
        assert sum(fractions.values()) == pytest.approx(1.0, abs=1e-12)
        assert min(fraction.min() for fraction in fractions.values()) >= 0.0


def test_hip_and_sacrum_do_not_overlap_and_stand_close_at_the_joint() -> None:
    points = list(slabs(ct_grid(), np.array(HIPS_MM)))[64]
    where = bones(points)
    gap_mm = where.hip + where.sacrum  # to first order the width of the joint space
    assert (gap_mm > 0).all()
    assert gap_mm.min() < 4.0


def test_truth_survives_json(pelvis: Patient) -> None:
    assert json.loads(json.dumps(pelvis.truth)) == pelvis.truth


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    def digest(seed: int) -> str:
        drawn, first, second = np.random.default_rng(seed).spawn(3)
        body, origin = anatomy.body(random_textures(drawn)), np.array(HIPS_MM)
        slices = ct_image(body, few(ct_grid(), 40, 2), origin, first)
        signals = mr_images(body, few(mr_grid(), 17, 1), origin, tables=[T1, STIR], rng=second)
        return hashlib.sha256(b"".join(image.tobytes() for image in (slices, *signals))).hexdigest()

    assert digest(21) == digest(21)
    assert digest(21) != digest(22)


def few(grid: Grid, first: int, count: int) -> Grid:
    """A few slices of a grid."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.position_mm((first, 0, 0))
    return Grid((count, *grid.shape[1:]), affine)
