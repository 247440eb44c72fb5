"""What a picture's file says: its shape, and nothing but the picture."""

import io
import struct
import warnings

from matplotlib.figure import Figure
from PIL import Image, UnidentifiedImageError

from sarcoma_review.errors import PresentationError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The picture, its palette, colours and size; text, dates and what programs add are left behind.
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"IDAT", b"IEND"})


def drawn(figure: Figure, ground: str) -> bytes:
    """A figure as a picture, the same bytes each time; a letter that no font has is drawn as a box."""
    with io.BytesIO() as out, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the words stand beside the picture
        figure.savefig(out, format="png", facecolor=ground, metadata={"Software": None})
        return out.getvalue()


def shape(png: bytes) -> float:
    """Width of a picture over its height.

    Raises
    ------
    PresentationError
        If it is no PNG.
    """
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
            return opened.width / opened.height
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as problem:
        raise PresentationError(f"a picture of {len(png)} bytes is no PNG that can be read") from problem


def bare(png: bytes) -> bytes:
    """The same picture without whatever else its file says.

    Raises
    ------
    PresentationError
        If it is no PNG.
    """
    kept, place = [_SIGNATURE], len(_SIGNATURE)
    while png.startswith(_SIGNATURE) and place + 12 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        end = place + 12 + length
        if kind in _KEPT:
            kept.append(png[place:end])
        if kind == b"IEND" and end <= len(png):
            return b"".join(kept)
        place = end
    raise PresentationError(f"a picture of {len(png)} bytes is no PNG that can be read")
