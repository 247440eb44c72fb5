"""Scores that are not computed here, and estimates that somebody made elsewhere."""

from dataclasses import dataclass
from datetime import date

from sarcoma_review.errors import PathwayError

NOT_COMPUTED = {
    "Tokuhashi": "an estimate of one patient's survival; not computed for an individual",
    "Tomita": "an estimate of one patient's survival, and its table was not verified",
    "PATHFx": "an estimate of one patient's survival, by a licensed model",
    "OSRI": "an estimate of one patient's survival",
    "TESS": "licensed; a total worked out elsewhere can be entered",
    "EQ-5D": "licensed; a total worked out elsewhere can be entered",
    "QLQ-C30": "licensed; a total worked out elsewhere can be entered",
    "PROMIS": "licensed; a total worked out elsewhere can be entered",
    "SNOMED CT": "licensed; a site adds its own",
    "Kawaguchi margin": "its table was not read in the primary source",
    "Birmingham margin": "its table was not read in the primary source",
    "Toronto stage": "its tiers were not read in the primary source",
    "Enneking appropriateness without a table": "no table of margins by stage was read for the spine in its source",
    "Henderson letter": "letters, and the line between early and late, were not read in the primary source",
    "Mirels level of pain": "its levels were not read in the primary source; points of 1 to 3 can be given",
    "Mirels level of size": "its levels were not read in the primary source; points of 1 to 3 can be given",
    "AJCC8 stage group of the limb": "its table was not read; that of UICC9 was",
}
"""Each with the reason."""


class NotComputedError(PathwayError):
    """Something that is not worked out here; what somebody worked out elsewhere can be recorded."""


def not_computed(name: str) -> NotComputedError:
    """The refusal of something in `NOT_COMPUTED`, with its reason and the way out.

    Raises
    ------
    PathwayError
        If the name is not in `NOT_COMPUTED`.

    Examples
    --------
    >>> raise not_computed("Tokuhashi")
    Traceback (most recent call last):
    sarcoma_review.staging.estimate.NotComputedError: Tokuhashi: not computed here, an estimate of one patient's ...
    """
    if name not in NOT_COMPUTED:
        raise PathwayError(f"not computed: expected one of {', '.join(NOT_COMPUTED)}; found another name")
    return NotComputedError(
        f"{name}: not computed here, {NOT_COMPUTED[name]}; "
        "an outside estimate can be recorded with its tool, version and date (OutsideEstimate)"
    )


@dataclass(frozen=True)
class OutsideEstimate:
    """What a tool outside this package said, as it was entered; it is shown and never used in a rule.

    Parameters
    ----------
    tool, version : str
    made_on : date
    statement : str
        What the tool gave, in words and with its unit. No name or number of a person.

    Raises
    ------
    PathwayError
        If tool, version or statement is empty, or there is no date: an estimate without them means nothing.

    Examples
    --------
    >>> print(OutsideEstimate("TESS", "lower limb", date(2026, 5, 4), "total 71 of 100"))
    TESS lower limb, 4 May 2026: total 71 of 100 (entered, not computed here)
    """

    tool: str
    version: str
    made_on: date
    statement: str

    def __post_init__(self) -> None:
        for name in ("tool", "version", "statement"):
            if not getattr(self, name).strip():
                raise PathwayError(f"outside estimate: expected a {name}, found none")
        if not isinstance(self.made_on, date):
            raise PathwayError("outside estimate: expected the date it was made on, found none")

    def __str__(self) -> str:
        day = f"{self.made_on.day} {self.made_on:%B %Y}"
        return f"{self.tool} {self.version}, {day}: {self.statement} (entered, not computed here)"
