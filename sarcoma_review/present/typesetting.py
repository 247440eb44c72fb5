"""PDF by typst: a template of ours and plain data, with no network, no date and no word read as markup."""

import json
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib

from sarcoma_review.errors import PresentationError


def typeset(
    template: str, data: Mapping[str, Any], *, pictures: Mapping[str, bytes] = MappingProxyType({}), say: str = "PDF"
) -> bytes:
    """Set a template with data as a tagged PDF (PDF/UA-1), the same bytes for the same data every time.

    Parameters
    ----------
    template : str
        A file of ``templates/``; it finds the data as JSON in ``sys.inputs.data``.
    data : mapping
        What JSON holds.
    pictures : mapping of str to bytes
        Files beside the template, by the names it calls them.
    say : str
        What is being set, for messages.

    Raises
    ------
    PresentationError
        If typst is not installed (the extra ``pdf``), or the template cannot be set with these data.
    """
    try:
        import typst
    except ImportError as problem:
        raise PresentationError(
            f"{say} is set by typst, which is not installed: the extra is sarcoma_review[pdf]"
        ) from problem
    # Fonts that come with typst and matplotlib: a page looks the same on every machine.
    letters = typst.Fonts(include_system_fonts=False, font_paths=[Path(matplotlib.get_data_path(), "fonts", "ttf")])
    with tempfile.TemporaryDirectory() as folder:
        main = Path(folder, template)
        main.write_bytes(files(__package__).joinpath("templates", template).read_bytes())
        for name, content in pictures.items():
            Path(folder, name).write_bytes(content)
        try:
            made: bytes = typst.compile(
                main,
                root=Path(folder),
                font_paths=letters,
                sys_inputs={"data": json.dumps(data)},
                format="pdf",
                timestamp=0,
                pdf_standards="ua-1",
            )
        except typst.TypstError as problem:
            raise PresentationError(f"{say} could not be set: {problem.message}") from problem
    return made
