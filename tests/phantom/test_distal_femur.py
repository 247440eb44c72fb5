import hashlib
import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.phantom import Patient
from sarcoma_review.phantom.brightness import T1
from sarcoma_review.phantom.distal_femur import KNEE_MM, ct_grid, mr_grid
from sarcoma_review.phantom.imaging import ct_image, mr_images, slabs
from sarcoma_review.phantom.skeleton import femur_distance
from sarcoma_review.phantom.surfaces import surfaces
from sarcoma_review.phantom.texture import random_textures
from sarcoma_review.phantom.thigh import body, tissues
from sarcoma_review.volume import Grid

PLANES = ("proximal", "posterior", "medial")


def ct(patient: Patient) -> NDArray[np.int16]:
    array: NDArray[np.int16] = patient.images[0].volume.array
    return array


def mask(patient: Patient, name: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = next(s.mask.array for s in patient.segments if s.name == name)
    return found


def plane(patient: Patient, name: str) -> tuple[NDArray[np.float64], float, float]:
    """Normal, offset along it and margin of a plane of the truth."""
    found = next(p for p in patient.truth["planes"] if p["name"] == name)
    normal = np.array(found["normal"])
    return normal, float(normal @ np.array(found["point_mm"])), found["margin_mm"]


def thin(grid: Grid, first: int, count: int) -> Grid:
    """A few slices of a grid."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.position_mm((first, 0, 0))
    return Grid((count, *grid.shape[1:]), affine)


def test_images_have_the_geometry_that_was_asked_for(patient: Patient) -> None:
    volumes = [image.volume for image in patient.images]
    assert [v.modality for v in volumes] == ["CT", "MR", "CT"]
    assert volumes[0].shape == (184, 208, 208)
    assert volumes[0].spacing_mm == pytest.approx((0.8, 0.8, 0.8), abs=1e-12)
    assert volumes[1].spacing_mm == pytest.approx((4.0, 0.8, 0.8), abs=1e-12)
    assert 3.0 < volumes[1].grid.tilt_deg < 6.0
    assert all(v.array.dtype == np.int16 for v in volumes)


def test_both_images_cover_the_tumour(patient: Patient) -> None:
    centres = np.array([e["centre_mm"] for e in patient.truth["tumour"]["ellipsoids"]])
    for image in patient.images[:2]:
        index = image.volume.index(centres)
        assert (index > 0).all()
        assert (index < np.array(image.volume.shape) - 1).all()


def test_mask_holds_the_volume_of_the_truth(patient: Patient) -> None:
    tumour = next(s for s in patient.segments if s.name == "tumour")
    assert tumour.volume_ml == pytest.approx(patient.truth["tumour"]["volume_ml"], rel=0.01)


def test_mask_is_the_union_of_the_ellipsoids_that_the_truth_lists(patient: Patient) -> None:
    rng, tumour = np.random.default_rng(3), mask(patient, "tumour")
    index = rng.integers(0, tumour.shape, (40000, 3))
    position = patient.images[0].volume.position_mm(index)
    inside = np.zeros(len(index), dtype=bool)
    for part in patient.truth["tumour"]["ellipsoids"]:
        own = (position - part["centre_mm"]) @ np.array(part["rotation"]) / part["semi_axes_mm"]
        inside |= (own**2).sum(axis=1) < 1
    assert inside.sum() > 200
    np.testing.assert_array_equal(tumour[tuple(index.T)], inside)


@pytest.mark.parametrize("name", PLANES)
def test_mask_comes_within_half_a_voxel_of_the_stated_margin(patient: Patient, name: str) -> None:
    normal, offset, margin_mm = plane(patient, name)
    position = patient.images[0].volume.position_mm(np.argwhere(mask(patient, "tumour")))
    measured_mm = offset - (position @ normal).max()
    assert 0.0 <= measured_mm - margin_mm < 0.4


def test_least_margin_is_that_of_the_posterior_plane(patient: Patient) -> None:
    least = patient.truth["minimum"]
    normal, offset, _ = plane(patient, "posterior")
    assert (least["plane"], least["margin_mm"]) == ("posterior", 6.5)
    assert offset - normal @ least["position_mm"] == pytest.approx(6.5, abs=1e-9)


def test_osteotomy_crosses_the_shaft_and_leaves_the_knee_in_the_specimen(patient: Patient) -> None:
    position = patient.images[0].volume.position_mm(np.argwhere(mask(patient, "femur")))
    normal, offset, _ = plane(patient, "proximal")
    above = position @ normal > offset
    assert 5 < np.degrees(np.arccos(normal[2])) < 15
    assert 0.02 < above.mean() < 0.3
    for name in ("posterior", "medial"):
        normal, offset, _ = plane(patient, name)
        assert (position[~above] @ normal).max() < offset


def test_posterior_plane_leaves_the_popliteal_artery_with_the_patient(patient: Patient) -> None:
    textures, grid = random_textures(np.random.default_rng(20).spawn(3)[0]), ct_grid()
    normal, offset, _ = plane(patient, "posterior")
    for number, points in enumerate(slabs(grid, np.array(KNEE_MM))):
        if number % 10 == 2 and points.z.max() < 82:  # up to the adductor hiatus
            row, column = np.nonzero(tissues(points, textures).fractions["artery"][0] > 0.5)
            position = grid.position_mm(np.column_stack([np.full(len(row), number), row, column]))
            assert len(row) > 10
            assert (position @ normal).min() > offset


def test_truth_survives_json(patient: Patient) -> None:
    assert json.loads(json.dumps(patient.truth)) == patient.truth


def test_tumour_grows_out_of_the_femur(patient: Patient) -> None:
    tumour, femur = mask(patient, "tumour"), mask(patient, "femur")
    assert 0.3 < (tumour & femur).sum() / tumour.sum() < 0.7
    assert ndimage.label(tumour)[1] == 1
    assert ndimage.label(femur)[1] == 1


def test_segments_lie_inside_the_body(patient: Patient) -> None:
    body = ndimage.binary_opening(ct(patient) > -400, iterations=2)
    for segment in patient.segments:
        assert body[segment.mask.array].mean() > 0.9999


def test_tissues_have_their_ct_numbers(patient: Patient) -> None:
    textures = random_textures(np.random.default_rng(20).spawn(3)[0])
    pure: dict[str, list[NDArray[np.int16]]] = {}
    for number, points in enumerate(slabs(ct_grid(), np.array(KNEE_MM))):
        if number % 20 == 5:
            for tissue, fraction in tissues(points, textures).fractions.items():
                core = ndimage.minimum_filter(fraction[0], 3) > 0.9
                pure.setdefault(tissue, []).append(ct(patient)[number][core])
    mean = {tissue: np.concatenate(values).mean() for tissue, values in pure.items() if sum(map(len, values)) > 30}
    expected = {
        "fat": (-115, -90),
        "muscle": (45, 65),
        "marrow": (-80, -50),
        "cortex": (1200, 1700),
        "vein": (35, 55),
    }
    assert {
        t: (round(float(mean[t])), low, high) for t, (low, high) in expected.items() if not low < mean[t] < high
    } == {}


def test_noise_of_muscle_is_that_of_a_soft_kernel(patient: Patient) -> None:
    hu = ct(patient)[150:175].astype(float)
    size = (1, 7, 7)
    mean = ndimage.uniform_filter(hu, size)
    sd = np.sqrt(np.maximum(ndimage.uniform_filter(hu**2, size) - mean**2, 0.0))
    assert 8 < np.median(sd[(mean > 45) & (mean < 65)]) < 14


def test_tumour_is_darker_than_marrow_on_t1(patient: Patient) -> None:
    textures, signal = random_textures(np.random.default_rng(20).spawn(3)[0]), patient.images[1].volume.array
    points = list(slabs(mr_grid(), np.array(KNEE_MM)))[16]
    where, marrow = surfaces(points), tissues(points, textures).fractions["marrow"][0] > 0.8
    assert np.median(signal[16][where.tumour[0] < -2]) < 0.5 * np.median(signal[16][marrow])


def test_tissue_fractions_fill_every_voxel(patient: Patient) -> None:
    textures = random_textures(np.random.default_rng(patient.truth["rng_seed"]))
    points = list(slabs(ct_grid(), np.array(KNEE_MM)))[77]
    fractions = tissues(points, textures).fractions
    assert sum(fractions.values()) == pytest.approx(1.0, abs=1e-12)
    assert min(fraction.min() for fraction in fractions.values()) >= 0.0


def test_femur_outline_is_inside_where_its_shaft_must_be() -> None:
    points = list(slabs(ct_grid(), np.array(KNEE_MM)))[170]
    area_mm2 = (femur_distance(points)[0] < 0).sum() * 0.64
    assert 450 < area_mm2 < 750  # a young adult's shaft of 26 to 30 mm, with the linea aspera


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    def digest(seed: int) -> str:
        drawn, first, second = np.random.default_rng(seed).spawn(3)
        limb = body(random_textures(drawn))
        slices = ct_image(limb, thin(ct_grid(), 70, 3), np.array(KNEE_MM), first)
        (coronal,) = mr_images(limb, thin(mr_grid(), 17, 1), np.array(KNEE_MM), tables=[T1], rng=second)
        return hashlib.sha256(slices.tobytes() + coronal.tobytes()).hexdigest()

    assert digest(20) == digest(20)
    assert digest(20) != digest(21)
