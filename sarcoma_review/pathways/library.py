"""The pathways that ship with the package."""

from importlib.resources import files

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.model import Pathway
from sarcoma_review.pathways.parse import read_pathway

_DATA = files("sarcoma_review.pathways") / "data"


def pathways() -> list[str]:
    """Ids of the pathways that can be loaded.

    Examples
    --------
    >>> len(pathways())
    5
    """
    return sorted(entry.name.removesuffix(".toml") for entry in _DATA.iterdir() if entry.name.endswith(".toml"))


def load_pathway(pathway_id: str) -> Pathway:
    """Load a pathway by its id.

    Raises
    ------
    PathwayError
        If there is none of this id, listing those there are, or its file is wrong.
    """
    return read_pathway(pathway_text(pathway_id), f"{pathway_id}.toml")


def pathway_text(pathway_id: str) -> str:
    """The TOML text of a pathway that ships with the package, as an example of one's own.

    Raises
    ------
    PathwayError
        If there is none of this id, listing those there are.
    """
    if pathway_id not in pathways():
        raise PathwayError(f"no pathway named {pathway_id!r}; there are: {', '.join(pathways())}")
    return (_DATA / f"{pathway_id}.toml").read_text(encoding="utf-8")
