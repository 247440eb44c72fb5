"""Words of a header that name the head."""

import re

from pydicom.dataset import Dataset
from pydicom.tag import Tag

_WORDS = re.compile(
    r"\b(?:heads?|headneck|skull\w*|brain\w*|crani\w+|cerebr\w+|faces?|facial|maxillofacial|orbits?|orbital|eyes?"
    r"|sinus(?:es)?|nasal|jaws?|mandib\w+|maxill\w+|temporal bones?|pituitary|iam|iams|tmj|wholebody|whole body"
    r"|vertex)\b",
    re.IGNORECASE,
)
# The head of a bone is no head; the venous sinus of a tumour's name is rare enough to be asked about.
_OTHER_HEADS = re.compile(
    r"(?:femoral|humeral|radial|fibular?|femur|humerus|radius|metatarsal|metacarpal)\W+heads?"
    r"|heads? of (?:the )?(?:femur|humerus|radius|fibula|pancreas)|head first|iliosacral|sinus tarsi",
    re.IGNORECASE,
)
KEYWORDS = (
    "BodyPartExamined",
    "ProtocolName",
    "SeriesDescription",
    "StudyDescription",
    "RequestedProcedureDescription",
)
"""Elements in which a head may be named."""

WORD_TAGS: frozenset[int] = frozenset(map(Tag, KEYWORDS))
"""Their tags."""


def named(header: Dataset) -> str:
    """Say in which element a header names the head, nothing of its value; empty where it does not."""
    for keyword in KEYWORDS:
        words = _OTHER_HEADS.sub(" ", str(header.get(keyword, "")).replace("_", " "))
        if _WORDS.search(words):
            return f"the header names the head ({keyword})"
    return ""
