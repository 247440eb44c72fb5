"""How fast and in how much memory series become volumes, beside reading their bytes and beside SimpleITK and pydicom.

One synthetic CT of 600 slices, 512 x 512, 12 bits with noise, written plain, compressed, and as one multi-frame file
into a folder that goes afterwards. Each reader runs in a process of its own, in turns with the others; its best CPU
time counts, its imports do not: where memory is slow to come by, all readers pay the same, so ratios are of the best
of several turns. Memory is the highest resident size above that before reading. Decoding alone is timed within the
process that reads.

    python benchmarks/load_speed.py [slices] [folder for the files]
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import imagecodecs
import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, generate_uid

import sarcoma_review.dicom.segments  # noqa: F401 (what importing costs is not part of reading)
from sarcoma_review.dicom.scan import scan

SIZE = 512
TURNS = 4
DISTINCT = 24  # slices are made and coded once each and then repeat
PLAIN, JPEG_LS, HTJ2K, RLE = (
    *("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.5"),
)


@cache
def slice_of(number: int) -> np.ndarray:
    """A body with noise, stored values of 12 bits."""
    rng = np.random.default_rng(number)
    row, column = np.ogrid[:SIZE, :SIZE]
    inside = (row - 256) ** 2 + (column - 256) ** 2 < (180 + 20 * np.sin(number / 40)) ** 2
    values = np.where(inside, 1064 + 300 * (np.hypot(row - 300, column - 240) < 40), 24)
    return (values + rng.normal(0, 25, (SIZE, SIZE))).clip(0, 4095).astype(np.uint16)


def rle(pixels: np.ndarray) -> bytes:
    return RLELosslessEncoder.encode(
        pixels, rows=SIZE, columns=SIZE, samples_per_pixel=1, bits_allocated=16, bits_stored=16,
        pixel_representation=0, photometric_interpretation="MONOCHROME2", number_of_frames=1,
    )  # fmt: skip


ENCODERS: dict[str, Callable[[np.ndarray], bytes]] = {
    PLAIN: lambda pixels: pixels.tobytes(),
    JPEG_LS: lambda pixels: bytes(imagecodecs.jpegls_encode(pixels)),
    HTJ2K: lambda pixels: bytes(imagecodecs.htj2k_encode(pixels, reversible=True)),
    RLE: rle,
}


@cache
def coded(number: int, syntax: str) -> bytes:
    return ENCODERS[syntax](slice_of(number))


DECODERS = {JPEG_LS: imagecodecs.jpegls_decode, HTJ2K: imagecodecs.htj2k_decode}


def common(sop_class: str, syntax: str) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = "2.25.1", "2.25.2", "2.25.3"
    dataset.Modality, dataset.ImageType, dataset.Manufacturer = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"], "none"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns, dataset.PixelRepresentation = SIZE, SIZE, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def write_series(folder: Path, slices: int, syntax: str) -> None:
    folder.mkdir()
    for k in range(slices):
        dataset = common(CTImageStorage, syntax)
        dataset.InstanceNumber = k + 1
        dataset.PixelSpacing, dataset.ImageOrientationPatient = [0.8, 0.8], [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [-204.8, -204.8, round(-300 + 0.8 * k, 3)]
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        frame = coded(k % DISTINCT, syntax)
        dataset.PixelData = frame if syntax == PLAIN else encapsulate([frame])
        dataset["PixelData"].VR = "OW" if syntax == PLAIN else "OB"
        dataset.save_as(folder / f"{k:04d}.dcm", enforce_file_format=True)


def item(**values: object) -> list[Dataset]:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return [dataset]


def write_enhanced(folder: Path, slices: int) -> None:
    folder.mkdir()
    dataset = common(EnhancedCTImageStorage, PLAIN)
    dataset.InstanceNumber, dataset.NumberOfFrames = 1, slices
    shared, frames = Dataset(), []
    shared.PixelMeasuresSequence = item(PixelSpacing=[0.8, 0.8], SliceThickness=0.8)
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.PixelValueTransformationSequence = item(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU")
    for k in range(slices):
        frame = Dataset()
        frame.FrameContentSequence = item(DimensionIndexValues=[1, k + 1], FrameAcquisitionDateTime="20240101101010")
        frame.PlanePositionSequence = item(ImagePositionPatient=[-204.8, -204.8, round(-300 + 0.8 * k, 3)])
        frames.append(frame)
    dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence = [shared], frames
    dataset.PixelData = b"".join(coded(k % DISTINCT, PLAIN) for k in range(slices))
    dataset["PixelData"].VR = "OW"
    dataset.save_as(folder / "all.dcm", enforce_file_format=True)


def ours(folder: Path) -> np.ndarray:
    (series,) = scan(folder).series.values()
    (spec,) = series.volumes()
    return spec.load().array


def bytes_only(folder: Path) -> np.ndarray:
    """Every file read straight into one array made beforehand: nothing can be faster."""
    files = sorted(folder.iterdir())
    room = np.empty(sum(file.stat().st_size for file in files), np.uint8)
    at = 0
    for file in files:
        with file.open("rb", buffering=0) as handle:
            at += handle.readinto(room[at : at + file.stat().st_size])
    return room


def simpleitk(folder: Path) -> np.ndarray:
    import SimpleITK as sitk

    files = sorted(str(file) for file in folder.iterdir())
    if len(files) == 1:
        return sitk.GetArrayFromImage(sitk.ReadImage(files[0]))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    return sitk.GetArrayFromImage(reader.Execute())


def pydicom_stack(folder: Path) -> np.ndarray:
    images = [dcmread(file) for file in folder.iterdir()]
    images.sort(key=lambda image: float(image.ImagePositionPatient[2]) if "ImagePositionPatient" in image else 0.0)
    return np.stack([image.pixel_array.astype(np.int16) - 1024 for image in images])


def decode_only(folder: Path, syntax: str) -> float:
    """CPU seconds to decode every frame, its bytes in memory, into one array, one after another."""
    frames = []
    for file in sorted(folder.iterdir()):
        data = file.read_bytes()
        at = data.index(b"\xfe\xff\x00\xe0", data.index(b"\xe0\x7f\x10\x00OB")) + 8
        at += int.from_bytes(data[at - 4 : at], "little") + 8
        frames.append(data[at : at + int.from_bytes(data[at - 4 : at], "little")])
    into = np.zeros((len(frames), SIZE, SIZE), np.uint16)
    start = time.process_time()
    for frame, place in zip(frames, into, strict=True):
        if syntax == RLE:
            imagecodecs.dicomrle_decode(frame, np.dtype(np.uint16), out=place.reshape(-1).view(np.uint8))
        else:
            DECODERS[syntax](frame, out=place)
    return time.process_time() - start


READERS = {"ours": ours, "bytes": bytes_only, "SimpleITK": simpleitk, "pydicom": pydicom_stack}


def in_this_process(reader: str, folder: Path) -> None:
    if reader == "SimpleITK":
        import SimpleITK  # noqa: F401 (before the clock starts)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, wall = time.process_time(), time.perf_counter()
    array = READERS[reader](folder)
    taken = {"cpu_s": time.process_time() - start, "wall_s": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(taken | {"peak_mb": (peak - before) / 1024, "sum": int(array.sum(dtype=np.int64))}))


def run(readers: tuple[str, ...], folder: Path) -> dict[str, dict[str, float]]:
    """The best of each reader's turns."""
    told: dict[str, list[dict[str, float]]] = {reader: [] for reader in readers}
    for _ in range(TURNS):
        for reader in readers:
            command = [sys.executable, __file__, "--read", reader, str(folder)]
            text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            told[reader].append(json.loads(text.splitlines()[-1]))
    return {reader: min(turns, key=lambda each: each["cpu_s"]) for reader, turns in told.items()}


