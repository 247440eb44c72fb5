import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset

from sarcoma_review.privacy.head import in_field_of_view

SPACING_MM = (4.0, 2.0, 2.0)
SHAPE = (60, 130, 130)


def header(modality: str = "CT", **words: str) -> Dataset:
    ds = Dataset()
    ds.Modality = modality
    for keyword, value in words.items():
        setattr(ds, keyword, value)
    return ds


def ball(centre_mm: tuple[float, float, float], radii_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """An ellipsoid on the grid; slices count from the feet upwards."""
    axes = np.ogrid[tuple(slice(0, n) for n in SHAPE)]
    parts = zip(axes, SPACING_MM, centre_mm, radii_mm, strict=True)
    return np.asarray(sum(((index * mm - c) / r) ** 2 for index, mm, c, r in parts) <= 1)


def cylinder(radius_mm: float, *, top_mm: float = np.inf) -> NDArray[np.bool_]:
    body = ball((120, 130, 130), (1e6, radius_mm, radius_mm))
    body[int(min(top_mm / SPACING_MM[0], SHAPE[0])) :] = False
    return body


def hu(*parts: tuple[NDArray[np.bool_], float]) -> NDArray[np.float64]:
    values = np.full(SHAPE, -1000.0)
    for part, value in parts:
        values[part] = value
    return values


NECK, VAULT = cylinder(60, top_mm=110), ball((150, 130, 130), (85, 95, 75))


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("BodyPartExamined", "HEADNECK"),
        ("ProtocolName", "t1_head_sag"),
        ("SeriesDescription", "CT Facial bones 0.6"),
        ("StudyDescription", "PET whole body"),
    ],
)
def test_a_header_that_names_the_head_is_flagged_and_not_quoted(keyword: str, words: str) -> None:
    assert in_field_of_view([header(), header(**{keyword: words})]) == f"the header names the head ({keyword})"


@pytest.mark.parametrize(
    "words", ["femoral head left", "Head of fibula MRI", "HEAD FIRST SUPINE", "sinus tarsi", "knee"]
)
def test_other_heads_are_none(words: str) -> None:
    assert in_field_of_view([header(SeriesDescription=words)]) is None


def test_bone_around_brain_is_a_skull_where_the_vertex_is_cut_off() -> None:
    skull, brain = ball((150, 130, 130), (85, 85, 68)), ball((150, 130, 130), (78, 78, 61))
    cut = hu((VAULT, 30.0), (skull, 900.0), (brain, 35.0))[:45]
    assert in_field_of_view([header()], cut, SPACING_MM) == "bone closes around what has the density of brain"


@pytest.mark.parametrize("scale", [1.0, 0.4])
def test_a_dome_above_a_neck_is_a_head_in_mr_too(scale: float) -> None:
    head = np.where(VAULT | NECK, 400.0 * scale, 3.0)
    assert in_field_of_view([header("MR")], head, SPACING_MM) == "the outline closes at the top as a head does"


def test_a_thigh_with_its_femur_is_none() -> None:
    thigh = hu((cylinder(85), 50.0), (cylinder(16), 1200.0), (cylinder(9), 20.0))
    assert in_field_of_view([header()], thigh, SPACING_MM) is None


def test_a_stump_or_a_fist_is_too_narrow_and_a_trunk_too_wide() -> None:
    for radii in ((60, 40, 40), (100, 125, 125)):
        body = hu((ball((150, 130, 130), radii), 50.0))
        assert in_field_of_view([header()], body, SPACING_MM) is None


def test_without_slices_the_words_alone_decide() -> None:
    assert in_field_of_view([header(BodyPartExamined="FEMUR")]) is None
