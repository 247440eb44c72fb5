"""The meeting board: prepare a meeting's agenda from the registry, and read what meetings came to."""

import threading
from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import anywidget

from sarcoma_review.errors import PresentationError, SarcomaReviewError
from sarcoma_review.meeting import AgendaItem, Meeting, Member, OpenMeeting, replay
from sarcoma_review.meeting.actions import Mode
from sarcoma_review.meeting.members import Profession, Role
from sarcoma_review.present.minutes import Minutes, read_minutes
from sarcoma_review.present.minutes_write import write_minutes
from sarcoma_review.present.pages import Page
from sarcoma_review.registry import CaseRecord, Registry
from sarcoma_review.registry.consent import refused
from sarcoma_review.widgets.agenda import Draft, checked, not_recorded
from sarcoma_review.widgets.meeting_results import block_words, result_pages, still_page
from sarcoma_review.widgets.twin import Bundle, page, paragraph, table, with_html

STATIC = Path(__file__).parent / "static"


class MeetingBoard(anywidget.AnyWidget):
    """Prepare the next meeting, and read what a meeting came to.

    Before: cases of the registry with their questions, minutes, and what is not recorded of them; members by
    pseudonym, role and unit; mode and date. `opening` is what a room opens the meeting with. After: `show` a meeting
    for its ballots, agreement, decisions, actions, learning points and attendance.

    Parameters
    ----------
    registry : Registry
        Holds cases and meetings alike. Its cases are read once; make a new board to read them again.
    on : date
        Of the meeting that is prepared; can be changed.
    title : str
    members : iterable of Member
        Who may take part; can be changed.

    Raises
    ------
    PresentationError
        If two of the members have one pseudonym.

    Notes
    -----
    A split of fewer than three votes is not shown, and no vote is ever shown with its member. The agenda lives in
    Python and is not kept until a room opens the meeting.

    Examples
    --------
    >>> from sarcoma_review.registry import CaseOpened
    >>> registry = Registry.open(":memory:")
    >>> _ = registry.append("case-1", CaseOpened(question="Is en bloc resection possible?"))
    >>> chair = Member(id="chair", role="chair", unit="AA", profession="surgeon")
    >>> board = MeetingBoard(registry, on=date(2026, 11, 22), members=[chair])
    >>> board.add_case("case-1", minutes=20)
    >>> board.opening.agenda[0].missing
    ('diagnosis not recorded', 'stage not recorded', 'imaging not recorded')
    >>> board
    <MeetingBoard 2026-11-22, 1 case(s) in 20 minutes, 1 member(s): ready>
    """

    _esm = STATIC / "meetingboard.js"
    _css = STATIC / "meetingboard.css"

    def __init__(
        self, registry: Registry, *, on: date, title: str = "Network meeting", members: Iterable[Member] = ()
    ) -> None:
        self._registry = registry
        self._draft = Draft(title, on, members=tuple(members))
        if len({member.id for member in self._draft.members}) < len(self._draft.members):
            raise PresentationError("each member has a pseudonym of their own; found one twice")
        self._shown: tuple[str, Minutes, list[Page]] | None = None
        self._guard = threading.RLock()
        super().__init__()
        self.on_msg(self._hear)

    @property
    def opening(self) -> OpenMeeting:
        """What was prepared, as a room opens the meeting with it.

        Raises
        ------
        PresentationError
            If something is missing still; the message says what.
        """
        return self._draft.opening()

    @property
    def meetings(self) -> list[str]:
        """Ids of the meetings in the registry."""
        return self._registry.meetings()

    @property
    def minutes(self) -> Minutes:
        """The minutes of the meeting that is shown.

        Raises
        ------
        PresentationError
            If none is shown.
        """
        if self._shown is None:
            raise PresentationError("no meeting is shown; choose one with show()")
        return self._shown[1]

    @property
    def pages(self) -> list[Page]:
        """What is shown of a meeting, page by page; none while one is prepared."""
        return [] if self._shown is None else self._shown[2]

    def plan(
        self,
        *,
        title: str | None = None,
        on: date | None = None,
        mode: Mode | None = None,
        purpose: str | None = None,
    ) -> None:
        """Change what the meeting is called, its date, its mode or its purpose.

        Raises
        ------
        PresentationError
            If one of them cannot be such.
        """
        given = {"title": title, "on_date": on, "mode": mode, "purpose": purpose}
        held = {name: getattr(self._draft, name) for name in given}
        changed = held | {name: value for name, value in given.items() if value is not None}
        chair = Member(id="chair", role="chair", unit="AA")
        valid = checked(OpenMeeting, {**changed, "members": (chair,)})
        words = {name: getattr(valid, name) for name in given}
        self._change(lambda: Draft(**words, agenda=self._draft.agenda, members=self._draft.members))

    def add_case(
        self, case_id: str, *, question: str | None = None, minutes: int = 15, missing: Iterable[str] | None = None
    ) -> None:
        """Put a case of the registry on the agenda, or change what stands there of it.

        Parameters
        ----------
        case_id : str
        question : str, optional
            The one the case was opened with, unless another is given.
        minutes : int
            1 to 240.
        missing : iterable of str, optional
            What is missing; unless given, what the registry does not hold.

        Raises
        ------
        PresentationError
            If there is no such case, its patient refused that it is discussed, or a value cannot be such.
        """
        if case_id not in self._cases:
            raise PresentationError("expected a case of this registry whose patient has not refused peer learning")
        record = self._cases[case_id]
        asked = record.opened.question if question is None else question
        lines = not_recorded(record) if missing is None else tuple(missing)
        values = {"case_id": case_id, "question": asked, "minutes": minutes, "missing": lines}
        item = checked(AgendaItem, values)
        self._change(lambda: self._draft.with_item(item))

    def drop_case(self, case_id: str) -> None:
        """Take a case off the agenda."""
        self._change(lambda: self._draft.without_item(case_id))

    def add_member(self, member_id: str, role: str, unit: str, profession: str | None = None) -> None:
        """Let one more take part, or change the role, unit or profession of one who may already.

        Raises
        ------
        PresentationError
            If the pseudonym could be a name or number of somebody, or one of the others cannot be such.
        """
        member = checked(Member, {"id": member_id, "role": role, "unit": unit, "profession": profession})
        self._change(lambda: self._draft.with_member(member))

    def drop_member(self, member_id: str) -> None:
        """Take a member off the list."""
        self._change(lambda: self._draft.without_member(member_id))

    def show(self, meeting_id: str | None) -> None:
        """Show what a meeting came to, or, with None, the one that is prepared.

        The journal is verified, and a checkpoint of it made.

        Raises
        ------
        RegistryError
            If there is no such meeting.
        """
        with self._guard:
            self._shown = None if meeting_id is None else self._read(meeting_id)
            self._tell()

    def write_minutes(self, path: str | Path) -> Path:
        """Write the minutes of the meeting that is shown, to ``.html``, ``.pdf``, or the actions to ``.csv``.

        Raises
        ------
        PresentationError
            If none is shown, the ending is another, or the folder is not there.
        """
        return write_minutes(self.minutes, path)

    def __repr__(self) -> str:
        if self._shown is not None:
            meeting = self._shown[1].meeting
            return f"<MeetingBoard {meeting.on_date}, {len(meeting.decisions)} decision(s), {len(self.pages)} pages>"
        draft, state = self._draft, "not ready" if self._wanting else "ready"
        counts = f"{len(draft.agenda)} case(s) in {draft.minutes} minutes, {len(draft.members)} member(s)"
        return f"<MeetingBoard {draft.on_date}, {counts}: {state}>"

    def _repr_mimebundle_(self, **options: Any) -> Bundle:
        return with_html(super()._repr_mimebundle_(**options), self._still())

    @cached_property
    def _cases(self) -> dict[str, CaseRecord]:
        """Cases that may be discussed."""
        said_no = refused(self._registry, "peer_learning")
        return {each: self._registry.case(each) for each in self._registry.cases() if each not in said_no}

    @property
    def _wanting(self) -> str:
        """What is missing before the meeting can be opened; empty where nothing is."""
        try:
            self._draft.opening()
        except PresentationError as problem:
            return str(problem)
        return ""

    def _read(self, meeting_id: str) -> tuple[str, Minutes, list[Page]]:
        minutes = read_minutes(self._registry, meeting_id)
        held = [minutes.meeting, *(self._meeting(each) for each in self.meetings if each != meeting_id)]
        upto = [each for each in held if each.on_date and str(each.on_date) <= str(minutes.meeting.on_date)]
        upto.sort(key=lambda each: str(each.on_date))
        return meeting_id, minutes, result_pages(minutes, upto)

    def _meeting(self, meeting_id: str) -> Meeting:
        return replay(self._registry.meeting(meeting_id))

    def _change(self, made: Callable[[], Draft]) -> None:
        with self._guard:
            self._draft = made()
            self._tell()

    def _tell(self) -> None:
        self.send({"t": "board", **self._words()})

    def _hear(self, _widget: object, said: dict[str, Any], _buffers: object) -> None:
        match said:
            case {"t": "hello", "page": str(to)}:
                self.send({"t": "board", "to": to, **self._words()})
            case {"page": str(to)}:
                self._try(to, said)

    def _do(self, said: dict[str, Any]) -> None:
        match said:
            case {"t": "plan"}:
                self._plan_as_said(said)
            case {"t": "case", "case": str(case_id)}:
                self._add_as_said(case_id, said)
            case {"t": "drop_case", "case": str(case_id)}:
                self.drop_case(case_id)
            case {"t": "earlier", "case": str(case_id)}:
                self._change(lambda: self._draft.earlier(case_id))
            case {"t": "member", "id": str(who), "role": str(role), "unit": str(unit)}:
                profession = str(said.get("profession") or "") or None
                self.add_member(who.strip(), role, unit.strip().upper(), profession)
            case {"t": "drop_member", "id": str(who)}:
                self.drop_member(who)
            case {"t": "show", "meeting": str(meeting_id)}:
                self.show(meeting_id or None)

    def _plan_as_said(self, said: dict[str, Any]) -> None:
        try:
            on = date.fromisoformat(str(said.get("on")))
        except ValueError:
            raise PresentationError("a meeting needs its date") from None
        self.plan(title=str(said.get("title")), on=on, mode=said.get("mode"), purpose=said.get("purpose"))

    def _add_as_said(self, case_id: str, said: dict[str, Any]) -> None:
        known: dict[str, Any] = {name: said[name] for name in ("question", "minutes") if name in said}
        if "missing" in said:
            known["missing"] = [line for line in str(said["missing"]).splitlines() if line.strip()]
        self.add_case(case_id, **known)

    def _try(self, to: str, said: dict[str, Any]) -> None:
        """Whatever stands in the way is said on the page that asked, which then shows again what holds."""
        try:
            self._do(said)
        except Exception as problem:
            ours = isinstance(problem, SarcomaReviewError)
            words = f"Not done: {problem if ours else 'an error in Python; see the log'}."
            self.send({"t": "board", "to": to, **self._words(), "refused": words})
            if not ours:
                raise

    def _words(self) -> dict[str, Any]:
        shown, pages = (self._shown[0], self._shown[2]) if self._shown else ("", [])
        return {
            "meetings": self.meetings,
            "shown": shown,
            "pages": [{"title": each.title, "blocks": [block_words(b) for b in each.blocks]} for each in pages],
            "draft": self._draft_words(),
            "cases": [
                {"case": case_id, "question": record.opened.question, "missing": list(not_recorded(record))}
                for case_id, record in self._cases.items()
                if case_id not in {item.case_id for item in self._draft.agenda}
            ],
            "choices": _CHOICES,
        }

    def _draft_words(self) -> dict[str, Any]:
        draft, units = self._draft, {member.unit for member in self._draft.members}
        counts = (
            f"{len(draft.agenda)} case(s), {draft.minutes} minutes, {len(draft.members)} member(s) of {len(units)}"
        )
        return {
            "title": draft.title,
            "on": draft.on_date.isoformat(),
            "mode": draft.mode,
            "purpose": draft.purpose,
            "agenda": [item.model_dump(mode="json") for item in draft.agenda],
            "members": [member.model_dump(mode="json") for member in draft.members],
            "ready": not self._wanting,
            "words": f"{counts} unit(s). {f'Not ready: {self._wanting}' if self._wanting else 'Ready to be opened'}.",
        }

    def _still(self) -> str:
        if self._shown is not None:
            return "".join(still_page(each) for each in self._shown[2])
        words = self._draft_words()
        agenda = [
            (str(n), item.case_id, item.question, str(item.minutes), "; ".join(item.missing) or "nothing noted")
            for n, item in enumerate(self._draft.agenda, 1)
        ]
        members = [(each.id, each.role, each.unit, each.profession or "not recorded") for each in self._draft.members]
        return page(
            f"{words['title']}, {words['on']}, {words['mode'].replace('_', ' ')}",
            table(("", "Case", "Question", "Minutes", "Missing"), agenda),
            table(("Member", "Role", "Unit", "Profession"), members),
            paragraph(words["words"]),
        )


_CHOICES = {
    "role": list(get_args(Role)),
    "profession": list(get_args(Profession)),
    "mode": list(get_args(Mode)),
    "purpose": ["peer_learning", "audit"],
}
