"""The contact sheet: every picture that may carry text, with what would be blanked, for a person to look at and sign.

Some text is missed by any reader. Pictures of kinds that habitually carry it are therefore released only under a
signature, which names a role and a day, and holds for exactly the files and the blanking that were seen.
"""

import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from sarcoma_review.errors import NotDicomError, PrivacyError, UnsupportedError
from sarcoma_review.privacy.blanking import Blanking, Box, TextLine
from sarcoma_review.privacy.burned_in import in_grey, windowed
from sarcoma_review.privacy.objects import KINDS, SECTIONS, is_watched
from sarcoma_review.privacy.pictures import carries_text, decoded, looked_at
from sarcoma_review.privacy.sampling import sampled
from sarcoma_review.privacy.signature import Signature, known_role
from sarcoma_review.privacy.sources import Source, quietly, sources
from sarcoma_review.privacy.structure import layout
from sarcoma_review.privacy.treatments import PARSE_ERRORS

_LARGEST_PX, _TILE_PX, _ACROSS, _DOWN = 1024, 512, 3, 2
_PAGE = "contact_sheet_{}.png"
_BLANKED, _KEPT = (230, 159, 0), (86, 180, 233)


@dataclass(frozen=True)
class Picture:
    """One file on the sheet.

    Attributes
    ----------
    file : str
        Its name where that is plainly neutral, or a number.
    kind : str
        Modality, such as ``"DX"``.
    sha256 : str
        Of the whole file.
    blanking : Blanking
    image : ndarray of uint8, shape (rows, columns, 3)
        What would be released, of its middle frame; orange where it is blanked, blue around markers that stay.
    plain : ndarray of uint8, shape (rows, columns)
        The frame in grey, from which `image` is drawn.
    step : int
        How many pixels of the frame one pixel of `image` stands for, each way.
    """

    file: str
    kind: str
    sha256: str = field(repr=False)
    blanking: Blanking = field(repr=False)
    image: NDArray[np.uint8] = field(repr=False, compare=False)
    plain: NDArray[np.uint8] = field(repr=False, compare=False)
    step: int = field(repr=False)


