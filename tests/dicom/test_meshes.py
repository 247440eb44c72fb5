from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sarcoma_review.dicom import write_model
from sarcoma_review.errors import DicomError
from sarcoma_review.planning import TumourSurface
from sarcoma_review.privacy.text import PURPOSE
from sarcoma_review.volume import Volume

RADIUS_MM = 15.0
CENTRE_MM = (-100.0 + 17.84, 30.0 + 17.84, 700.0 + 17.84)


@pytest.fixture(scope="module")
def ball() -> TumourSurface:
    affine = np.array([[0, 0, 0.8, -100.0], [0, 0.8, 0, 30.0], [0.8, 0, 0, 700.0], [0, 0, 0, 1]])
    mask = np.linalg.norm((np.indices((44, 44, 44)).T - 22.3) * 0.8, axis=-1).T < RADIUS_MM
    return TumourSurface.from_mask(Volume(mask, affine))


def triangles(path: Path) -> NDArray[np.float64]:
    lines = [line.split() for line in path.read_text().splitlines()]
    if path.suffix == ".stl":
        corners = [line[1:] for line in lines if line[0] == "vertex"]
        return np.array(corners, float).reshape(-1, 3, 3)
    vertices = np.array([line[1:] for line in lines if line[0] == "v"], float)
    corners_of_faces: NDArray[np.float64] = vertices[np.array([ln[1:] for ln in lines if ln[0] == "f"], int) - 1]
    return corners_of_faces


def volume_ml(corners: NDArray[np.float64]) -> float:
    return float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6000.0)


@pytest.mark.parametrize("suffix", [".stl", ".obj"])
def test_a_model_is_closed_and_holds_the_volume_of_the_ball(ball: TumourSurface, tmp_path: Path, suffix: str) -> None:
    corners = triangles(write_model(ball, tmp_path / f"model{suffix}"))
    _, number = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    faces = number.reshape(-1, 3)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 1).all()
    assert {tuple(edge) for edge in there.tolist()} == {tuple(edge[::-1]) for edge in there.tolist()}
    assert volume_ml(corners) == pytest.approx(volume_ml(ball.vertices[ball.faces]), rel=1e-4)
    assert volume_ml(corners) == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3 / 1000, rel=5e-3)


@pytest.mark.parametrize("suffix", [".stl", ".obj"])
def test_a_model_says_what_it_is_for_and_how_it_counts(ball: TumourSurface, tmp_path: Path, suffix: str) -> None:
    text = write_model(ball, tmp_path / f"a{suffix}", name="distal femur").read_text()
    for said in (PURPOSE, "units mm", "frame LPS", "distal femur"):
        assert said in "\n".join(text.splitlines()[:3])
    assert write_model(ball, tmp_path / f"b{suffix}", name="distal femur").read_text() == text
    assert np.allclose(triangles(tmp_path / f"a{suffix}").reshape(-1, 3).mean(axis=0), CENTRE_MM, atol=0.2)


def test_the_faces_of_a_model_look_outwards(ball: TumourSurface, tmp_path: Path) -> None:
    path = write_model(ball, tmp_path / "a.stl")
    normals = np.array([row.split()[2:] for row in path.read_text().splitlines() if row.startswith("facet")], float)
    outwards = triangles(path).mean(axis=1) - CENTRE_MM
    assert np.allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-5)
    assert (np.einsum("ij,ij->i", normals, outwards) > 0).all()


def test_another_kind_of_model_is_refused(ball: TumourSurface, tmp_path: Path) -> None:
    with pytest.raises(DicomError, match=r"written as .stl or .obj, found '.ply'"):
        write_model(ball, tmp_path / "a.ply")
