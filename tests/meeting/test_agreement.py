"""Agreement, against published worked examples and reference values."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sarcoma_review.meeting import (
    Action,
    CloseBallot,
    OpenCase,
    OpenSecondRound,
    Reveal,
    agreement_table,
    band,
    comparable,
    krippendorff,
    ratings,
    share,
)
from sarcoma_review.meeting.agreement import Level
from tests.meeting.acts import ASK, at, do, vote

# Krippendorff 2011, Computing Krippendorff's alpha-reliability: examples A, B and C.
BINARY = "0100000010", "1110010000"
NOMINAL = "aabbdcccedda", "babbbccceddd"
FOUR = "123321412---", "1233224125-3", "-33323422511", "12332441251-"


def table(rows: tuple[str, ...]) -> NDArray[np.float64]:
    return np.array([[np.nan if value == "-" else ord(value) for value in row] for row in rows])


def alpha(rows: NDArray[np.float64], level: Level = "nominal") -> float:
    found = krippendorff(rows, level=level, rng=np.random.default_rng(1), resamples=2)
    assert found is not None
    return found.value


@pytest.mark.parametrize(("rows", "published"), [(BINARY, 0.095), (NOMINAL, 0.692)])
def test_alpha_of_two_observers_is_the_published_one(rows: tuple[str, ...], published: float) -> None:
    assert alpha(table(rows)) == pytest.approx(published, abs=5e-4)


def test_alpha_with_missing_ratings_is_that_of_the_reference(shared: Path) -> None:
    reference = json.loads((shared / "reference" / "statistics_reference.json").read_text())["krippendorff_2011"]
    rows = np.array([[np.nan if value is None else value for value in row] for row in reference["obs"].values()])
    assert alpha(rows) == pytest.approx(reference["nominal"], abs=1e-9)
    assert alpha(rows, "ordinal") == pytest.approx(reference["ordinal"], abs=1e-9)


def test_alpha_of_fourteen_raters_follows_from_the_published_kappa_of_fleiss(shared: Path) -> None:
    reference = json.loads((shared / "reference" / "statistics_reference.json").read_text())["fleiss_10x14"]
    rows = np.array([np.repeat(np.arange(5), counts) for counts in reference["table"]], dtype=np.float64).T
    # With nothing missing the two differ by the correction for a finite sample alone (Krippendorff 2011).
    n = rows.size
    assert 1 - alpha(rows) == pytest.approx((1 - reference["kappa"]) * (n - 1) / n, abs=1e-9)


def test_alpha_does_not_care_for_the_order_of_raters_or_cases_nor_for_the_names_of_steps() -> None:
    rows = table(("12332141", "12332241", "-3332342"))
    expected = alpha(rows, "ordinal")
    rng = np.random.default_rng(5)
    assert alpha(rng.permutation(rows), "ordinal") == pytest.approx(expected)
    assert alpha(rng.permutation(rows, axis=1), "ordinal") == pytest.approx(expected)
    assert alpha(rows**3, "ordinal") == pytest.approx(expected)


def test_full_agreement_is_one_and_chance_is_about_zero() -> None:
    assert alpha(np.tile([0.0, 1.0, 2.0, 1.0], (5, 1))) == 1.0
    chance = np.random.default_rng(2).integers(0, 3, (12, 400)).astype(float)
    assert alpha(chance) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("rows", [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0]], [[np.nan], [1.0]]])
def test_where_nothing_differs_or_nothing_compares_there_is_no_alpha(rows: list[list[float]]) -> None:
    assert krippendorff(rows, rng=np.random.default_rng(1)) is None


def test_the_interval_holds_the_alpha_and_is_the_same_for_the_same_generator() -> None:
    rows = np.random.default_rng(3).choice([0.0, 1.0], size=(6, 20), p=[0.8, 0.2])
    first, again = (krippendorff(rows, rng=np.random.default_rng(9), resamples=300) for _ in range(2))
    assert first is not None
    assert first == again
    assert first.interval is not None
    assert first.interval[0] < first.value < first.interval[1]
    assert (first.units, first.values, first.band) == (20, 120, band(first.value))


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, p = np.random.default_rng(4), 0.8
    truth = (2 * p - 1) ** 2  # each rater says what is so with chance p; half of the cases are so
    covered = []
    for _ in range(60):
        so = rng.integers(0, 2, 40)
        rows = np.where(rng.random((5, 40)) < p, so, 1 - so).astype(float)
        found = krippendorff(rows, rng=rng, resamples=150)
        assert found is not None
        assert found.interval is not None
        covered.append(found.interval[0] <= truth <= found.interval[1])
    assert 0.85 <= np.mean(covered) <= 1.0


def test_of_two_cases_or_of_resamples_of_one_answer_no_interval_is_given() -> None:
    two = krippendorff([[0, 1], [1, 1]], rng=np.random.default_rng(1))
    assert two is not None
    assert two.interval is None
    # One case of three holds the second answer: a single resample leaves it out 8 times of 27.
    rng = np.random.default_rng(1)
    single = [krippendorff([[0, 0, 0], [0, 0, 1]], rng=rng, resamples=1) for _ in range(270)]
    without = sum(each is not None and each.interval is None for each in single)
    assert 60 <= without <= 100


@pytest.mark.parametrize(
    ("agreeing", "votes", "percent"), [(211, 247, "85.4"), (201, 250, "80.4"), (131, 247, "53.0")]
)
def test_shares_are_those_of_the_published_study_of_mdts(agreeing: int, votes: int, percent: str) -> None:
    found = share([{"with most": agreeing, "otherwise": votes - agreeing}])
    assert found is not None
    assert f"{100 * found.value:.1f}" == percent


@pytest.mark.parametrize("votes", [(11, 1), (22, 3), (75, 10)])
def test_the_interval_of_a_share_is_wilsons(votes: tuple[int, int], shared: Path) -> None:
    reference = json.loads((shared / "reference" / "statistics_reference.json").read_text())["binomial_ci"]
    found = share([{"yes": votes[0], "no": votes[1]}])
    low, high = reference[f"{votes[1]}/{sum(votes)}"]["wilson"]
    assert found is not None
    assert found.interval == pytest.approx((1 - high, 1 - low), abs=1e-5)


def test_without_votes_there_is_no_share() -> None:
    assert share([]) is share([{}]) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *[(-0.01, "less than by chance"), (0.0, "slight"), (0.2, "slight"), (0.21, "fair"), (0.37, "fair")],
        *[(0.41, "moderate"), (0.6, "moderate"), (0.8, "substantial"), (0.81, "near-perfect"), (1.0, "near-perfect")],
    ],
)
def test_bands_are_those_of_the_published_study(value: float, words: str) -> None:
    assert band(value) == words


def test_ballots_that_ask_the_same_are_compared_and_no_others() -> None:
    again = ASK.model_copy(update={"ballot_id": "b3"})
    other = ASK.model_copy(update={"ballot_id": "b4", "question": "Proton therapy?"})
    steps: list[tuple[str, Action]] = [("chair", OpenCase(case_id="case-2")), ("chair", again)]
    steps += [(who, vote("no", "b3")) for who in ("m1", "m2", "chair")]
    steps += [("chair", CloseBallot(ballot_id="b3")), ("chair", Reveal(ballot_id="b3")), ("chair", other)]
    meeting = do(at("again"), steps)
    groups = comparable([meeting])
    assert list(groups) == [("Resectable?", ("yes", "no"))]
    rows = ratings(groups["Resectable?", ("yes", "no")])
    np.testing.assert_array_equal(rows, [[np.nan, 1], [0, 1], [1, 1], [0, np.nan]])  # chair, m1, m2, pres
    assert [ballot.id for ballot in comparable([meeting], 2)["Resectable?", ("yes", "no")]] == ["b2"]


def asked_on(case: str, ballot: str, choices: dict[str, str]) -> list[tuple[str, Action]]:
    ask = ASK.model_copy(update={"ballot_id": ballot, "ordered": True})
    votes: list[tuple[str, Action]] = [(who, vote(choice, ballot)) for who, choice in choices.items()]
    ends: list[tuple[str, Action]] = [("chair", CloseBallot(ballot_id=ballot)), ("chair", Reveal(ballot_id=ballot))]
    return [("chair", OpenCase(case_id=case)), ("chair", ask), *votes, *ends]


def test_a_case_seen_by_two_meetings_is_one_case_rated_by_all() -> None:
    first = do(at("joined"), asked_on("case-1", "b1", {"m1": "yes", "m2": "no", "pres": "yes"}))
    other = do(at("joined"), asked_on("case-1", "b1", {"m1": "no", "chair": "no", "pres": "no"}))
    both = comparable([first, other])["Resectable?", ("yes", "no")]
    np.testing.assert_array_equal(ratings(both), [[1], [0], [1], [0]])  # chair, m1, m2, pres: first votes
    assert agreement_table([first, other], rng=np.random.default_rng(1)) == []


def test_the_agreement_table_tells_rounds_apart_and_takes_the_scale_from_the_ballots() -> None:
    steps = asked_on("case-1", "b1", {"m1": "yes", "m2": "no", "pres": "yes"})
    steps += [("chair", OpenSecondRound(ballot_id="c1", first="b1"))]
    steps += [(who, vote("yes", "c1")) for who in ("m1", "m2", "pres")]
    steps += [("chair", CloseBallot(ballot_id="c1")), ("chair", Reveal(ballot_id="c1"))]
    steps += asked_on("case-2", "b2", {"m1": "no", "m2": "no", "pres": "no"})
    (row,) = agreement_table([do(at("joined"), steps)], rng=np.random.default_rng(1))
    assert (row.question, row.round, row.cases, row.level) == ("Resectable?", 1, 2, "ordinal")
    assert row.share is not None
    assert row.alpha is not None
    assert (row.share.agreeing, row.share.votes) == (5, 6)
    assert row.alpha.value == pytest.approx(1 - (2 / 6) / (16 / 30))  # unlike pairs: seen, and to be expected
