"""Paragraphs of a slide, which know their height and where they may be cut in two."""

from dataclasses import dataclass, replace

from sarcoma_review.present.pptx_text import POINTS, height_in, wrapped

BULLET_IN = 0.26
CONTINUED = " (continued)"
_TOGETHER = 2  # lines of a text that stay on the slide where it begins


@dataclass(frozen=True)
class Paragraph:
    """Words in one size; `above_pt` is the room over them."""

    text: str
    size_pt: float
    bold: bool = False
    bullet: bool = False
    quiet: bool = False
    above_pt: float = 0.0

    def lines(self, width_in: float) -> tuple[str, ...]:
        """Its lines in a box of a width."""
        return wrapped(self.text, width_in - BULLET_IN * self.bullet, self.size_pt, bold=self.bold)

    def height_in(self, width_in: float, *, most: int | None = None) -> float:
        """Its height, or that of its first lines."""
        return height_in(len(self.lines(width_in)[:most]), self.size_pt) + self.above_pt / POINTS


@dataclass(frozen=True)
class Words:
    """Paragraphs of one text box."""

    paragraphs: tuple[Paragraph, ...]

    def height_in(self, width_in: float) -> float:
        """Height in a box of a width."""
        return sum(each.height_in(width_in) for each in self.paragraphs)

    def least_in(self, width_in: float) -> float:
        """What must fit for the text to begin on a slide: its heading, and two lines."""
        led = 1 + (len(self.paragraphs) > 1 and self.paragraphs[0].bold)
        first = self.paragraphs[:led]
        before = sum(each.height_in(width_in) for each in first[:-1])
        return before + first[-1].height_in(width_in, most=_TOGETHER)

    def cut(self, width_in: float, room_in: float) -> tuple["Words", "Words | None"]:
        """What fits, one line at least, and the rest."""
        taken, used = list[Paragraph](), 0.0
        for place, each in enumerate(self.paragraphs):
            height = each.height_in(width_in)
            if used + height > room_in:
                head, tail = _split(each, width_in, room_in - used, force=not taken)
                rest = (*([tail] if tail else []), *self.paragraphs[place + 1 :])
                return Words((*taken, *([head] if head else []))), Words(rest) if rest else None
            taken.append(each)
            used += height
        return self, None


def _split(
    each: Paragraph, width_in: float, room_in: float, *, force: bool
) -> tuple[Paragraph | None, Paragraph | None]:
    lines = each.lines(width_in)
    fit = int((room_in - each.above_pt / POINTS) / height_in(1, each.size_pt) + 1e-9)
    if fit < _TOGETHER and not force:
        return None, each
    fit = max(fit, 1)
    rest = "".join(lines[fit:])
    return replace(each, text="".join(lines[:fit])), replace(each, text=rest, bullet=False) if rest else None
