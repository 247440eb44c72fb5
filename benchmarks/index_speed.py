"""Processor time of indexing a folder: new, kept from the last scan, and by pydicom reading headers alone.

The folder is made for the purpose: small CT images with a hundred elements each, as scanners write them (private
blocks, sequences of defined and undefined length), in explicit and implicit little endian, some 32 to a series. The
three are measured in turn, several times, in one process, and the median is given. Every file's values are compared.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from sarcoma_review.dicom import scan
from sarcoma_review.dicom.scan import Index

COUNTS, ROUNDS, PER_SERIES = (1_000, 4_000), 5, 32
PRIVATE = 40
SETTLING_S = 2.5


def slice_of(series: Dataset, number: int) -> Dataset:
    """One image of a series."""
    dataset = Dataset()
    dataset.update(series)
    dataset.SOPInstanceUID = generate_uid()
    dataset.InstanceNumber = number
    dataset.ImagePositionPatient = [-120.5, -130.25, 1.25 * number]
    dataset.SliceLocation = 1.25 * number
    dataset.AcquisitionTime = f"1201{number % 60:02d}.125000"
    dataset.PixelData = np.full(16 * 16, number, "<u2").tobytes()
    dataset.file_meta = FileMetaDataset()
    explicit = int(series.SeriesNumber) % 2
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian
    return dataset


def series_of(number: int) -> Dataset:
    """What the images of one series share."""
    series = Dataset()
    series.SOPClassUID, series.Modality, series.SeriesNumber = CTImageStorage, "CT", number
    series.StudyInstanceUID, series.FrameOfReferenceUID = "2.25.1", "2.25.2"
    series.SeriesInstanceUID, series.SeriesDescription = generate_uid(), "thigh"
    series.ImageType, series.SpecificCharacterSet = ["ORIGINAL", "PRIMARY", "AXIAL"], "ISO_IR 100"
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(series, keyword, "20260101")
    for keyword in ("Manufacturer", "ManufacturerModelName", "ProtocolName", "ConvolutionKernel", "StationName"):
        setattr(series, keyword, "made for timing")
    for keyword in ("KVP", "SliceThickness", "DataCollectionDiameter", "ReconstructionDiameter", "TableHeight"):
        setattr(series, keyword, 120.5)
    series.PixelSpacing, series.ImageOrientationPatient = [0.75, 0.75], [1, 0, 0, 0, 1, 0]
    series.Rows = series.Columns = 16
    series.SamplesPerPixel, series.PhotometricInterpretation = 1, "MONOCHROME2"
    series.BitsAllocated, series.BitsStored, series.HighBit, series.PixelRepresentation = 16, 12, 11, 0
    series.RescaleSlope, series.RescaleIntercept = 1, -1024
    for keyword in ("ReferencedImageSequence", "SourceImageSequence"):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, generate_uid()
        setattr(series, keyword, [item])
    series["SourceImageSequence"].is_undefined_length = True
    block = series.private_block(0x0019, "MADE FOR MEASURING", create=True)
    for element in range(PRIVATE):
        block.add_new(element, "DS", [1.5, element])
    return series


def write(folder: Path, count: int) -> None:
    """Make the folder."""
    series = series_of(1)
    for k in range(count):
        if k % PER_SERIES == 0:
            series = series_of(k // PER_SERIES + 1)
            inside = folder / f"{k // PER_SERIES:04d}"
            inside.mkdir(parents=True)
        slice_of(series, k % PER_SERIES).save_as(inside / f"{k:06d}", enforce_file_format=True)


def with_pydicom(folder: Path) -> list[Dataset]:
    """Headers alone, values unread."""
    return [dcmread(file, stop_before_pixels=True) for file in folder.rglob("*") if file.is_file()]


def differences(index: Index, datasets: list[Dataset]) -> int:
    """Files whose values are not pydicom's."""
    places = {str(d.SOPInstanceUID): (tuple(d.ImagePositionPatient), d.InstanceNumber, d.Rows) for d in datasets}
    found = [instance for entry in index.series.values() for instance in entry.instances]
    same = sum(places[i.sop_instance_uid] == (tuple(i.position_mm), i.number, i.rows) for i in found)
    return len(datasets) - same


def seconds(task: Callable[[], object]) -> float:
    """Processor time."""
    started = time.process_time()
    task()
    return time.process_time() - started


def measure(folder: Path, count: int) -> None:
    """Print the figures of one size."""
    write(folder, count)
    time.sleep(SETTLING_S)  # what has just changed is not kept
    kept = folder.with_name("kept.index")
    unequal = differences(scan(folder, cache=kept), with_pydicom(folder))
    ways = {
        "pydicom": lambda: with_pydicom(folder),
        "new": lambda: scan(folder),
        "kept": lambda: scan(folder, cache=kept),
    }
    rounds = [{name: seconds(way) for name, way in ways.items()} for _ in range(ROUNDS)]
    median = {name: statistics.median(one[name] for one in rounds) for name in ways}
    each = {name: f"{1e6 * value / count:6.1f}" for name, value in median.items()}
    print(
        f"{count:6d} files: pydicom {each['pydicom']}, new {each['new']}, kept {each['kept']} µs a file; "
        f"{median['pydicom'] / median['new']:.1f} and {median['pydicom'] / median['kept']:.1f} times as fast; "
        f"{unequal} files with other values; index {kept.stat().st_size / count:.0f} bytes a file"
    )


def main() -> None:
    """Print the figures."""
    for count in [int(argument) for argument in sys.argv[1:]] or COUNTS:
        with tempfile.TemporaryDirectory() as scratch:
            measure(Path(scratch) / "folder", count)


if __name__ == "__main__":
    main()
