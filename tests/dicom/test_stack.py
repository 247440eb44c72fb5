from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from scipy.spatial.transform import Rotation

from sarcoma_review.dicom.instance import from_dataset
from sarcoma_review.dicom.scan import scan
from sarcoma_review.dicom.stack import Stacking, stack
from sarcoma_review.errors import AmbiguousStackError, GeometryError, MissingSlicesError, UnevenSpacingError
from sarcoma_review.volume import Volume
from tests.dicom.series import AXIAL, image, placement_error_mm, save


def stacked(images: list[Dataset]) -> Stacking:
    return stack([from_dataset(dataset, Path(f"{k}")) for k, dataset in enumerate(images)])


def loaded(images: list[Dataset], folder: Path) -> list[Volume]:
    entry = next(iter(scan(save(images, folder)).series.values()))
    return [spec.load() for spec in entry.volumes()]


@settings(max_examples=25, deadline=None)
@given(
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    origin=st.tuples(*[st.floats(-400, 400)] * 3),
    spacing=st.floats(0.5, 8),
    tilt=st.floats(-25, 25),
    numbers=st.permutations(range(6)),
)
def test_every_voxel_lies_where_its_own_image_puts_it(
    tmp_path_factory: pytest.TempPathFactory,
    turn: tuple[float, ...],
    origin: tuple[float, ...],
    spacing: float,
    tilt: float,
    numbers: list[int],
) -> None:
    axes = Rotation.from_euler("zyx", turn, degrees=True).as_matrix()
    step = axes[:, 2] * spacing + axes[:, 1] * spacing * np.tan(np.radians(tilt))
    orientation = [round(float(v), 9) for v in (*axes[:, 0], *axes[:, 1])]
    images = [
        image(np.round(origin + k * step, 6), k, ImageOrientationPatient=orientation, InstanceNumber=numbers[k] + 1)
        for k in range(6)
    ]
    (volume,) = loaded(images, tmp_path_factory.mktemp("series"))
    assert placement_error_mm(images, volume.array, volume.affine) < 1e-3
    assert np.linalg.det(volume.affine[:3, :3]) < 0 or volume.affine[:3, 0] @ np.cross(*axes[:, :2].T) > 0
    assert any("gantry tilt" in issue for issue in volume.issues) is (abs(tilt) > 0.1)


def test_tilt_is_taken_from_positions_and_named_in_degrees(tmp_path: Path) -> None:
    lean = 5.0 * np.tan(np.radians(14.0))
    (volume,) = loaded([image((0, lean * k, 5.0 * k), k) for k in range(5)], tmp_path)
    assert volume.issues == ("gantry tilt of 14.0 degrees: the grid is sheared",)


def test_a_missing_slice_is_refused_with_its_place(tmp_path: Path) -> None:
    entry = next(
        iter(scan(save([image((0, 0, z), k) for k, z in enumerate((0, 3, 6, 12, 15))], tmp_path)).series.values())
    )
    (spec,) = entry.volumes()
    with pytest.raises(MissingSlicesError, match=r"gap of 6\.0 mm after slice 3 at 6\.0 mm; expected 3\.0 mm"):
        spec.load()


def test_uneven_spacing_is_refused_with_its_range() -> None:
    (spec,) = stacked([image((0, 0, z), k) for k, z in enumerate((0, 3, 6.4, 9, 12))]).volumes
    with pytest.raises(
        UnevenSpacingError, match=r"uneven, 2\.60 to 3\.40 mm, .* at 3\.0 mm; expected one spacing within 0\.1 mm"
    ):
        spec.load()


def test_slices_beside_the_line_are_refused() -> None:
    (spec,) = stacked([image((0.3 * (k == 2), 0, 3 * k), k) for k in range(5)]).volumes
    with pytest.raises(
        GeometryError, match=r"up to 0\.24 mm beside one line, the worst at 6\.0 mm; expected at most 0\.1"
    ):
        spec.load()


def test_rounded_positions_and_jittered_orientations_are_accepted_and_recorded() -> None:
    jitter = [(1.0, 2e-5 * k, 0.0, -2e-5 * k, 1.0, 0.0) for k in range(6)]
    rounded = [round(3.27 * k, 1) for k in range(6)]
    images = [
        image((0, 0, z), k, ImageOrientationPatient=list(turn))
        for k, (z, turn) in enumerate(zip(rounded, jitter, strict=True))
    ]
    (spec,) = stacked(images).volumes
    assert spec.fault is None
    assert any("off the regular grid" in issue for issue in spec.issues)


