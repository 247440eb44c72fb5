"""The outliner: a viewer on which segments are drawn by hand, with every step kept."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sarcoma_review.errors import EmptyMaskError, GeometryError, PlanError, SarcomaReviewError
from sarcoma_review.planning.masks import inside, mask_on, require_one_grid
from sarcoma_review.present import wire
from sarcoma_review.present.scene import STYLES, check_segments, opening_position
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets.outline_bits import Box, Change, Outlines
from sarcoma_review.widgets.outline_journal import JournalFile, first_line, steps_of, written
from sarcoma_review.widgets.outline_steps import Step, changed, checked_step, packed
from sarcoma_review.widgets.settings import Checked, checked_hidden, image_words
from sarcoma_review.widgets.viewer import Viewer

_NOTHING = wire.Masks(np.zeros((0, 0, 0), np.uint8), (0, 0, 0))


class Outliner(Viewer):
    """A viewer on which several named segments are drawn: brush, polygon, growing, interpolation, undo.

    Parameters
    ----------
    volume : Volume
        The image.
    segments : sequence of Segment or str
        Up to eight to begin with, on the grid of `volume`; a name alone begins empty. One can be added on the page.
    journal : str
        That of an earlier outliner of the same image, begun on the same segments: its steps are taken anew.
    autosave : str or Path, optional
        A file that holds the journal: every step is written through to the disk before it counts, and the steps in
        it are taken anew when the outliner is made again, after a restart for instance. Measurements are kept in a
        file beside it, unless `measured` names another.
    save : callable, optional
        Takes the segments that have voxels and says where it put them, such as `seg_saver`; a page then has a button
        for it.
    **looks
        What `Viewer` takes besides: `window`, `crosshair_mm`, `fusion`, `beside`, `planes` and so on.

    Attributes
    ----------
    findings : tuple of str
        What was met when the journal was read, such as a last line that was cut off.

    Raises
    ------
    PlanError
        If the journal was begun on something else or cannot be read, or a name is empty or taken.
    PrivacyError, GeometryError, PresentationError
        As for `Viewer`.

    Notes
    -----
    A page sends places in mm, and never voxels; what a brush reaches is decided here, by `sarcoma_review.planning`.
    A brush is a disc on one of the scan's own slices: voxels whose centre it holds are painted whole, so that an
    edge lies up to half a voxel off. What a segment was before it was deleted is still in the journal.

    Examples
    --------
    >>> ct = Volume(np.zeros((8, 40, 40), np.int16), np.diag([3.0, 1.0, 1.0, 1.0]), modality="CT")
    >>> outliner = Outliner(ct, segments=["tumour", "bone"])
    >>> outliner.draw("brush", "tumour", points=[(12, 20, 20)], axis=0, radius_mm=5, erase=False)
    >>> outliner
    <Outliner CT 8 x 40 x 40: tumour 0.24 ml, bone 0.00 ml>
    >>> Outliner(ct, segments=["tumour", "bone"], journal=outliner.journal)
    <Outliner CT 8 x 40 x 40: tumour 0.24 ml, bone 0.00 ml>
    """

    hidden = Checked(lambda outliner, value: checked_hidden(value, outliner._outlines.named)).tag(sync=True)

    def __init__(
        self,
        volume: Volume,
        *,
        segments: Sequence[Segment | str] = ("tumour",),
        journal: str = "",
        autosave: str | Path | None = None,
        save: Callable[[tuple[Segment, ...]], str] | None = None,
        **looks: Any,
    ) -> None:
        blank = Volume(np.zeros(volume.shape, bool), volume.affine, volume.frame_of_reference_uid)
        begun = [Segment(one, blank) if isinstance(one, str) else one for one in segments]
        check_segments(begun, volume)
        self._outlines = Outlines(begun, volume.shape)
        first = first_line(volume, self._outlines)
        self._file = None if autosave is None else JournalFile(Path(autosave), first)
        self._journal: list[str] = [first]
        self._revision, self._heard, self._telling = 0, dict[str, int](), False
        self._masks_kept: dict[int, Segment] = {}
        self._save = save
        self.findings = () if self._file is None else tuple(self._file.findings)
        looks.setdefault("crosshair_mm", opening_position(volume, begun))
        if autosave is not None:
            looks.setdefault("measured", Path(autosave).with_suffix(".marks.json"))
        super().__init__(volume, **looks)
        self.fill_opacity = 0.2
        self._take_anew(journal, first)
        self._telling = True

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The outlines as they are now, boolean, on the grid of the volume."""
        return tuple(self._segment(n) for n in range(len(self._outlines.names)))

    @property
    def journal(self) -> str:
        """Every step that was taken, a line of JSON each, and nothing that names a patient."""
        return "".join(f"{line}\n" for line in self._journal)

    def draw(self, do: str, segment: str, **how: Any) -> None:
        """Take a step as a page would; every page follows.

        Parameters
        ----------
        do : {"brush", "polygon", "grow", "interpolate"}
        segment : str
            Its name.
        **how
            ``points`` (LPS mm), ``radius_mm``, ``axis`` (of the slice drawn on: 0, 1 or 2), ``erase``, ``values``
            (low and high: no others are touched), ``within_mm`` (of the place grown from), as the step has them.

        Raises
        ------
        PlanError, GeometryError, EmptyMaskError
            If the step is not complete, does not lie on a slice, or nothing grows.
        """
        self._take({"do": do, "segment": self._number(segment), **how})

    def outline(self, segment: str, mask: Volume) -> None:
        """Put a mask in the place of a segment's, or begin a segment with it: a step that can be undone.

        Raises
        ------
        GeometryError, PlanError
            If it is not on the volume's grid, or another segment is needed and there are eight.
        """
        require_one_grid(self.volume, mask, "image and outline")
        check_segments([Segment(segment, mask)], self.volume)
        with self._guard:
            if segment not in self._outlines.names:
                self._take({"do": "add", "name": segment})
            self._take({"do": "mask", "segment": self._number(segment), "bits": packed(inside(mask))})

    def rename(self, segment: str, name: str) -> None:
        """Give a segment another name; every page follows.

        Raises
        ------
        PlanError
            If there is no such segment, or the name is empty, long or taken.
        """
        with self._guard:
            self._take({"do": "rename", "segment": self._number(segment), "name": name})

    def delete(self, segment: str) -> None:
        """Let a segment go, with the steps that were taken on it: this cannot be undone.

        Raises
        ------
        PlanError
            If there is no such segment, or no other.
        """
        with self._guard:
            self._take({"do": "delete", "segment": self._number(segment)})

    def undo(self) -> None:
        """Take the last step back; every page follows. With nothing to take back, nothing happens."""
        self._take({"do": "undo"})

    def redo(self) -> None:
        """Take the step anew that was taken back last."""
        self._take({"do": "redo"})

    def __repr__(self) -> str:
        held = ", ".join(f"{name} {ml:.2f} ml" for name, ml in zip(self._outlines.names, self._ml, strict=True))
        return f"<Outliner {image_words(self.volume)}: {held}>"

    def _take(self, asked: Mapping[str, Any], *, kept: bool = False) -> None:
        """Check a step, keep it, take it, tell it; one that does nothing leaves no trace."""
        with self._guard:
            step = checked_step(asked, len(self._outlines.names))
            if step["do"] in ("add", "rename", "delete"):
                self._rearrange(step, kept=kept)
            elif change := changed(self._outlines, self.volume, step):
                self._write(step, kept=kept)
                self._outlines.take(change, step["do"])
                self._tell(change)

    def _rearrange(self, step: Step, *, kept: bool) -> None:
        """Begin a segment, name it anew, or let it go."""
        do, n, before = step["do"], step.get("segment", 0), self._outlines.names
        names = self._outlines.names_after(do, n, step.get("name", ""))
        self._write(step, kept=kept)
        self._outlines.rearrange(names, gone=n if do == "delete" else None)
        self._masks_kept.clear()
        now = {name: name for name in names} | ({before[n]: names[n]} if do == "rename" else {})
        self.hidden = tuple(now[name] for name in self.hidden if name in now)
        self._tell(None)
        if do == "delete" and self._telling:
            self._revision += 1
            self._send_bits(self._outlines.whole(), {"before": -1})

    def _take_anew(self, journal: str, first: str) -> None:
        """Take the steps of a journal, or of the autosaved one, which may have gone on from it."""
        saved = "" if self._file is None else self._file.text
        kept = len(saved.splitlines()) > 1
        if kept and not saved.startswith(journal):
            raise PlanError("the autosaved journal holds other steps than the one given: expected one of them alone")
        for step in steps_of(saved if kept else journal, first):
            self._take(step, kept=kept)

    def _write(self, step: Step, *, kept: bool) -> None:
        line = written(step)
        if self._file is not None and not kept:
            self._file.add(line)
        self._journal.append(line)

    def _number(self, name: str) -> int:
        if name not in self._outlines.names:
            raise PlanError(f"no segment is called {name!r} here; there are {', '.join(self._outlines.names)}")
        return self._outlines.names.index(name)

    def _segment(self, n: int) -> Segment:
        if n not in self._masks_kept:
            mask = mask_on(self.volume, self._outlines.mask(n))
            self._masks_kept[n] = Segment(self._outlines.names[n], mask)
        return self._masks_kept[n]

    def _answer(self, widget: object, asked: dict[str, Any], buffers: object) -> None:
        match asked:
            case {"t": "draw", "page": str(page), "n": int(n), "step": dict(step)}:
                self._draw(page, n, step)
            case {"t": "label", "page": str(page)}:
                with self._guard:
                    self._send_bits(self._outlines.whole(), {"to": page, "before": -1})
            case {"t": "save", "page": str(page)}:
                with self._guard:
                    self.send({"t": "said", "to": page, "words": self._saved()})
            case _:
                super()._answer(widget, asked, buffers)

    def _draw(self, page: str, n: int, step: Step) -> None:
        """Take a page's step once, however often it comes: it is sent again where no answer came."""
        words = ""
        with self._guard:
            if self._heard.get(page, -1) < n:
                self._heard[page] = n
                try:
                    self._take(step)
                except (EmptyMaskError, GeometryError, PlanError) as error:
                    words = str(error)
            self.send({"t": "drawn", "to": page, "n": n, "words": words})

    def _saved(self) -> str:
        """Save what is drawn, and say where it went, or why not."""
        drawn = tuple(one for one, n in zip(self.segments, self._outlines.voxels, strict=True) if n)
        if self._save is None or not drawn:
            return "Nothing is drawn yet that could be saved." if self._save else "Nothing was given to save with."
        try:
            return f"Saved: {self._save(drawn)}"
        except (OSError, SarcomaReviewError) as error:
            return f"Not saved: {error}"

    def _tell(self, change: Change | None) -> None:
        """Tell every page what has changed: a box's bits, and the segments' names and volumes."""
        if change:
            self._masks_kept.pop(change.segment, None)
        if change and self._telling:
            before, self._revision = self._revision, self._revision + 1
            self._send_bits(change.box, {"before": before})
        if self._telling:
            self.send({"t": "outlined", **self._words()})

    def _send_bits(self, box: Box, words: dict[str, Any]) -> None:
        for place, buffers in self._outlines.parts(box):
            self.send({"t": "label", "revision": self._revision, **words, **place}, buffers)

    @property
    def _masks(self) -> wire.Masks:  # outlines change here, and go their own way
        return _NOTHING

    @property
    def _ml(self) -> list[float]:
        return [count * self.volume.grid.voxel_volume_ml for count in self._outlines.voxels]

    def _words(self) -> dict[str, Any]:
        outlines = self._outlines
        styled = zip(outlines.names, STYLES, strict=False)
        return {
            "segments": [{"name": name, "colour": colour, "dash": dash} for name, (colour, dash) in styled],
            "ml": [round(ml, 3) for ml in self._ml],
            "undo": bool(outlines.past),
            "redo": bool(outlines.future),
            "save": self._save is not None,
        }

    def _meta(self) -> dict[str, Any]:
        words = self._words()
        return super()._meta() | {"segments": words["segments"], "outlined": words}
