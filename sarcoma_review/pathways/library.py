"""The pathways that ship with the package."""

import tomllib
from importlib.resources import files

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.model import Pathway, parse

_DATA = files("sarcoma_review.pathways") / "data"


def pathways() -> list[str]:
    """Ids of the pathways that can be loaded.

    Examples
    --------
    >>> pathways()
    ['lsesn-spinal-2024']
    """
    return sorted(entry.name.removesuffix(".toml") for entry in _DATA.iterdir() if entry.name.endswith(".toml"))


def load_pathway(pathway_id: str) -> Pathway:
    """Load a pathway by its id.

    Raises
    ------
    PathwayError
        If there is none of this id, listing those there are, or its file is wrong.
    """
    if pathway_id not in pathways():
        raise PathwayError(f"no pathway named {pathway_id!r}; there are: {', '.join(pathways())}")
    text = (_DATA / f"{pathway_id}.toml").read_text(encoding="utf-8")
    try:
        return parse(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise PathwayError(f"{pathway_id}: {problem}") from None