@dataclass(frozen=True)
class ContactSheet:
    """Every picture of a study that may carry text.

    Attributes
    ----------
    pictures : tuple of Picture
    unseen : tuple of (str, str)
        Files that could not be shown, each with the reason: they stay closed.
    """

    pictures: tuple[Picture, ...]
    unseen: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, path: str | Path, *, progress: Callable[[int, int], None] | None = None) -> "ContactSheet":
        """Look for text in the pictures of a file or folder; nothing is written.

        Looked at are all pictures of kinds that carry text, and the first, middle and last slice of every other
        series; a series in which one of these carries text comes onto the sheet whole.

        Raises
        ------
        PrivacyError
            If the extra that reads pictures is not installed.
        """
        pictures: dict[str, Picture] = {}  # by content: of two like files one is looked at, for both
        unseen: list[tuple[str, str]] = []
        with quietly():
            chosen = _chosen(sources(Path(path)))
            for done, source in enumerate(chosen, 1):
                try:
                    picture = _pictured(source)
                    pictures.setdefault(picture.sha256, picture)
                except (NotDicomError, UnsupportedError) as error:
                    unseen.append((source.name, str(error)))
                if progress is not None:
                    progress(done, len(chosen))
        return cls(tuple(pictures.values()), tuple(unseen))

    def with_box(self, number: int, box: Box) -> "ContactSheet":
        """Blank one more box, which a person saw and the reader did not, in the picture of this number.

        Raises
        ------
        PrivacyError
            If the box does not lie within the picture.
        """
        old = self.pictures[number]
        rows, columns = old.plain.shape
        if not (0 <= box[0] < box[2] <= rows and 0 <= box[1] < box[3] <= columns):
            raise PrivacyError(f"a box to blank lies within its picture of {rows} x {columns} pixels; found {box}")
        lines = (*old.blanking.lines, TextLine(box, "", is_marker=False))
        return self._changed(number, replace(old.blanking, lines=lines))

    def keeping(self, number: int, line: int) -> "ContactSheet":
        """Keep what was taken for text and is none, such as trabeculae or a scale."""
        old = self.pictures[number]
        lines = list(old.blanking.lines)
        lines[line] = replace(lines[line], is_marker=True)
        return self._changed(number, replace(old.blanking, lines=tuple(lines)))

    def without(self, number: int) -> "ContactSheet":
        """Leave a picture out: it stays closed."""
        left = tuple(picture for n, picture in enumerate(self.pictures) if n != number)
        return replace(self, pictures=left, unseen=(*self.unseen, (self.pictures[number].file, "left out by hand")))

    def _changed(self, number: int, blanking: Blanking) -> "ContactSheet":
        old = self.pictures[number]
        new = replace(old, blanking=blanking, image=_marked(old.plain, blanking, old.step))
        return replace(self, pictures=(*self.pictures[:number], new, *self.pictures[number + 1 :]))

    def sign(self, by_role: str, on: date) -> Signature:
        """Sign that every picture of the sheet was looked at, and that none names a patient.

        Raises
        ------
        PrivacyError
            If the role is not one of `signature.Role`, or there is no picture.
        """
        if not self.pictures:
            raise PrivacyError("nothing to sign: the contact sheet holds no picture")
        return Signature(known_role(by_role), on, {picture.sha256: picture.blanking for picture in self.pictures})

    def write(self, folder: str | Path) -> tuple[Path, ...]:
        """Write the sheet as pages of pictures, PNG, six to a page, in place of pages that stand there.

        The pages show what would be released. They are to be looked at in the source hospital and then deleted.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for old in target.glob(_PAGE.format("*")):
            old.unlink()
        pages = {target / name: page for name, page in self._pages()}
        for path, page in pages.items():
            path.write_bytes(page)
        return tuple(pages)

    def is_written(self, folder: str | Path) -> bool:
        """Say whether the pages in a folder are those of this sheet, every pixel: what was looked at there."""
        written = {path.name: path.read_bytes() for path in Path(folder).glob(_PAGE.format("*"))}
        return written == dict(self._pages())

    def _pages(self) -> Iterator[tuple[str, bytes]]:
        per_page = _ACROSS * _DOWN
        for n in range(0, len(self.pictures), per_page):
            with io.BytesIO() as out:
                _page(self.pictures[n : n + per_page]).save(out, "PNG")
                yield _PAGE.format(f"{n // per_page + 1:03d}"), out.getvalue()


def _chosen(every: list[Source]) -> list[Source]:
    """The files whose pictures come onto the sheet."""
    watched: list[Source] = []
    series: dict[str, list[Source]] = defaultdict(list)
    for source, header in _headers(every):
        if is_watched(header):
            watched.append(source)
        elif KINDS.get(str(header.get("SOPClassUID", ""))) in SECTIONS:
            series[str(header.get("SeriesInstanceUID", ""))].append(source)
    for slices in series.values():
        if any(carries_text(source.read()) for source in sampled(slices)):
            watched += slices
    return watched


def _headers(every: list[Source]) -> Iterator[tuple[Source, Dataset]]:
    for source in every:
        try:
            yield source, source.read().dataset()
        except PARSE_ERRORS:
            continue  # what cannot be read is listed by the check and withheld by the cleaner


def _pictured(source: Source) -> Picture:
    content = source.content()
    taken = layout(content)
    header = taken.dataset()
    try:
        frames = decoded(taken, header)
        blanking = looked_at(frames, header)
    except PARSE_ERRORS as error:
        if isinstance(error, UnsupportedError | PrivacyError):
            raise
        raise UnsupportedError("a picture that cannot be read") from None
    frame = frames[len(frames) // 2]
    step = max(1, -(-max(frame.shape[:2]) // _LARGEST_PX))
    plain = _shown(frame, header)
    kind = KINDS.get(str(header.get("SOPClassUID", "")), "")
    sha256 = hashlib.sha256(content).hexdigest()
    return Picture(source.name, kind, sha256, blanking, _marked(plain, blanking, step), plain, step)


def _shown(frame: NDArray[Any], header: Dataset) -> NDArray[np.uint8]:
    grey = in_grey(frame)
    low, high = (float(value) for value in np.percentile(grey, (0.1, 99.9)))
    scaled = windowed(grey, low, high)
    return 255 - scaled if str(header.get("PhotometricInterpretation", "")).strip() == "MONOCHROME1" else scaled


def _marked(plain: NDArray[np.uint8], blanking: Blanking, step: int) -> NDArray[np.uint8]:
    image = np.repeat(plain[..., None], 3, axis=2)
    image[blanking.mask(plain.shape)] = _BLANKED
    drawing = Image.fromarray(image)
    for line in blanking.lines:
        if line.is_marker:
            top, left, bottom, right = line.box
            ImageDraw.Draw(drawing).rectangle((left, top, right - 1, bottom - 1), outline=_KEPT)
    return np.asarray(drawing.reduce(step) if step > 1 else drawing)


def _page(pictures: tuple[Picture, ...]) -> Image.Image:
    page = Image.new("RGB", (_ACROSS * _TILE_PX, _DOWN * _TILE_PX))
    for n, picture in enumerate(pictures):
        tile = Image.fromarray(picture.image)
        tile.thumbnail((_TILE_PX - 8, _TILE_PX - 8))
        page.paste(tile, (n % _ACROSS * _TILE_PX + 4, n // _ACROSS * _TILE_PX + 4))
    return page
