"""Publishing a case: every page as words, every picture and slab of voxels as a file named by what is in it."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from sarcoma_review.errors import PresentationError
from sarcoma_review.meeting import is_pseudonym
from sarcoma_review.present import KeyImage
from sarcoma_review.present.leaving import require_export
from sarcoma_review.present.pages import Block, Bullets, Facts, Headline, Note, Page, Pictures, Scene, Table
from sarcoma_review.present.section import View, section
from sarcoma_review.present.shown import Shown

FORMAT = 1


@dataclass(frozen=True)
class Publication:
    """What was published.

    Parameters
    ----------
    case_id : str
    manifest : str
        SHA-256 of its list of pages and files, in hex: what the journal keeps.
    files, size_bytes : int
    """

    case_id: str
    manifest: str
    files: int
    size_bytes: int


def publish(what: Sequence[Page] | Shown, folder: str | Path, *, case_id: str) -> Publication:
    """Write a case so that a room may serve it.

    Nobody sees it until the presenter or the chair says in the room that they looked at it
    (``publish_images``): names that are burned into pixels, only a person can find.

    Parameters
    ----------
    what : sequence of Page, or Shown
        The pages of a presentation, in order; or one scene, as a page of its own.
    folder : path-like
        The data folder of the room. What is there already under its name is not written again.
    case_id : str
        As it stands on the agenda.

    Raises
    ------
    PrivacyError
        If any image did not come through the privacy gate, or may show a face.
    PresentationError
        If there is no page, or the case id is none.
    """
    if not is_pseudonym(case_id):
        raise PresentationError("a case id is a pseudonym of letters, digits, - and _")
    pages = [_page_of(what)] if isinstance(what, Shown) else list(what)
    if not pages:
        raise PresentationError("expected pages to publish, found none")
    store = _Store(Path(folder) / "images")
    writer = _Writer(store.keep)
    words = {"format": FORMAT, "case_id": case_id, "pages": [writer.page(page) for page in pages]}
    text = json.dumps(words | {"scenes": writer.scenes}, sort_keys=True, separators=(",", ":"), allow_nan=False)
    manifest = store.keep(text.encode())
    return Publication(case_id, manifest, len(store.sizes), sum(store.sizes.values()))


def _page_of(shown: Shown) -> Page:
    still = KeyImage(b"", "", "images to move through")
    return Page(shown.images[0].label or "Images", (Scene(shown, still),))


@dataclass(eq=False)
class _Store:
    folder: Path
    sizes: dict[str, int] = field(default_factory=dict)

    def keep(self, content: bytes) -> str:
        """Write a file under the name of its content, whole or not at all."""
        name = hashlib.sha256(content).hexdigest()
        self.sizes[name] = len(content)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self.folder / name
        if not place.exists() or place.stat().st_size != len(content):
            part = place.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(content)
            part.replace(place)
        return name


@dataclass(eq=False)
class _Writer:
    """Turns pages into words, and keeps what is not words as files."""

    keep: Callable[[bytes], str]
    scenes: list[dict[str, Any]] = field(default_factory=list)
    number: int = -1

    def page(self, page: Page) -> dict[str, Any]:
        self.number += 1
        blocks = [self._block(block) for block in page.blocks]
        return {"title": page.title, "part": page.part, "columns": page.columns, "blocks": blocks}

    def _block(self, block: Block) -> dict[str, Any]:
        match block:
            case Headline(text):
                return {"t": "headline", "text": text}
            case Note(text):
                return {"t": "note", "text": text}
            case Facts(rows):
                return {"t": "facts", "rows": [list(row) for row in rows]}
            case Bullets():
                return {"t": "bullets", "heading": block.heading, "items": list(block.items)}
            case Table():
                return _table(block)
            case Pictures(images):
                return {"t": "pictures", "images": [self._picture(image) for image in images]}
            case Scene(shown, still):
                self.scenes.append(self._scene(shown))
                return {"t": "scene", "scene": len(self.scenes) - 1, "still": self._picture(still)}

    def _picture(self, image: KeyImage) -> dict[str, Any]:
        name = self.keep(image.png) if image.png else None
        return {"file": name, "caption": image.caption, "alt": image.alt}

    def _scene(self, shown: Shown) -> dict[str, Any]:
        for image in shown.images:  # once more, where they leave this machine
            require_export(image.volume, "A meeting")
        first = shown.images[0].volume
        files, sizes = [], []
        for part in shown.parts:  # one at a time: packed, a large volume is not held twice
            packed = part.packed()
            files.append(self.keep(packed))
            sizes.append(len(packed))
        return {
            "words": shown.words(),
            "opening": shown.opening(),
            "files": files,
            "sizes": sizes,
            "page": self.number,
            "series_uid": first.series_uid,
            "through": {view: section(first.grid, view).through for view in get_args(View)},
        }


def _table(table: Table) -> dict[str, Any]:
    rulers = [{"low": ruler.low, "value": ruler.value, "high": ruler.high} for ruler in table.rulers]
    return {
        "t": "table",
        "heading": table.heading,
        "head": list(table.head),
        "rows": [list(row) for row in table.rows],
        "strong": sorted(table.strong),
        "rulers": rulers,
        "dense": table.dense,
    }
