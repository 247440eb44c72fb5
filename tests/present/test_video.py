import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from sarcoma_review.errors import GeometryError, PresentationError, PrivacyError
from sarcoma_review.planning import Plane
from sarcoma_review.present import scroll_video
from sarcoma_review.volume import Segment, Volume

AFFINE = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])


@pytest.fixture
def volume() -> Volume:
    """Black, but for slice n + 1, which is as bright as n tenths of the window."""
    array = np.zeros((10, 60, 60), np.int16)
    array[...] = 100 * np.arange(10)[:, None, None]
    return Volume(array, AFFINE, modality="CT", units="HU", description="test")


def frames(webp: bytes) -> list[NDArray[np.int_]]:
    return [
        np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(Image.open(io.BytesIO(webp)))
    ]


def middle(frame: NDArray[np.int_]) -> float:
    """The grey of the picture beside the letters: a quarter across, a third down."""
    y, x = frame.shape[0] // 3, frame.shape[1] // 4
    return float(frame[y - 5 : y + 5, x - 5 : x + 5].mean())


def test_frames_are_the_slices_asked_for_in_their_order(volume: Volume) -> None:
    up = [middle(frame) for frame in frames(scroll_video(volume, "axial", window=(0, 1000), slices=(3, 7)))]
    assert up == pytest.approx([25.5 * n for n in (2, 3, 4, 5, 6)], abs=3)
    down = [middle(frame) for frame in frames(scroll_video(volume, "axial", window=(0, 1000), slices=(7, 5)))]
    assert down == pytest.approx([25.5 * n for n in (6, 5, 4)], abs=3)
    assert len(frames(scroll_video(volume, "axial", slices=(10, 1)))) == 10


def test_it_plays_at_the_speed_asked_for_over_and_over(volume: Volume) -> None:
    movie = Image.open(io.BytesIO(scroll_video(volume, "axial", slices=(4, 6), fps=20)))
    assert (movie.format, movie.info["loop"]) == ("WEBP", 0)
    movie.seek(1)
    movie.load()
    assert movie.info["duration"] == 50


def test_every_frame_carries_words_below_the_picture(volume: Volume) -> None:
    for frame in frames(scroll_video(volume, "axial", window=(0, 1000), slices=(9, 10))):
        band = frame[int(0.93 * len(frame)) :]
        assert (band[:, :2] < 30).all()
        assert (band > 120).mean() > 0.02


def test_outlines_and_planes_are_drawn_in_every_frame(volume: Volume) -> None:
    dark = replace(volume, array=np.zeros_like(volume.array))
    inside = np.zeros(volume.shape, bool)
    inside[:, 20:40, 20:40] = True
    tumour = Segment("tumour", replace(volume, array=inside))
    cut = Plane((0, 50, 0), (0, 1, 0), name="cut", kerf_mm=0)
    for frame in frames(
        scroll_video(dark, "axial", segments=[tumour], planes=[cut], window=(0, 1000), slices=(2, 4))
    ):
        orange = (frame[..., 0] > 180) & (frame[..., 1] < 190) & (frame[..., 2] < 90)
        yellow = (frame[..., 0] > 180) & (frame[..., 1] > 190) & (frame[..., 2] < 140)
        assert orange.sum() > 300
        assert yellow.sum() > 300


def test_a_hundred_slices_of_noise_stay_below_3_mb() -> None:
    noise = np.random.default_rng(2).integers(-160, 240, (5, 256, 256)).astype(np.int16)
    volume = Volume(noise, AFFINE, modality="CT")
    assert 20 * len(scroll_video(volume, "axial")) < 3_000_000


def test_what_cannot_be_shown_is_refused(volume: Volume) -> None:
    with pytest.raises(GeometryError, match="axial slices 1 to 10, found 0 to 4"):
        scroll_video(volume, "axial", slices=(0, 4))
    with pytest.raises(GeometryError, match="coronal slices 1 to 60, found 1 to 61"):
        scroll_video(volume, "coronal", slices=(1, 61))
    with pytest.raises(PresentationError, match="up to 400 slices, found 500"):
        scroll_video(Volume(np.zeros((500, 2, 2), np.int16), AFFINE), "axial")
    with pytest.raises(PresentationError, match="1 to 60 slices a second, found 0"):
        scroll_video(volume, "axial", fps=0)
    ungated = replace(volume, clearance="ungated")
    with pytest.raises(PrivacyError, match="A video shows only images"):
        scroll_video(ungated, "axial")
    with pytest.raises(PrivacyError, match="A video shows only images"):
        scroll_video(volume, "axial", segments=[Segment("tumour", ungated)])
