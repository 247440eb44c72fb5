"""What a revealed ballot shows: counts, reasons and changes of opinion, never a member nor an order of voting."""

from collections import Counter
from dataclasses import dataclass

from sarcoma_review.meeting.actions import Confidence
from sarcoma_review.meeting.state import LEAST_VOTES, Ballot, Meeting

CONFIDENCES: tuple[Confidence, ...] = ("low", "moderate", "high")
NOT_GIVEN = "not recorded"


@dataclass(frozen=True)
class BallotResult:
    """The split of one ballot.

    Parameters
    ----------
    on_roll : int
        Members who could vote.
    counts : dict of str to int
        Votes for each option, in the order of the options, none left out.
    confidence : dict of str to dict of str to int
        For each option, how many gave which confidence; those who gave none are "not recorded".
    reasons : tuple of (str, str)
        Option and reason, in the order of the options and then of the alphabet.
    groups : dict of str to dict of str to int
        For a ballot shown by profession: the counts of each profession of three votes or more, the others together.
    """

    on_roll: int
    counts: dict[str, int]
    confidence: dict[str, dict[str, int]]
    reasons: tuple[tuple[str, str], ...]
    groups: dict[str, dict[str, int]]

    @property
    def votes(self) -> int:
        """Votes in all."""
        return sum(self.counts.values())


def result_of(meeting: Meeting, ballot_id: str) -> BallotResult | None:
    """The split of a ballot; None before its reveal, and for fewer than three votes.

    Raises
    ------
    MeetingError
        If there is no such ballot.
    """
    ballot = meeting.ballot(ballot_id)
    if not ballot.may_be_shown:
        return None
    options, votes = ballot.asked.options, ballot.votes.values()
    given = {option: [vote for vote in votes if vote.choice == option] for option in options}
    reasons = [(option, sorted(vote.reason for vote in given[option] if vote.reason)) for option in options]
    return BallotResult(
        on_roll=len(ballot.roll),
        counts={option: len(given[option]) for option in options},
        confidence={
            option: _tally([vote.confidence or NOT_GIVEN for vote in given[option]], (*CONFIDENCES, NOT_GIVEN))
            for option in options
        },
        reasons=tuple((option, reason) for option, texts in reasons for reason in texts),
        groups=_groups(meeting, ballot) if ballot.asked.shown == "by_profession" else {},
    )


def change_of_opinion(meeting: Meeting, second_id: str) -> dict[str, dict[str, int]] | None:
    """How opinions moved from the first round (rows) to the second (columns), of those who voted in both.

    Parameters
    ----------
    meeting : Meeting
    second_id : str
        Of the second round.

    Returns
    -------
    dict or None
        None unless both rounds may be shown and three members or more voted in both, and for a first round.

    Raises
    ------
    MeetingError
        If there is no such ballot.
    """
    second = meeting.ballot(second_id)
    if second.first is None:
        return None
    first = meeting.ballot(second.first)
    both = [(first.votes[who].choice, vote.choice) for who, vote in second.votes.items() if who in first.votes]
    if not (first.may_be_shown and second.may_be_shown) or len(both) < LEAST_VOTES:
        return None
    pairs, options = Counter(both), first.asked.options
    return {before: {after: pairs[before, after] for after in options} for before in options}


def _groups(meeting: Meeting, ballot: Ballot) -> dict[str, dict[str, int]]:
    """Counts by profession, so put together that nobody stands in a group of fewer than three."""
    by_profession: dict[str, list[str]] = {}
    for who, vote in ballot.votes.items():
        by_profession.setdefault(meeting.members[who].profession or NOT_GIVEN, []).append(vote.choice)
    large = {name: choices for name, choices in by_profession.items() if len(choices) >= LEAST_VOTES}
    others = [choice for name, choices in by_profession.items() if name not in large for choice in choices]
    if 0 < len(others) < LEAST_VOTES and large:  # what is left over could be told by subtraction
        smallest = min(sorted(large), key=lambda name: len(large[name]))
        others += large.pop(smallest)
    named = dict(sorted(large.items())) | ({"others together": others} if others else {})
    return {name: _tally(choices, ballot.asked.options) for name, choices in named.items()}


def _tally(values: list[str], order: tuple[str, ...]) -> dict[str, int]:
    counts = Counter(values)
    return {value: counts[value] for value in order}
