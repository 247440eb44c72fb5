"""What is shown of a case when every member has given an opinion: from the discussion to what was learned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sarcoma_review.errors import PresentationError
from sarcoma_review.planning import AchievedReport
from sarcoma_review.planning.assessment import MarginAssessment
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.volume import Volume


@dataclass(frozen=True)
class Event:
    """One entry of a time line.

    Parameters
    ----------
    what : str
    week : float, optional
        From diagnosis: below 0 before it, 0 the week of the biopsy. None where it is not recorded.
    """

    what: str
    week: float | None = None

    @property
    def when(self) -> str | None:
        """The week in words; None where it is not recorded."""
        if self.week is None:
            return None
        return "week 0 (diagnosis)" if self.week == 0 else f"week {week_words(self.week)}"


def week_words(week: float) -> str:
    """A week from diagnosis, to a tenth, with its sign.

    Examples
    --------
    >>> week_words(-6), week_words(1.54), week_words(0.01)
    ('−6', '+1.5', '0')
    """
    tenths = round(week, 1)
    return f"{tenths:+g}".replace("-", "−") if tenths else "0"


@dataclass(frozen=True)
class LearningPoint:
    """What a network takes from a case, and who does something about it.

    Parameters
    ----------
    point : str
        What was learned of the system, not of a person.
    action, owner_role : str, optional
        What is to be done, and the role that does it.
    review_on : date, optional
        When the network looks again.
    """

    point: str
    action: str | None = None
    owner_role: str | None = None
    review_on: date | None = None


@dataclass(frozen=True)
class Afterwards:
    """The part of a case that stays closed until the opinions are given; whatever is None is not recorded.

    Parameters
    ----------
    discussion : sequence of str
        Points made, without who made them.
    decision : str, optional
        That of the meeting at the time.
    decided_by : {"consensus", "majority", "deferred", "no agreement"}, optional
    dissent : str, optional
        As it was recorded.
    done : str, optional
        What was done.
    option : str, optional
        Name of the option that was carried out, where it is one of those discussed.
    carried_out : {"full", "partial", "no", "not yet", "superseded"}, optional
        Whether that is what was decided.
    carried_out_reason : str, optional
        Such as the patient's choice.
    achieved : AchievedReport, optional
        Cuts as they were made, against the plan.
    assessment : MarginAssessment, optional
        Margin as operation or histology told it; never worked out from a distance.
    necrosis_percent : float, optional
        Of the tumour, after chemotherapy, by histology.
    outcome : str, optional
    follow_up : sequence of Event
        In weeks from diagnosis, as the time line.
    imaging : sequence of Volume
        Made after surgery, oldest first.
    key_images : sequence of KeyImage
        Of these.
    learning : sequence of LearningPoint

    Raises
    ------
    PresentationError
        If necrosis is not from 0 to 100 %.
    """

    discussion: Sequence[str] = ()
    decision: str | None = None
    decided_by: Literal["consensus", "majority", "deferred", "no agreement"] | None = None
    dissent: str | None = None
    done: str | None = None
    option: str | None = None
    carried_out: Literal["full", "partial", "no", "not yet", "superseded"] | None = None
    carried_out_reason: str | None = None
    achieved: AchievedReport | None = None
    assessment: MarginAssessment | None = None
    necrosis_percent: float | None = None
    outcome: str | None = None
    follow_up: Sequence[Event] = ()
    imaging: Sequence[Volume] = ()
    key_images: Sequence[KeyImage] = ()
    learning: Sequence[LearningPoint] = ()

    def __post_init__(self) -> None:
        if self.necrosis_percent is not None and not 0 <= self.necrosis_percent <= 100:
            raise PresentationError(f"necrosis: expected 0 to 100 %, found {self.necrosis_percent:g} %")
