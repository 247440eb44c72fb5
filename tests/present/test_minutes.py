"""Minutes say what the journal says, name nobody, and are the same whenever they are made."""

import csv
import html as html_text
import io
import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from sarcoma_review.errors import PresentationError, RegistryError
from sarcoma_review.meeting import (
    Action,
    AddAction,
    AddCase,
    AddLearningPoint,
    AgendaItem,
    CorrectDecision,
    DecisionText,
    NoteMissing,
    OpenCase,
)
from sarcoma_review.present.minutes import FOR_LEARNING, Minutes, minutes_of, read_minutes
from sarcoma_review.present.minutes_write import actions_csv, minutes_html, minutes_pdf, write_minutes
from sarcoma_review.privacy.text import PURPOSE
from sarcoma_review.registry import CaseOpened, Execution, PathwaySeen, Registry, keep_decisions
from sarcoma_review.registry.migrations.triggers import allow_changes
from tests.conftest import require
from tests.meeting.acts import ASK, MEMBERS, journalled, until, vote

START = datetime(2026, 11, 22, 18, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script> #import "x": * $x^2$ *bold* _it_ @ref \\ {{ 7*7 }} ]]> <!-- &lt;'
SEEN = PathwaySeen(
    pathway="lsesn-spinal-2024", document_version="2", on_date=date(2026, 11, 1), statuses=(("L04", "not_recorded"),)
)
AMENDED = DecisionText(modality="surgery", decision="resection and proton therapy", agreement="consensus")
Steps = list[tuple[str, Action]]


class Clock:
    """One second later each time."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def kept(stage: str = "signed", more: Steps | None = None) -> Registry:
    """A registry with a meeting up to a stage, and what is done after it."""
    registry = Registry.open(":memory:", clock=Clock())
    registry.append("case-1", CaseOpened(question="?"))
    registry.append("case-1", SEEN)
    registry.append_all("meeting-1", journalled([*until(stage), *(more or [])]))
    return registry


def read(stage: str = "signed", more: Steps | None = None) -> Minutes:
    return read_minutes(kept(stage, more), "meeting-1")


def words(html: str) -> str:
    """What a reader sees of a page."""
    body = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    return " ".join(html_text.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def pdf_words(made: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages).split())


def test_the_same_journal_makes_the_same_bytes() -> None:
    first, again = read(), read()
    assert minutes_html(first) == minutes_html(again)
    assert minutes_pdf(first) == minutes_pdf(again)
    assert actions_csv(first) == actions_csv(again)


def test_minutes_hold_the_meeting_its_decisions_and_their_level() -> None:
    seen = words(minutes_html(read()))
    for said in (
        "Network meeting",
        "2026-11-22",
        "virtual (0 in the room, 5 from afar)",
        "4: AA, BB, CC, DD",
        "5: 1 chair, 2 members, 1 observer, 1 presenter",
        "Is en bloc resection possible?",
        "Information missing biopsy report",
        "Decision 1: surgery en bloc resection Level of agreement majority Dissent not recorded",
        "imaging MR of the whole bone radiologist not recorded",
        "case-2 Which reconstruction? 10 not discussed",
        "L04 not recorded",
    ):
        assert said in seen


def test_pdf_and_page_say_the_same_and_both_say_what_they_are_for() -> None:
    minutes = read()
    page, sheet = words(minutes_html(minutes)), pdf_words(minutes_pdf(minutes))
    for said in (PURPOSE, FOR_LEARNING, "Level of agreement", "MR of the whole bone", minutes.head[:20]):
        assert said in page
        assert said.replace(" ", "") in sheet.replace(" ", "").replace("\u200b", "")


def test_nobody_is_named_not_even_by_a_pseudonym() -> None:
    minutes = read()
    for made in (words(minutes_html(minutes)), pdf_words(minutes_pdf(minutes)), actions_csv(minutes)):
        assert not {member.id for member in MEMBERS} - {"chair"} & set(re.findall(r"[\w-]+", made))


def test_a_split_is_shown_with_its_share_and_the_change_of_opinion() -> None:
    seen = words(minutes_html(read()))
    assert "yes 2 2 not recorded no 1 1 not recorded 3 of 4 voted." in seen
    assert "With the commonest option: 2 of 3 (67 %, 95 % interval 21 to 94 %)." in seen
    assert "First round then: yes then: no yes 2 0 no 1 0" in seen


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ([("m1", vote("yes")), ("m2", vote("no")), *until("revealed")[-2:]], "2 of 4 voted. Fewer than 3 votes"),
        ([("m1", vote("yes"))], "1 of 4 voted. Never revealed"),
    ],
)
def test_a_split_of_few_votes_or_before_its_reveal_is_not_shown(more: Steps, why: str) -> None:
    seen = words(minutes_html(read("ballot", more)))
    assert f"{why}: the split is not shown." in seen
    assert "Confidence" not in seen


def test_hostile_text_is_set_as_it_is_and_nothing_of_it_runs() -> None:
    more: Steps = [("chair", NoteMissing(text=HOSTILE)), ("chair", AddLearningPoint(text=HOSTILE))]
    minutes = read("decided", more)
    page = minutes_html(minutes)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert HOSTILE.replace(" ", "") in pdf_words(minutes_pdf(minutes)).replace(" ", "").replace("\u200b", "")


def test_the_page_may_ask_for_nothing_and_its_style_is_known_by_its_hash() -> None:
    page = minutes_html(read())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'", policy[1]
    )
    assert not re.search(r"(?:src|href|url)\s*[=(]|style=|javascript", page)


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "==cmd|' /C calc'!A0"])
def test_no_cell_of_the_actions_is_a_formula(start: str) -> None:
    action = AddAction.model_construct(system=start, action=f"  {start}", owner_role="=r", review_on=None, number=1)
    minutes = read("decided")
    case = minutes.meeting.cases["case-1"]
    hostile = Minutes("meeting-1", minutes.meeting.with_case(type(case)(case.item, actions=(action,))), minutes.head)
    (row,) = csv.DictReader(io.StringIO(actions_csv(hostile)))
    assert {row[name][0] for name in ("system", "action", "owner role")} == {"'"}
    assert (row["case"], row["decision"], row["modality"]) == ("case-1", "1", "surgery")


def test_the_head_of_the_chain_and_a_whole_journal_are_printed() -> None:
    registry = kept()
    minutes = read_minutes(registry, "meeting-1")
    seen = words(minutes_html(minutes))
    assert registry.history("meeting-1")[-1].hash in seen
    assert f"{registry.checkpoint().chain} at entry {registry.checkpoint().sequence}" in seen
    assert "every hash fits" in seen


def test_a_journal_that_was_changed_says_so_in_the_minutes() -> None:
    registry = kept()
    with registry._writing() as connection:
        allow_changes(connection, "journal")
        connection.execute(text("UPDATE journal SET body = replace(body, 'majority', 'consensus')"))
    seen = words(minutes_html(read_minutes(registry, "meeting-1")))
    assert "case meeting-1, version" in seen
    assert "does not fit the entry before it" in seen
    assert "every hash fits" not in seen


def test_minutes_that_are_not_signed_are_a_draft() -> None:
    draft, signed = words(minutes_html(read("decided"))), words(minutes_html(read()))
    assert "Draft: not signed" in draft
    assert "Draft" not in signed
    assert "by the chair, 2026-11-22 18:30 UTC" in signed


def test_a_corrected_decision_shows_what_it_read_before_and_why() -> None:
    amended: Steps = [("chair", CorrectDecision(number=1, reason="misheard", decision=AMENDED))]
    seen = words(minutes_html(read("signed", amended)))
    assert "Decision 1: surgery resection and proton therapy" in seen
    assert "Decision 1 was corrected (misheard). It read: surgery: en bloc resection" in seen


def test_whether_a_decision_was_carried_out_comes_from_its_case() -> None:
    registry = kept()
    (version,) = keep_decisions(registry, "meeting-1").written["case-1"]
    done = Execution(decision_version=version, carried_out="partly", reason="patient choice")
    registry.append("case-1", done)
    assert "Carried out partly; patient choice" in words(minutes_html(read_minutes(registry, "meeting-1")))


def test_what_a_pathway_said_after_the_meeting_is_not_in_its_minutes() -> None:
    registry = kept()
    registry.append("case-1", SEEN.model_copy(update={"document_version": "3"}))
    seen = words(minutes_html(read_minutes(registry, "meeting-1")))
    assert "lsesn-spinal-2024, version 2" in seen
    assert "version 3" not in seen


def test_agreement_over_cases_is_given_with_its_interval_or_not_at_all() -> None:
    def asked(n: int) -> Steps:
        ask = ASK.model_copy(update={"ballot_id": f"x{n}"})
        votes: Steps = [(who, vote("yes" if n % 2 else "no", f"x{n}")) for who in ("m1", "m2", "pres")]
        ends: Steps = [(by, each.model_copy(update={"ballot_id": f"x{n}"})) for by, each in until("revealed")[-2:]]
        return [("chair", OpenCase(case_id=f"case-{n}")), ("chair", ask), *votes, *ends]

    two = asked(2)
    assert "blind 2 nominal not given: 2 cases are too few" in words(minutes_html(read("revealed", two)))
    four: Steps = [("chair", AddCase(item=AgendaItem(case_id=f"case-{n}", question="?"))) for n in (3, 4)]
    seen = words(minutes_html(read("revealed", [*two, *four, *asked(3), *asked(4)])))
    assert re.search(r"blind 4 nominal 0\.\d\d \(-?0\.\d\d to 1\.00\), ", seen)


@pytest.mark.servers
def test_letters_are_in_the_pdf_and_it_is_tagged() -> None:
    require(shutil.which("pdffonts") is not None, "poppler-utils (make test-servers)")
    made = minutes_pdf(read())
    listed = subprocess.run(["pdffonts", "-"], input=made, capture_output=True, check=True).stdout.decode()
    fonts = listed.splitlines()[2:]
    assert fonts
    assert all(re.search(r"\byes yes yes\b", font) for font in fonts)  # embedded, a subset, with its letters' meaning
    assert "'/Marked': True" in str(PdfReader(io.BytesIO(made)).root_object["/MarkInfo"])


@pytest.mark.parametrize("ending", [".html", ".pdf", ".csv"])
def test_minutes_are_written_by_their_ending_and_replaced_whole(ending: str, tmp_path: Path) -> None:
    place = tmp_path / f"minutes{ending}"
    place.write_text("old")
    assert write_minutes(read(), place) == place
    assert [each.name for each in tmp_path.iterdir()] == [place.name]
    assert place.stat().st_size > 100


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PresentationError, match=r"minutes are written as \.html, \.pdf, \.csv, found '\.docx'"):
        write_minutes(read(), tmp_path / "minutes.docx")
    with pytest.raises(PresentationError, match="the folder for the minutes does not exist"):
        write_minutes(read(), tmp_path / "none" / "minutes.html")


def test_a_history_of_a_case_makes_no_minutes() -> None:
    registry = kept()
    with pytest.raises(RegistryError, match="minutes are made of the history of a meeting"):
        minutes_of(registry.history("case-1"), meeting_id="case-1")
    with pytest.raises(RegistryError, match="minutes are made of the history of a meeting"):
        minutes_of([], meeting_id="meeting-1")


def test_the_value_tells_its_size_and_nobody() -> None:
    assert repr(read()) == "<Minutes, 2 case(s), 1 decision(s)>"
