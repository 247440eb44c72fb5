"""What leaves a viewer for DICOM objects: outlines as a SEG, measurements as a report has them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom import Dataset

from sarcoma_review.dicom import drawn_angle, drawn_length, drawn_region, write_seg
from sarcoma_review.dicom.measured import Drawn
from sarcoma_review.volume import Segment
from sarcoma_review.widgets.measure import Angle, Length, Measurement, Region


def seg_saver(images: Sequence[Dataset], path: str | Path) -> Callable[[tuple[Segment, ...]], str]:
    """Make what an `Outliner` saves with: a DICOM SEG, put in the place of an earlier one.

    Parameters
    ----------
    images : sequence of pydicom.Dataset
        Those that are outlined, in the order of the volume's slices, such as `sarcoma_review.dicom.source_images`
        gives.
    path : path-like

    Returns
    -------
    callable
        Takes segments, writes them, and gives the file's name and how many there are.
    """
    target = Path(path)

    def save(segments: tuple[Segment, ...]) -> str:
        half = target.with_name(target.name + ".part")
        write_seg(segments, images=images).save_as(half, enforce_file_format=True)
        half.replace(target)  # whole, or not at all
        return f"{target.name}, {len(segments)} segment{'s' if len(segments) > 1 else ''} as DICOM SEG"

    return save


def reported(measurements: Sequence[Measurement]) -> list[Drawn]:
    """Measurements as `sarcoma_review.dicom.write_sr` takes them; those on the image beside, and notes, are left out.

    A report speaks of one frame of reference and one set of images, and has no place for a text at a position.

    Raises
    ------
    DicomError
        If a region's values are in a unit other than HU, SUVbw or none.
    """
    return [drawn for one in measurements if one.image == "first" and (drawn := _drawn(one)) is not None]


def _drawn(one: Measurement) -> Drawn | None:
    match one:
        case Length():
            return drawn_length(one.points_mm, one.length_mm, sd_mm=one.sd_mm)
        case Angle():
            return drawn_angle(one.points_mm, one.angle_deg, sd_deg=one.sd_deg)
        case Region():
            known = {"mean": one.mean, "sd": one.sd, "minimum": one.minimum, "maximum": one.maximum}
            values = {name: value for name, value in known.items() if value is not None}
            return drawn_region(one.kind, one.points_mm, area_mm2=one.area_mm2, values=values, units=one.units)
    return None
