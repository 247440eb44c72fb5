"""A receipt for a vote: it shows later that this vote, and no other, was taken."""

import hashlib
import hmac
import json

from sarcoma_review.meeting.actions import Vote


def receipt(key: bytes, meeting_id: str, by: str, *, vote: Vote) -> str:
    """HMAC-SHA-256 over a vote, its meeting and its member, in hex.

    Without the key it tells nothing of the vote, however few options there are: the key is kept outside the journal.

    Parameters
    ----------
    key : bytes
        At least 32 bytes.
    meeting_id : str
    by : str
        Who voted.
    vote : Vote

    Raises
    ------
    ValueError
        If the key is shorter.

    Examples
    --------
    >>> vote = Vote(ballot_id="b1", choice="en bloc")
    >>> issued = receipt(bytes(32), "meeting-1", "m1", vote=vote)
    >>> is_receipt(issued, bytes(32), "meeting-1", by="m1", vote=vote)
    True
    >>> is_receipt(issued, bytes(32), "meeting-1", by="m2", vote=vote)
    False
    """
    if len(key) < 32:
        raise ValueError(f"a key of receipts has at least 32 bytes; found {len(key)}")
    text = json.dumps([meeting_id, by, vote.model_dump(mode="json")], sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_receipt(text: str, key: bytes, meeting_id: str, *, by: str, vote: Vote) -> bool:
    """Whether a receipt was given for this vote, compared in constant time."""
    return hmac.compare_digest(text.encode(), receipt(key, meeting_id, by, vote=vote).encode())
