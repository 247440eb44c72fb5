"""One self-contained HTML deck: it opens from a USB stick, asks nothing of any server, and prints."""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sarcoma_review.present.content_words import as_title
from sarcoma_review.present.legible import legible
from sarcoma_review.present.pages import NOT_RECORDED, Block, Headline, Note, Page, Scene, Table
from sarcoma_review.present.ruler import scale_mm, ticks_mm
from sarcoma_review.present.shown import Shown
from sarcoma_review.privacy.text import PURPOSE

_LONGEST_WORD, _WHOLE = 24, 20  # letters


def write_html(pages: Sequence[Page], path: Path, *, case_id: str) -> None:
    """Write pages as one file.

    Parameters
    ----------
    pages : sequence of Page
    path : Path
        Ending in ``.html``.
    case_id : str
        A pseudonym; it stands on every page.
    """
    path.write_text(render(pages, case_id=case_id), encoding="utf-8", newline="\n")


def render(pages: Sequence[Page], *, case_id: str) -> str:
    """The deck as text, the same for the same pages every time.

    Parameters
    ----------
    pages : sequence of Page
    case_id : str
        A pseudonym; it stands on every page.

    Notes
    -----
    Styles and script stand in the file, known to the browser by their hashes: nothing that a page says can run, and
    nothing can be asked of any address. What viewers show lies in the file as it travels elsewhere, every part once,
    however many viewers show it.
    """
    style, script = _static("deck.css"), _static("deck.js")
    scenes = [block for page in pages for block in page.blocks if isinstance(block, Scene)]
    parts: dict[str, Markup] = {}
    data = json.dumps([_scene(scene.shown, parts) for scene in scenes], ensure_ascii=True, sort_keys=True)
    return (
        _templates()
        .get_template("deck.html.jinja")
        .render(
            pages=pages,
            case_id=case_id,
            purpose=PURPOSE,
            not_recorded=NOT_RECORDED,
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
            scenes=Markup(data.replace("<", "\\u003c")),
            scene_number=lambda scene: next(n for n, each in enumerate(scenes) if each is scene),
            parts_of_scenes=parts,
        )
    )


def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("sarcoma_review.present"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: legible(value) if type(value) is str else value,  # markup of our own is left as it is
    )
    found.filters["kind"] = lambda block: type(block).__name__
    found.filters["base64"] = _base64
    found.filters["rulers"] = _rulers
    found.filters["breaking"] = _breaking
    found.filters["short"] = as_title
    found.filters["columns"] = _columns
    return found


def _columns(page: Page) -> dict[str, Sequence[Block]]:
    """The blocks that stand across a page above its two columns, in them, and below."""
    blocks = list(page.blocks)
    if not page.columns:
        return {"above": blocks, "beside": [], "below": []}
    first = next((n + 1 for n, block in enumerate(blocks) if isinstance(block, Headline)), 0)
    last = next((n for n, block in enumerate(blocks) if n >= first and isinstance(block, Note)), len(blocks))
    return {"above": blocks[:first], "beside": blocks[first:last], "below": blocks[last:]}


def _static(name: str) -> str:
    text = (resources.files("sarcoma_review.present") / "static" / name).read_text(encoding="utf-8")
    return text.replace("</", "<\\/") if name.endswith(".js") else text


def _hash(text: str) -> Markup:
    return _base64(hashlib.sha256(text.encode()).digest())


def _base64(data: bytes) -> Markup:
    return Markup(base64.b64encode(data).decode())


def _scene(shown: Shown, parts: dict[str, Markup]) -> dict[str, Any]:
    """What a viewer is told; its parts are laid by what they hold, so that none stands in the file twice."""
    names = []
    for part in shown.parts:
        packed = part.packed()
        name = hashlib.sha256(packed).hexdigest()[:16]
        parts[name] = _base64(packed)
        names.append(name)
    return {"words": shown.words(), "opening": shown.opening(), "parts": names}


def _breaking(text: str) -> Markup:
    """Marks a cell whose words may be broken, for one is wider than a column can be; or that is kept whole."""
    if max(map(len, text.split()), default=0) > _LONGEST_WORD:
        return Markup(' class="long"')
    return Markup(' class="whole"') if len(text) <= _WHOLE else Markup()


def _rulers(table: Table) -> dict[str, Any]:
    """The rulers of a table: what they run over, where their lines are, and where each interval lies, in percent."""
    low, high = scale_mm(table.rulers)

    def along(mm: float) -> float:
        return round(100.0 * (mm - low) / (high - low), 2)

    ticks = ticks_mm((low, high))
    step = ticks[1] - ticks[0] if len(ticks) > 1 else high - low
    return {
        "words": f"{low:g} to {high:g} mm, a line every {step:g}".replace("-", "−"),
        "ticks": [(mm, along(mm)) for mm in ticks],
        "bars": [(along(each.low), along(each.high), along(each.value)) for each in table.rulers],
    }
