import numpy as np
import pytest

from sarcoma_review.errors import PresentationError
from sarcoma_review.present.windows import checked_preset, checked_window, presets
from sarcoma_review.volume import Volume


def _volume(array: np.ndarray, modality: str = "MR") -> Volume:
    return Volume(array, np.eye(4), modality=modality)


@pytest.mark.parametrize(
    ("name", "width", "level"), [("bone", 2000, 350), ("soft tissue", 400, 40), ("lung", 1500, -600)]
)
def test_ct_windows_are_those_of_radiology(name: str, width: float, level: float) -> None:
    low, high = presets(_volume(np.zeros((2, 2, 2)), "CT"))[name]
    assert (high - low, (low + high) / 2) == (width, level)


def test_hounsfield_units_make_a_ct() -> None:
    assert "bone" in presets(Volume(np.zeros((2, 2, 2)), np.eye(4), units="HU"))


def test_mr_opens_from_the_1st_to_the_99_5th_percentile() -> None:
    named = presets(_volume(np.arange(1001.0).reshape(7, 11, 13)))
    assert named == {"auto": (10.0, 995.0), "full range": (0.0, 1000.0)}
    assert next(iter(named)) == "auto"


def test_a_large_volume_is_sampled_evenly() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1000, 300)[:, None, None], (300, 128, 128))
    assert presets(_volume(ramp))["auto"] == pytest.approx((10, 995), abs=10)


@pytest.mark.parametrize("array", [np.full((2, 2, 2), 7.0), np.full((2, 2, 2), np.nan)])
def test_a_volume_of_one_value_or_none_has_a_window_all_the_same(array: np.ndarray) -> None:
    for low, high in presets(_volume(array)).values():
        assert high == low + 1


@pytest.mark.parametrize("window", [(5, 5), (6, 5), (np.nan, 5), (0, np.inf), (1, 2, 3)])
def test_what_is_no_window_is_refused(window: tuple[float, ...]) -> None:
    with pytest.raises(PresentationError, match="low below high, found"):
        checked_window(window, _volume(np.zeros((2, 2, 2))))


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(PresentationError, match="'bone' for this volume; there are auto, full range"):
        checked_preset("bone", presets(_volume(np.zeros((2, 2, 2)))))
