"""How far blind opinions agree: shares, Krippendorff's alpha, and the tables they are read with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.meeting.state import Ballot, Meeting

Level = Literal["nominal", "ordinal"]
Question = tuple[str, tuple[str, ...]]
"""What was asked, and the options."""

_LEAST_UNITS = 3
BANDS = ((0.20, "slight"), (0.40, "fair"), (0.60, "moderate"), (0.80, "substantial"), (1.0, "near-perfect"))
"""Upper ends, each inclusive. The cuts are a custom, not a law."""
BANDS_SOURCE = "bands as in Tirotta 2023, retroperitoneal sarcoma MDTs of Great Britain"


@dataclass(frozen=True)
class Share:
    """Votes for the option that got most, out of all.

    Choosing the commonest option after the fact makes the share too large where votes are few: among k options it
    never falls below 1/k. The interval takes votes for independent, and within a room they are not quite.

    Parameters
    ----------
    agreeing, votes : int
    interval : tuple of float
        95 %, Wilson.
    """

    agreeing: int
    votes: int
    interval: tuple[float, float]

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self.agreeing / self.votes


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha with its interval.

    Parameters
    ----------
    value : float
        1 is agreement throughout, 0 as by chance, below 0 less than by chance.
    interval : tuple of float, optional
        95 %, from resampled units; None for fewer than three units. Resamples that hold one answer only have no alpha
        and are left out.
    units, values : int
        Units rated twice or more, and the ratings in them.
    """

    value: float
    interval: tuple[float, float] | None
    units: int
    values: int

    @property
    def band(self) -> str:
        """The band of the value, in words (`BANDS`)."""
        return band(self.value)


@dataclass(frozen=True)
class Agreed:
    """Agreement on one question over several cases.

    Parameters
    ----------
    question : str
    round : {1, 2}
        Before or after discussion.
    cases : int
    level : {"nominal", "ordinal"}
        Ordinal where every ballot called its options steps of one scale.
    share : Share, optional
    alpha : Alpha, optional
        None where it is not defined: every answer was the same.
    """

    question: str
    round: Literal[1, 2]
    cases: int
    level: Level
    share: Share | None
    alpha: Alpha | None


def share(splits: Sequence[Mapping[str, int]]) -> Share | None:
    """Share of votes that went with the commonest option of their ballot; None without votes.

    Parameters
    ----------
    splits : sequence of mapping of str to int
        Votes for each option, ballot by ballot.

    Examples
    --------
    >>> share([{"resectable": 8, "not resectable": 4}, {"resectable": 1, "not resectable": 11}])
    Share(agreeing=19, votes=24, interval=(0.5952..., 0.9075...))
    """
    # Here, since it takes a second to load, and the registry loads this module whenever it is opened.
    from scipy.stats import binomtest

    agreeing = sum(max(split.values(), default=0) for split in splits)
    votes = sum(sum(split.values()) for split in splits)
    if not votes:
        return None
    ends = binomtest(agreeing, votes).proportion_ci(method="wilson")
    return Share(agreeing, votes, (float(ends.low), float(ends.high)))


def krippendorff(
    ratings: ArrayLike, *, level: Level = "nominal", rng: np.random.Generator, resamples: int = 2000
) -> Alpha | None:
    """Krippendorff's alpha of several raters, with ratings missing wherever they like.

    Parameters
    ----------
    ratings : array_like, shape (raters, units)
        Places on the scale as numbers, NaN where a rater gave none.
    level : {"nominal", "ordinal"}
        Whether answers are only the same or not, or steps of one scale.
    rng : numpy.random.Generator
        For the interval: whole units are drawn again, since the cases are what another meeting would change. With few
        units the interval is too narrow.
    resamples : int

    Returns
    -------
    Alpha or None
        None where nobody's ratings can be compared, or all ratings are one and the same: alpha is not defined there.

    References
    ----------
    .. [1] Krippendorff K. Computing Krippendorff's alpha-reliability. University of Pennsylvania, 2011.

    Examples
    --------
    >>> found = krippendorff([[0, 1, 0, 0], [0, 1, 0, 1]], rng=np.random.default_rng(1))
    >>> round(found.value, 3), found.band
    (0.533, 'moderate')
    """
    counts = _counts(np.asarray(ratings, np.float64))
    value = _alpha(counts, level)
    if value is None:
        return None
    return Alpha(value, _interval(counts, level, rng=rng, resamples=resamples), len(counts), int(counts.sum()))