def test_a_rotated_slice_is_left_out_and_listed() -> None:
    images = [image((0, 0, 3 * k), k) for k in range(5)]
    images.append(image((0, 0, 50), 5, ImageOrientationPatient=[1, 0, 0, 0, 0, -1]))
    result = stacked(images)
    assert [spec.grid.shape[0] for spec in result.volumes] == [5]
    assert [reason for _, reason in result.residue] == ["single image: its slice spacing is unknown"]


def test_a_three_plane_localizer_is_never_one_volume() -> None:
    turns = [AXIAL, (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)]
    normals = [np.cross(turn[:3], turn[3:]) for turn in turns]
    images = [
        image(normal * 10 * k, 3 * n + k, ImageOrientationPatient=list(turn))
        for n, (turn, normal) in enumerate(zip(turns, normals, strict=True))
        for k in range(3)
    ]
    assert [spec.grid.shape[0] for spec in stacked(images).volumes] == [3, 3, 3]


@pytest.mark.parametrize(
    "key",
    [
        {"EchoTime": 10.0},
        {"TemporalPositionIdentifier": 1},
        {"ImageType": ["ORIGINAL", "PRIMARY", "W"]},
        {"AcquisitionTime": "101010"},
    ],
)
def test_two_images_in_one_place_are_parted_by_what_differs(key: dict[str, Any], tmp_path: Path) -> None:
    images = [image((0, 0, 3 * k), k, Modality="MR", EchoTime=80.0) for k in range(4)]
    images += [image((0, 0, 3 * k), 4 + k, Modality="MR", **({"EchoTime": 80.0} | key)) for k in range(4)]
    volumes = loaded(images, tmp_path)
    assert [sorted(set((volume.array // 100).ravel())) for volume in volumes] in ([[0, 1, 2, 3], [4, 5, 6, 7]],) or [
        sorted(set((volume.array // 100).ravel())) for volume in volumes
    ] == [[4, 5, 6, 7], [0, 1, 2, 3]]


def test_a_dynamic_series_is_parted_by_runs_of_instance_number(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * (k % 4)), k, Modality="MR") for k in range(12)]
    volumes = loaded(images, tmp_path)
    assert [(volume.array // 100)[:, 0, 0].tolist() for volume in volumes] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def test_a_time_that_differs_from_slice_to_slice_parts_nothing() -> None:
    images = [image((0, 0, 3 * k), k, AcquisitionTime=f"1010{k:02d}", AcquisitionNumber=k) for k in range(5)]
    assert [spec.grid.shape[0] for spec in stacked(images).volumes] == [5]


def test_images_in_one_place_that_nothing_parts_are_refused() -> None:
    images = [image((0, 0, 3 * (k // 2)), k, InstanceNumber=1) for k in range(6)]
    (spec,) = stacked(images).volumes
    with pytest.raises(AmbiguousStackError, match=r"6 images at 3 positions, .*0\.0, 3\.0, 6\.0 mm"):
        spec.load()


def test_a_second_image_of_one_place_never_cuts_a_stack_in_two() -> None:
    images = [image((0, 0, 3 * k), k) for k in range(8)]
    images.insert(4, image((0, 0, 9), 50, InstanceNumber=4))
    (spec,) = stacked(images).volumes
    with pytest.raises(AmbiguousStackError, match=r"9 images at 8 positions, several at 9\.0 mm"):
        spec.load()


def test_numbers_that_all_images_share_tell_no_runs_whatever_order_files_come_in() -> None:
    images = [image((0, 0, 3 * (k % 4)), k, InstanceNumber=1) for k in range(10)]
    assert [type(spec.fault) for spec in stacked(images).volumes] == [AmbiguousStackError]


def test_a_copy_that_bears_the_number_of_its_twin_counts_once(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * k), k) for k in range(8)]
    entry = next(iter(scan(save([*images, image((0, 0, 9), 3)], tmp_path)).series.values()))
    assert [spec.load().shape[0] for spec in entry.volumes()] == [8]


def test_blank_images_beside_one_another_are_no_copies(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * k), k) for k in range(4)]
    images.append(image((40, 0, 3), 1))
    (spec,) = next(iter(scan(save(images, tmp_path)).series.values())).volumes()
    with pytest.raises(AmbiguousStackError, match=r"several at 3\.0 mm"):
        spec.load()


def test_diffusion_directions_and_weights_part_a_series_by_weight_then_by_time() -> None:
    images = [image((0, 0, 3 * k), k, Modality="MR", DiffusionBValue=0.0) for k in range(4)]
    for direction in range(3):
        images += [
            image((0, 0, 3 * k), 50, Modality="MR", DiffusionBValue=800.0, AcquisitionTime=f"10{direction}0{k:02d}.5")
            for k in range(4)
        ]
    specs = stacked(images).volumes
    assert [spec.grid.shape[0] for spec in specs] == [4, 4, 4, 4]
    times = [{instance.split_values[6][:3] for instance in spec.instances} for spec in specs[1:]]
    assert times == [{"100"}, {"101"}, {"102"}]


def test_a_gated_series_numbered_place_by_place_is_parted_by_its_phases(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * (k // 5)), k, Modality="MR") for k in range(20)]
    assert [set((volume.array // 100)[:, 0, 0] % 5) for volume in loaded(images, tmp_path)] == [{n} for n in range(5)]


def test_an_echo_that_lost_a_slice_is_refused_alone() -> None:
    images = [image((0, 0, 3 * (k % 6)), k, Modality="MR", EchoTime=10.0 * (1 + k // 6)) for k in range(12)]
    del images[8]
    assert [type(spec.fault) for spec in stacked(images).volumes] == [type(None), MissingSlicesError]


def test_interleaved_acquisitions_that_make_one_grid_stay_whole_and_are_named() -> None:
    images = [image((0, 0, 3 * k), k, AcquisitionNumber=1 + k % 2) for k in range(8)]
    (spec,) = stacked(images).volumes
    assert spec.issues == ("slices of 2 acquisitions lie between one another: movement may show",)


def test_alternate_acquisitions_that_lost_a_slice_are_two_volumes_that_name_each_other() -> None:
    images = [image((0, 0, 3 * k), k, AcquisitionNumber=1 + k % 2) for k in range(10) if k != 8]
    even, odd = stacked(images).volumes
    assert [spec.grid.spacing_mm[0] for spec in (even, odd)] == [6.0, 6.0]
    told = ("slices of another volume of this series lie between these: two scans, or one with slices missing",)
    assert even.issues == odd.issues == told


def test_volumes_that_share_their_places_or_follow_one_another_say_nothing_of_each_other() -> None:
    echoes = [image((0, 0, 3 * (k % 5)), k, EchoTime=10 + k // 5) for k in range(10)]
    slabs = [image((0, 0, 3 * k + 40 * (k // 5)), k, AcquisitionNumber=k // 5) for k in range(10)]
    assert {spec.issues for images in (echoes, slabs) for spec in stacked(images).volumes} == {()}


def test_slabs_of_one_scan_with_a_gap_are_not_passed_off_as_volumes() -> None:
    places = [0, 3, 6, 9, 12, 15, 18, 24, 27, 30]
    images = [image((0, 0, z), k, AcquisitionNumber=k // 3) for k, z in enumerate(places)]
    (spec,) = stacked(images).volumes
    assert isinstance(spec.fault, MissingSlicesError)


def test_two_files_of_one_uid_and_other_pixels_are_refused(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * k), k) for k in range(3)]
    images.append(image((0, 0, 3), 7, SOPInstanceUID=images[1].SOPInstanceUID))
    with pytest.raises(AmbiguousStackError, match=r"one SOP instance UID and different pixels, at 3\.0 mm"):
        loaded(images, tmp_path)


def test_one_uid_at_two_places_is_two_images() -> None:
    images = [image((0, 0, 3 * k), k) for k in range(4)]
    images[3].SOPInstanceUID = images[0].SOPInstanceUID
    assert [spec.grid.shape[0] for spec in stacked(images).volumes] == [4]


def test_a_mosaic_of_slices_is_left_out() -> None:
    images = [image((0, 0, 3 * k), k, ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"]) for k in range(3)]
    result = stacked(images)
    assert result.volumes == ()
    assert {reason for _, reason in result.residue} == {"a mosaic of slices, not one plane of the patient"}


def test_copies_of_an_image_under_other_uids_count_once(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * k), k) for k in range(4)]
    images.append(image((0, 0, 3), 1))
    entry = next(iter(scan(save(images, tmp_path)).series.values()))
    assert [spec.load().shape[0] for spec in entry.volumes()] == [4]
    assert [reason for _, reason in entry.residue] == ["same place and same pixels as another image"]


def test_another_frame_of_reference_is_another_volume() -> None:
    images = [image((0, 0, 3 * k), k, FrameOfReferenceUID=f"2.25.{9 + k // 3}") for k in range(6)]
    assert [spec.grid.shape[0] for spec in stacked(images).volumes] == [3, 3]


def test_uneven_slices_are_interpolated_on_demand_and_it_is_said(tmp_path: Path) -> None:
    places = (0, 3, 6.4, 9, 12)
    images = [image((0, 0, z), k) for k, z in enumerate(places)]
    (spec,) = next(iter(scan(save(images, tmp_path)).series.values())).volumes()
    volume = spec.load("resample")
    assert volume.spacing_mm == pytest.approx((2.6, 0.7, 0.8))
    expected = np.interp(volume.position_mm([[k, 0, 0] for k in range(5)])[:, 2], places, np.arange(5) * 100)
    assert np.abs(volume.array[:, 0, 0] - expected).max() <= 0.5
    assert "slices 2.60 to 3.40 mm apart were interpolated to 2.60 mm" in volume.issues[-1]
    assert "the last 1.60 mm of 12.00 mm lie beyond the last slice" in volume.issues[-1]  # 12 - 4 * 2.6
    assert volume.slice_uids == ()


def test_uneven_slices_whose_length_the_spacing_divides_lose_nothing_and_no_loss_is_said(tmp_path: Path) -> None:
    images = [image((0, 0, z), k) for k, z in enumerate((0, 2.5, 5.8, 9.2, 12.5))]
    (spec,) = next(iter(scan(save(images, tmp_path)).series.values())).volumes()
    volume = spec.load("resample")
    assert volume.position_mm((volume.shape[0] - 1, 0, 0))[2] == pytest.approx(12.5)
    assert "lie beyond" not in volume.issues[-1]


def test_missing_slices_are_never_interpolated(tmp_path: Path) -> None:
    images = [image((0, 0, z), k) for k, z in enumerate((0, 3, 6, 12, 15))]
    (spec,) = next(iter(scan(save(images, tmp_path)).series.values())).volumes()
    with pytest.raises(MissingSlicesError, match=r"gap of 6\.0 mm"):
        spec.load("resample")


def test_a_file_copied_twice_counts_once() -> None:
    images = [image((0, 0, 3 * k), k) for k in range(3)]
    result = stacked([*images, images[1]])
    assert [spec.grid.shape[0] for spec in result.volumes] == [3]
    assert [reason for _, reason in result.residue] == ["second file with a SOP instance UID already read"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ImagePositionPatient": None}, "ImagePositionPatient has 0 numbers, expected 3"),
        ({"PixelSpacing": [0, 1]}, "PixelSpacing is not above 0 mm"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "not two unit vectors at a right angle"),
        ({"Columns": 0}, "an image of 7 rows and 0 columns"),
        ({"PixelSpacing": [1e-5, 1e-5]}, "PixelSpacing is not within 0.001 to 1000.0 mm"),
        ({"ImagePositionPatient": [0, 0, 1e7]}, "more than 1e+06 mm from the origin"),
    ],
)
def test_an_image_without_a_place_is_listed_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    result = stacked([image((0, 0, 3 * k), k, **changes) for k in range(3)])
    assert result.volumes == ()
    assert len(result.residue) == 3
    assert reason in result.residue[0][1]


@pytest.mark.real_data
def test_on_every_real_series_each_slice_lies_where_its_header_says(shared: Path) -> None:
    checked = 0
    for entry in scan(shared / "dicom").series.values():
        placed = {instance.path for spec in entry.volumes() for instance in spec.instances}
        left = {path for path, _ in entry.residue}
        kinds = ("SEG", "RTSTRUCT", "CR", "DX")
        images = {instance.path for instance in entry.instances if entry.modality not in kinds}
        assert placed | left == images
        assert not placed & left
        for spec in entry.volumes():
            if spec.fault is not None:
                continue
            for k, instance in enumerate(spec.instances):
                corner = (instance.rows - 1, instance.columns - 1)
                own = instance.position_mm + corner[0] * instance.spacing_mm[0] * instance.column_direction
                own = own + corner[1] * instance.spacing_mm[1] * instance.row_direction
                assert np.linalg.norm(spec.grid.position_mm((k, *corner)) - own) <= 0.1
                assert np.linalg.norm(spec.grid.position_mm((k, 0, 0)) - instance.position_mm) <= 0.1
                checked += 1
    assert checked > 400


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("folder", "volumes", "refused"),
    [
        ("localizer_3plane", [7, 7, 7], 0),
        ("dualecho_4vol_philips", [30, 30, 30, 30], 0),
        ("crlm1004_ct_12slices", [12], 0),
        ("dcm_qa_ts", [], 0),
        ("d2n_failing/notavolume", [], 0),
        ("d2n_failing/sliceorientation", [2, 2], 0),
        ("d2n_failing/sliceincrement", [], 2),
    ],
)
def test_awkward_real_series_are_parted_or_refused(
    shared: Path, folder: str, volumes: list[int], refused: int
) -> None:
    specs = [spec for entry in scan(shared / "dicom" / folder).series.values() for spec in entry.volumes()]
    assert [spec.grid.shape[0] for spec in specs if spec.fault is None] == volumes
    assert sum(spec.fault is not None for spec in specs) == refused
