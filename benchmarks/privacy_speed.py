"""De-identification and the gate against bare pydicom, in one run, by CPU time and wall time; prints ratios.

Slices are not read for burned-in text here: that takes a second for each of three slices of a series, however long.

python benchmarks/privacy_speed.py [SLICES]
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from sarcoma_review.privacy import deidentify
from sarcoma_review.privacy.gate import admit
from sarcoma_review.privacy.profile import PEER_LEARNING

SIDE, ROUNDS = 512, 3
EXTRA_TEXT = (
    *("ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "RequestingPhysician"),
    *("InstitutionName", "StationName", "StudyDescription", "ProtocolName", "RequestedProcedureDescription"),
    *("DeviceSerialNumber", "PatientAddress", "StudyID", "AccessionNumber"),
)


def ct_slice(number: int, noise: np.ndarray) -> Dataset:
    """One identified slice of 512 x 512 with about a hundred elements, as a scanner writes it."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, f"1.2.826.0.1.3680043.9.7777.5.{number + 1}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.3680043.9.7777.6", "1.2.826.0.1.3680043.9.7777.7"
    ds.FrameOfReferenceUID, ds.Modality, ds.Manufacturer = "1.2.826.0.1.3680043.9.7777.8", "CT", "SIEMENS"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = (
        "Quillfeather^Una",
        "ZK4711923",
        "20080517",
        "F",
    )
    for kind in ("Study", "Series", "Acquisition", "Content"):
        setattr(ds, f"{kind}Date", "20240301")
        setattr(ds, f"{kind}Time", "101512" if kind in ("Study", "Series") else f"1016{number % 60:02d}.25")
    for keyword in EXTRA_TEXT:
        setattr(ds, keyword, "Wexcombe 778")
    ds.ImageType, ds.SeriesDescription, ds.BodyPartExamined = ["ORIGINAL", "PRIMARY", "AXIAL"], "Femur 0.6 mm", "LEG"
    ds.PatientAge, ds.PatientWeight, ds.PatientSize = "015Y", "51.3", "1.62"
    for n, keyword in enumerate(("KVP", "XRayTubeCurrent", "Exposure", "ExposureTime", "DataCollectionDiameter")):
        setattr(ds, keyword, str(100 + n))
    ds.TableHeight, ds.GantryDetectorTilt, ds.RotationDirection, ds.ConvolutionKernel = "150.5", "0", "CW", "B60s"
    ds.PatientPosition, ds.SliceThickness, ds.SpiralPitchFactor = "FFS", "0.6", 0.9
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-250, -250, 0.6 * number], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceLocation, ds.InstanceNumber, ds.SeriesNumber = (
        [0.97, 0.97],
        str(number),
        str(number),
        "3",
    )
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
    ds.WindowCenter, ds.WindowWidth = ["40", "300"], ["400", "1500"]
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "71341001", "SCT", "Femur"
    ds.AnatomicRegionSequence = ds.ProcedureCodeSequence = Sequence([code])
    block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", b"SV10" + bytes(4096))
    ds.Rows = ds.Columns = SIDE
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = np.roll(noise, number).tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def write_study(folder: Path, slices: int) -> None:
    """Write a CT of this many slices."""
    noise = np.random.default_rng(1).integers(0, 4096, (SIDE, SIDE), dtype=np.uint16)
    folder.mkdir()
    for number in range(slices):
        ds = ct_slice(number, noise)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dcmwrite(folder / f"{number:04d}.dcm", ds, enforce_file_format=True)


def bare(source: Path, target: Path) -> None:
    """Read and write every file with pydicom alone."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        dcmread(path).save_as(target / path.name)


def cleaned(folder: Path, jobs: int, number: int) -> None:
    """De-identify the study of a folder."""
    target, key = folder / f"clean{jobs}_{number}", folder / "secret.key"
    profile = replace(PEER_LEARNING, samples_slices=False)
    deidentify(folder / "source", target, key_file=key, profile=profile, jobs=jobs)


def loaded(folder: Path) -> None:
    """Read every header and its pixels, as loading a volume does."""
    for path in sorted(folder.rglob("*.dcm")):
        np.frombuffer(dcmread(path).PixelData, np.uint16)


def cpu_s() -> float:
    """CPU time of this process and of its children that have ended, in s; by microseconds, not by clock ticks."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def timed(work: Callable[[int], object]) -> tuple[float, float]:
    """Least CPU time, children's included, and wall time of some rounds, in s, after one to warm up."""
    work(ROUNDS)
    found = []
    for round_number in range(ROUNDS):
        cpu, wall = cpu_s(), time.perf_counter()
        work(round_number)
        found.append((cpu_s() - cpu, time.perf_counter() - wall))
    return min(cpu for cpu, _ in found), min(wall for _, wall in found)


def main() -> None:
    """Print the table."""
    slices = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        write_study(source, slices)
        clean = folder / "clean1_0"
        rows = {"bare pydicom read + write": timed(lambda n: bare(source, folder / f"bare{n}"))}
        for jobs in (1, 2):
            rows[f"deidentify, {jobs} process(es)"] = timed(partial(cleaned, folder, jobs))
        rows["load"] = timed(lambda _: loaded(clean))
        rows["open by receipt"] = timed(lambda _: admit(clean))
        (clean / "deidentification_receipt.json").unlink()
        rows["open by content"] = timed(lambda _: admit(clean))
    reference = rows["bare pydicom read + write"]
    print(f"{slices} slices of {SIDE} x {SIDE}           CPU s   wall s   speed v bare: CPU, wall")
    for label, (cpu, wall) in rows.items():
        print(f"{label:32s} {cpu:8.2f} {wall:8.2f} {reference[0] / cpu:12.2f} {reference[1] / wall:8.2f}")


if __name__ == "__main__":
    main()