def line(what: str, found: dict[str, float], limit: float) -> None:
    ratio = found["cpu_s"] / limit
    print(
        f"  {what:14} {found['cpu_s']:7.2f} s CPU {ratio:6.2f} x {found['wall_s']:7.2f} s {found['peak_mb']:5.0f} MB"
    )


def compare(name: str, folder: Path, readers: tuple[str, ...]) -> None:
    print(f"{name}: CPU s, times the limit, wall s, peak memory above the start")
    found = run(("bytes", *readers), folder)
    limit = found.pop("bytes")
    assert len({result["sum"] for result in found.values()}) == 1, "readers disagree about the values"
    line("bytes only", limit, limit["cpu_s"])
    for reader, result in found.items():
        line(reader, result, limit["cpu_s"])
    print(f"  SimpleITK takes {found['SimpleITK']['cpu_s'] / found['ours']['cpu_s']:.1f} x as long as ours")


def compare_decoding(name: str, folder: Path, syntax: str) -> None:
    print(f"{name}: CPU s, times decoding alone, wall s, peak memory above the start")
    found = run(("ours", "SimpleITK"), folder)
    alone = min(decode_only(folder, syntax) for _ in range(2))
    assert len({result["sum"] for result in found.values()}) == 1, "readers disagree about the values"
    for reader, result in found.items():
        line(reader, result, alone)
    print(f"  SimpleITK takes {found['SimpleITK']['cpu_s'] / found['ours']['cpu_s']:.1f} x as long as ours")
    print(f"  ours used {found['ours']['cpu_s'] / found['ours']['wall_s']:.2f} of {os.cpu_count()} processors")


def main(slices: int, home: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        root = Path(scratch)
        series: dict[str, Callable[[Path], None]] = {
            name: partial(write_series, slices=slices, syntax=syntax)
            for name, syntax in (("plain", PLAIN), ("jpegls", JPEG_LS), ("htj2k", HTJ2K), ("rle", RLE))
        }
        series["enhanced"] = partial(write_enhanced, slices=slices)
        for name, write in series.items():
            write(root / name)
        print(f"{slices} slices of {SIZE} x {SIZE}: {slices * SIZE * SIZE * 2 / 2**20:.0f} MB of int16")
        compare("plain", root / "plain", ("ours", "SimpleITK", "pydicom"))
        compare("one multi-frame file", root / "enhanced", ("ours", "SimpleITK"))
        for name, syntax in (("jpegls", JPEG_LS), ("htj2k", HTJ2K), ("rle", RLE)):
            compare_decoding(name, root / name, syntax)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        in_this_process(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 600, sys.argv[2] if sys.argv[2:] else None)