def band(alpha: float) -> str:
    """The band of an alpha, in words.

    Examples
    --------
    >>> band(0.37), band(0.20), band(-0.1)
    ('fair', 'slight', 'less than by chance')
    """
    if alpha < 0:
        return "less than by chance"
    return next(words for upper, words in BANDS if alpha <= upper + 1e-12)


def comparable(meetings: Sequence[Meeting], round_: Literal[1, 2] = 1) -> dict[Question, list[Ballot]]:
    """Ballots of one round that put the same question with the same options, and may be shown.

    Parameters
    ----------
    meetings : sequence of Meeting
    round_ : {1, 2}

    Returns
    -------
    dict of (str, tuple of str) to list of Ballot
        By question and options.
    """
    groups: dict[Question, list[Ballot]] = {}
    for meeting in meetings:
        for ballot in meeting.ballots.values():
            if ballot.round == round_ and ballot.may_be_shown:
                groups.setdefault((ballot.asked.question, ballot.asked.options), []).append(ballot)
    return groups


def ratings(ballots: Sequence[Ballot]) -> NDArray[np.float64]:
    """Votes of ballots with the same options, as `krippendorff` takes them.

    Parameters
    ----------
    ballots : sequence of Ballot
        Where several are on one case, as when two meetings saw it, each member's first vote on it counts.

    Returns
    -------
    ndarray, shape (members, cases)
        Place of the choice among the options; NaN for no vote. Members stand in order of pseudonyms.
    """
    members = sorted({member for ballot in ballots for member in ballot.votes})
    cases = list(dict.fromkeys(ballot.case_id for ballot in ballots))
    table = np.full((len(members), len(cases)), np.nan)
    for ballot in reversed(ballots):
        for member, vote in ballot.votes.items():
            place = members.index(member), cases.index(ballot.case_id)
            table[place] = ballot.asked.options.index(vote.choice)
    return table


def agreement_table(meetings: Sequence[Meeting], *, rng: np.random.Generator) -> list[Agreed]:
    """How far opinions agree on each question that was put on two cases or more, before and after discussion.

    Parameters
    ----------
    meetings : sequence of Meeting
    rng : numpy.random.Generator
        For the intervals of alpha.

    Returns
    -------
    list of Agreed
        First rounds in the order of asking, each followed by its second rounds.
    """
    rounds: tuple[Literal[1, 2], ...] = (1, 2)
    found = {round_: comparable(meetings, round_) for round_ in rounds}
    return [
        _agreed(question, round_, found[round_][question], rng=rng)
        for question in found[1]
        for round_ in rounds
        if len({ballot.case_id for ballot in found[round_].get(question, ())}) > 1
    ]


def _agreed(
    question: Question, round_: Literal[1, 2], ballots: Sequence[Ballot], *, rng: np.random.Generator
) -> Agreed:
    level: Level = "ordinal" if all(ballot.asked.ordered for ballot in ballots) else "nominal"
    splits = [Counter(vote.choice for vote in ballot.votes.values()) for ballot in ballots]
    table = ratings(ballots)
    return Agreed(
        question[0], round_, table.shape[1], level, share(splits), krippendorff(table, level=level, rng=rng)
    )


def _counts(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often each value was given to each unit, for units rated twice or more."""
    values = np.unique(table[~np.isnan(table)])
    counts: NDArray[np.float64] = (table[:, :, None] == values).sum(axis=0, dtype=np.float64)
    rated: NDArray[np.float64] = counts[counts.sum(axis=1) >= 2]
    return rated


def _alpha(counts: NDArray[np.float64], level: Level) -> float | None:
    totals = counts.sum(axis=0)
    apart = _apart(totals, level)
    expected = totals @ apart @ totals / (totals.sum() - 1) if totals.sum() > 1 else 0.0
    if expected <= 0:
        return None
    observed = (np.einsum("uv,vw,uw->u", counts, apart, counts) / (counts.sum(axis=1) - 1)).sum()
    return float(1 - observed / expected)


def _apart(totals: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    """Squared difference between any two values."""
    if level == "nominal":
        return 1.0 - np.eye(len(totals))
    # All ratings between the middle of one value's and the middle of the other's.
    middles = np.cumsum(totals) - totals / 2
    between: NDArray[np.float64] = (middles[:, None] - middles) ** 2
    return between


def _interval(
    counts: NDArray[np.float64], level: Level, *, rng: np.random.Generator, resamples: int
) -> tuple[float, float] | None:
    if len(counts) < _LEAST_UNITS:
        return None
    drawn = rng.integers(len(counts), size=(resamples, len(counts)))
    found = [alpha for rows in drawn if (alpha := _alpha(counts[rows], level)) is not None]
    if not found:
        return None
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)
