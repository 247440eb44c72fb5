"""Pictures of a slide, arranged so that most of them is seen."""

from dataclasses import dataclass

from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.pptx_text import height_in, wrapped

CAPTION_PT, CAPTION_GAP_IN = 12.0, 0.06
_PICTURE_IN, _BETWEEN_IN = 2.2, 0.2
_IN_A_ROW = 4


@dataclass(frozen=True)
class Spot:
    """Where a picture stands within its gallery, in inches; its column is also that of its caption."""

    left: float
    top: float
    width: float
    height: float
    column: float


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side, each over its caption."""

    images: tuple[KeyImage, ...]
    shapes: tuple[float, ...]  # width over height of each

    @property
    def _rows(self) -> int:
        return -(-len(self.images) // _IN_A_ROW)

    def height_in(self, width_in: float) -> float:
        """The least they need; they take more where there is more."""
        return self.least_in(width_in)

    def least_in(self, width_in: float) -> float:
        """Height at which each can be read."""
        return self._rows * (_PICTURE_IN + self._captions_in(width_in, self._rows)) + (self._rows - 1) * _BETWEEN_IN

    def places_in(self, width_in: float, height_in: float) -> list[Spot]:
        """Where each picture stands, in the arrangement that shows most of them."""
        trials = [self._trial(width_in, height_in, rows) for rows in range(1, len(self.images) + 1)]
        return max(trials, key=lambda spots: sum(spot.width * spot.height for spot in spots))

    def _trial(self, width_in: float, height_in: float, rows: int) -> list[Spot]:
        across = -(-len(self.images) // rows)
        band = (height_in - (rows - 1) * _BETWEEN_IN) / rows
        room = width_in - (across - 1) * _BETWEEN_IN
        high = max(band - self._captions_in(width_in, rows), 0.1)
        spots = list[Spot]()
        for row in range(rows):
            shapes = self.shapes[row * across : (row + 1) * across]
            tall = min(high, room / max(sum(shapes), 1e-9))
            spare = (room - tall * sum(shapes)) / across
            left = 0.0
            for shape in shapes:
                spots.append(Spot(left, row * (band + _BETWEEN_IN), tall * shape, tall, tall * shape + spare))
                left += tall * shape + spare + _BETWEEN_IN
        return spots

    def _captions_in(self, width_in: float, rows: int) -> float:
        """Height of the captions in the narrowest column there may be."""
        across = -(-len(self.images) // rows)
        room = width_in - (across - 1) * _BETWEEN_IN
        narrow = room * min(1 / across, min(self.shapes) / sum(sorted(self.shapes)[-across:]))
        most = max(len(wrapped(image.caption, narrow, CAPTION_PT)) for image in self.images)
        return height_in(most, CAPTION_PT) + CAPTION_GAP_IN
