from dataclasses import replace

import pytest

from sarcoma_review.errors import PresentationError
from sarcoma_review.planning.assessment import MarginAssessment
from sarcoma_review.present import Afterwards, Case, Event, LearningPoint, Option, Pathology
from tests.present.invented import SHORT, TODAY, before_case, whole_case


def test_a_case_says_how_much_it_holds_and_no_more() -> None:
    assert repr(whole_case()) == "<Case SR-A, 3 volume(s), 6 key image(s)>"


def test_images_made_after_surgery_come_last() -> None:
    assert [each.description for each in whole_case().volumes()][-1] == "after surgery"
    assert len(before_case().volumes()) == 3


@pytest.mark.parametrize(
    ("case", "field"),
    [
        (lambda text: Case("SR-A", "Why?", TODAY, history=text), "history"),
        (lambda text: Case("SR-A", text, TODAY), "question"),
        (lambda text: Case("SR-A", "Why?", TODAY, timeline=[Event(text)]), "what"),
        (lambda text: Case("SR-A", "Why?", TODAY, pathology=Pathology(review=text)), "review"),
        (lambda text: Case("SR-A", "Why?", TODAY, options=[Option("A", against=[text])]), "against"),
        (lambda text: Case("SR-A", "Why?", TODAY, after=Afterwards([text])), "discussion"),
        (
            lambda text: Case(
                "SR-A", "Why?", TODAY, after=Afterwards(learning=[LearningPoint("x", owner_role=text)])
            ),
            "owner role",
        ),
    ],
)
@pytest.mark.parametrize(
    ("text", "sign"), [("Seen by Dr Example", "name"), ("a@b.org", "e-mail"), ("020 7946 0000", "tele")]
)
def test_a_person_is_refused_wherever_somebody_writes(case, field, text, sign) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(
        PresentationError, match=f"^{field}: expected roles and no person, found what .* {sign}"
    ) as told:
        case(text)
    assert text not in str(told.value)


def test_two_options_cannot_share_a_name() -> None:
    with pytest.raises(PresentationError, match="every option has a name of its own, found 'A', 'A'"):
        Case("SR-A", "Why?", TODAY, options=[Option("A"), Option("A")])


def test_what_was_done_is_one_of_the_options() -> None:
    with pytest.raises(PresentationError, match="names option 'B'; the case has 'A'"):
        Case("SR-A", "Why?", TODAY, options=[Option("A")], after=Afterwards(option="B"))


def test_margins_need_their_plan() -> None:
    option = before_case().options[0]
    with pytest.raises(PresentationError, match="margins are shown with their plan"):
        Option("A", margins=option.margins)


def test_what_histology_told_is_not_given_before_the_opinions() -> None:
    option = before_case().options[0]
    assert option.margins is not None
    told = option.margins.with_assessment(MarginAssessment("histology", residual="R0"))
    with pytest.raises(PresentationError, match="what histology told is seen after the opinions"):
        replace(option, margins=told)
    seen = option.margins.with_assessment(MarginAssessment("imaging", enneking="marginal"))
    assert replace(option, margins=seen).name == SHORT


def test_one_reason_may_be_written_without_brackets() -> None:
    assert Option("A", for_="short").for_ == ("short",)
    assert Option("A", for_=["short", "sure"]).for_ == ["short", "sure"]


@pytest.mark.parametrize(
    ("week", "words"), [(-6, "week −6"), (0, "week 0 (diagnosis)"), (1.5, "week +1.5"), (None, None)]
)
def test_a_time_line_counts_weeks_from_diagnosis(week: float | None, words: str | None) -> None:
    assert Event("Scan", week).when == words


@pytest.mark.parametrize("percent", [-1, 101])
def test_necrosis_is_a_share(percent: float) -> None:
    with pytest.raises(PresentationError, match=f"expected 0 to 100 %, found {percent} %"):
        Afterwards(necrosis_percent=percent)
