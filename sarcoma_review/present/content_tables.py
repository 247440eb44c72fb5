"""Tables and rows of pictures that pages before and after the opinions have in common."""

from collections.abc import Iterator, Sequence
from typing import Literal

from sarcoma_review.present.afterwards import Event
from sarcoma_review.present.content_words import or_not_recorded
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.pages import Block, Page, Pictures, Table
from sarcoma_review.present.png import shape
from sarcoma_review.present.time_line import MOST_MOMENTS, Moment, time_line_figure
from sarcoma_review.volume import Volume

_ABREAST, _WIDE = 3, 3.6  # pictures on a page, and their width together over the height of one


def imaging_table(volumes: Sequence[Volume]) -> Table:
    """Each volume in a row: what it is, its voxels, and how oblique it lies."""
    return Table(("Series", "Slices × rows × columns", "Voxel, mm", "Lies"), [_row(each) for each in volumes])


def _row(volume: Volume) -> tuple[str, ...]:
    tilt = volume.grid.tilt_deg
    return (
        f"{volume.modality} {volume.description}".strip() or "Volume",
        " × ".join(str(n) for n in volume.shape),
        " × ".join(f"{mm:.2f}" for mm in volume.spacing_mm),
        f"{tilt:.0f}° oblique" if tilt > 0.5 else "straight",
    )


def timeline_table(events: Sequence[Event], heading: str = "") -> Table:
    """Events with their weeks, in the order given."""
    return Table(("When", "What"), [(or_not_recorded(each.when), each.what) for each in events], heading)


def timeline_figure(events: Sequence[Event]) -> tuple[Block, ...]:
    """Events as a figure where two or more have a week; nothing where there are more than a figure holds."""
    known = [Moment(each.what, (each.week, each.week)) for each in events if each.week is not None]
    return (Pictures([time_line_figure(known)], figure=True),) if 2 <= len(known) <= MOST_MOMENTS else ()


def picture_pages(
    title: str, images: Sequence[KeyImage], *notes: Block, part: Literal["before", "after"] = "before"
) -> Iterator[Page]:
    """Pictures, as many to a page as can be seen from the back of a room: up to three."""
    row: list[KeyImage] = []
    for image in images:
        if row and (len(row) == _ABREAST or sum(shape(each.png) for each in (*row, image)) > _WIDE):
            yield Page(title, (Pictures(row), *notes), part)
            row = []
        row.append(image)
    if row:
        yield Page(title, (Pictures(row), *notes), part)
