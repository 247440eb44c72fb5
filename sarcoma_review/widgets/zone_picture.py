"""A scheme to click on, which gives the value that staging takes: the WBB clock, and the pelvic zones."""

import threading
from collections.abc import Callable, Collection
from html import escape
from pathlib import Path
from typing import Any, Generic

import anywidget

from sarcoma_review.errors import PresentationError
from sarcoma_review.staging import WeinsteinBorianiBiagini
from sarcoma_review.widgets.twin import Bundle, page, paragraph, with_html
from sarcoma_review.widgets.zone_shapes import Numbering, Picture, Read, clock, pelvis

STATIC = Path(__file__).parent / "static"


class ZonePicture(anywidget.AnyWidget, Generic[Read]):
    """A drawn scheme whose fields are chosen by a click, or by arrow keys and Space; each field has its name.

    Parameters
    ----------
    picture : Picture
        As `wbb_clock` and `pelvic_zones` make one.
    chosen : collection of str
        Ids of the fields that are chosen at first.

    Raises
    ------
    PresentationError
        If the picture has no such field.
    """

    _esm = STATIC / "zones.js"
    _css = STATIC / "zones.css"

    def __init__(self, picture: Picture[Read], chosen: Collection[str] = ()) -> None:
        self._picture = picture
        self._chosen = self._checked(chosen)
        self._changed: list[Callable[[Read | None], object]] = []
        self._guard = threading.RLock()
        super().__init__()
        self.on_msg(self._hear)

    @property
    def chosen(self) -> frozenset[str]:
        """Ids of the chosen fields; may be set."""
        return self._chosen

    @chosen.setter
    def chosen(self, chosen: Collection[str]) -> None:
        with self._guard:
            self._chosen = self._checked(chosen)
            self.send({"t": "state", **self._state()})
            for callback in self._changed:
                callback(self.value)

    @property
    def value(self) -> Read | None:
        """What `sarcoma_review.staging` takes; None, not recorded, where nothing is chosen."""
        return self._picture.read(self._chosen) if self._chosen else None

    def on_change(self, callback: Callable[[Read | None], object]) -> None:
        """Call a function with the value after each change."""
        self._changed.append(callback)

    def __repr__(self) -> str:
        return f"<ZonePicture {self._picture.title}: {self._words()}>"

    def _repr_mimebundle_(self, **options: Any) -> Bundle:
        still = page(self._picture.title, self._svg(), paragraph(self._words()), paragraph(self._picture.note))
        return with_html(super()._repr_mimebundle_(**options), still)

    def _checked(self, chosen: Collection[str]) -> frozenset[str]:
        known = {shape.id for shape in self._picture.shapes}
        if unknown := sorted(set(chosen) - known):
            raise PresentationError(f"the picture {self._picture.title} has no field {', '.join(unknown)}")
        return frozenset(chosen)

    def _words(self) -> str:
        if self.value is None:
            return "not recorded"
        return self._picture.words(self.value)

    def _state(self) -> dict[str, Any]:
        return {"chosen": sorted(self._chosen), "words": self._words()}

    def _hear(self, _widget: object, said: dict[str, Any], _buffers: object) -> None:
        known = {shape.id for shape in self._picture.shapes}
        with self._guard:
            match said:
                case {"t": "hello", "page": str(to)}:
                    self.send({"t": "zones", "to": to, **self._drawing(), **self._state()})
                case {"t": "toggle", "id": str(field)} if field in known:
                    self.chosen = self._chosen ^ {field}
                case {"t": "clear"}:
                    self.chosen = ()

    def _drawing(self) -> dict[str, Any]:
        picture = self._picture
        shapes = [vars(shape) for shape in picture.shapes]
        letters = [vars(letter) for letter in picture.letters]
        return {
            "title": picture.title,
            "note": picture.note,
            "box": picture.box,
            "shapes": shapes,
            "letters": letters,
        }

    def _svg(self) -> str:
        paths = [
            f'<path d="{shape.path}" {_CHOSEN if shape.id in self._chosen else _PLAIN}>'
            f"<title>{escape(shape.words)}</title></path>"
            for shape in self._picture.shapes
        ]
        texts = [
            f'<text x="{letter.x:g}" y="{letter.y:g}" text-anchor="middle" dominant-baseline="middle" font-size="9" '
            f'fill="currentColor">{escape(letter.text)}</text>'
            for letter in self._picture.letters
        ]
        box = " ".join(f"{number:g}" for number in self._picture.box)
        return f'<svg viewBox="{box}" width="360" role="img">{"".join((*paths, *texts))}</svg>'


_PLAIN = 'fill="none" fill-rule="evenodd" stroke="currentColor"'
_CHOSEN = 'fill="#56b4e9" fill-opacity="0.7" fill-rule="evenodd" stroke="currentColor" stroke-width="2"'


def wbb_clock(
    *, numbering: Numbering, chosen: Collection[str] = (), levels: tuple[str, ...] = ()
) -> ZonePicture[WeinsteinBorianiBiagini]:
    """The Weinstein-Boriani-Biagini clock to click on: twelve sectors, layers A to E.

    Parameters
    ----------
    numbering : {"original", "SOSG"}
        Sectors without it name no place; a picture keeps the one it was made with.
    chosen : collection of str
        Fields such as ``"5B"``: sector 5, layer B.
    levels : tuple of str
        Vertebral levels, such as ``("T1",)``.

    Raises
    ------
    PathwayError
        If the numbering is not stated.

    Examples
    --------
    >>> picture = wbb_clock(numbering="SOSG", chosen={"5A", "5B", "6B"}, levels=("T1",))
    >>> print(picture.value)
    WBB (SOSG numbering): sectors 5 to 6, layers A, B, levels T1
    """
    return ZonePicture(clock(numbering, levels), chosen)


def pelvic_zones(chosen: Collection[str] = ()) -> ZonePicture[frozenset[str]]:
    """The zones of pelvic resection to click on, I to IV.

    Examples
    --------
    >>> from sarcoma_review.staging import pelvic_resection_type
    >>> picture = pelvic_zones({"II", "III"})
    >>> pelvic_resection_type(picture.value).value
    'II + III'
    """
    return ZonePicture(pelvis(), chosen)
