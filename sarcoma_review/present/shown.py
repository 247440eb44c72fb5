"""What a viewer shows, ready to travel: the same words and parts go to a notebook, into a deck and to a meeting."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sarcoma_review.present import wire
from sarcoma_review.present.images import Image
from sarcoma_review.present.leaving import require_export
from sarcoma_review.present.scene import STYLES, PlaneLike, check_segments, opening_position, plane_words
from sarcoma_review.present.skin import Skin
from sarcoma_review.volume import Segment


@dataclass(frozen=True, eq=False)
class Shown:
    """A scene that stays as it is: for a deck, or for a meeting's members.

    Parameters
    ----------
    images : sequence of Image
        As `sarcoma_review.present.images.images` brings them together.
    segments : sequence of Segment
        Up to eight, on the first image's grid.
    planes : sequence of PlaneLike
    skin : Skin, optional
    place_mm : tuple of 3 floats, optional
        Where the crosshair stands at first, LPS mm; in the middle of the first segment, or image, where not given.

    Raises
    ------
    PrivacyError
        If an image did not come through the privacy gate, or may show a face.
    PresentationError, GeometryError
        If a segment cannot be drawn on the first image.
    """

    images: Sequence[Image]
    segments: Sequence[Segment] = ()
    planes: Sequence[PlaneLike] = ()
    skin: Skin | None = None
    place_mm: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        for image in self.images:
            require_export(image.volume, "A scene")
        check_segments(self.segments, self.images[0].volume)

    @cached_property
    def masks(self) -> wire.Masks:
        """All segments as one array of bits."""
        return wire.pack(self.segments, self.images[0].volume.shape)

    @cached_property
    def parts(self) -> list[wire.Part]:
        """What is fetched part by part, in order of use."""
        return wire.parts([image.pixels for image in self.images], self.masks, wire.mesh_layers(self.skin))

    def words(self) -> dict[str, Any]:
        """All but voxels and meshes."""
        return scene_words(self.images, self.parts, self.masks, self.segments, self.planes, self.skin)

    def opening(self) -> dict[str, Any]:
        """The settings a viewer opens with, by the names of the widget's traits."""
        windows = {WINDOW_TRAITS[image.role]: list(next(iter(image.presets.values()))) for image in self.images}
        first = self.images[0]
        place = self.place_mm or opening_position(first.volume, self.segments).tolist()
        return {
            "crosshair_mm": list(place),
            "window": [],
            "beside_window": [],
            "fusion_window": [],
            **windows,
            "preset": next(iter(first.presets)),
            "hidden": [],
            "oblique": "",
            "enlarged": "",
            "fill_opacity": 0.0,
            "fusion_opacity": 0.5,
        }


WINDOW_TRAITS = {"first": "window", "beside": "beside_window", "fusion": "fusion_window"}
"""The setting that holds the window of each image."""


def scene_words(
    images: Sequence[Image],
    parts: Sequence[wire.Part],
    masks: wire.Masks,
    /,
    segments: Sequence[Segment],
    planes: Sequence[PlaneLike],
    skin: Skin | None,
) -> dict[str, Any]:
    """Describe a scene to a page: all but voxels, meshes, marks and stills."""
    return {
        "images": [image.words() for image in images],
        "parts": [part.words() for part in parts],
        "masks": {"origin": masks.origin, "shape": masks.bits.shape},
        "segments": [
            {"name": segment.name, "colour": colour, "dash": dash}
            for segment, (colour, dash) in zip(segments, STYLES, strict=False)
        ],
        "planes": [plane_words(plane) for plane in planes],
        "skin": None if skin is None else skin.words(),
        "marks": [],
        "kept": [],
    }
