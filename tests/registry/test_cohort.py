import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from sarcoma_review.errors import RegistryError
from sarcoma_review.outcomes import ENDPOINTS, cumulative_incidence, schedules
from sarcoma_review.outcomes.endpoints import Precision
from sarcoma_review.registry import (
    AchievedMargin,
    Action,
    CaseOpened,
    Consent,
    Decision,
    Diagnosis,
    Event,
    Execution,
    FollowUpSeen,
    MarginPlan,
    Operation,
    Outcome,
    Override,
    PlannedMargin,
    Registry,
    Treatment,
)
from sarcoma_review.registry.checks import check_case
from sarcoma_review.registry.cohort import (
    check_registry,
    cohort,
    concordance,
    margin_pairs,
    overdue,
    volumes_by_centre,
)
from sarcoma_review.registry.consent import Use, refused
from sarcoma_review.registry.redcap import data, dictionary
from sarcoma_review.registry.release import release, require_listing
from sarcoma_review.registry.report import centre_report, curve_report

CUT = date(2030, 1, 1)


def opened(centre: str = "AB") -> CaseOpened:
    return CaseOpened(question="?", centre=centre)


def operated(*ymd: int) -> Operation:
    return Operation(procedure="resection", reconstruction="endoprosthesis", on_date=date(*ymd))


def known_to(precision: Precision, *ymd: int) -> Operation:
    return operated(*ymd).model_copy(update={"precision": precision})


def outcome(type_: str, year: int, month: int, day: int, precision: Precision = "day") -> Outcome:
    return Outcome.model_validate({"type": type_, "on_date": date(year, month, day), "precision": precision})


def diagnosed(precision: Precision, *ymd: int) -> Diagnosis:
    return Diagnosis(entity="osteosarcoma", on_date=date(*ymd), precision=precision)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = Registry.open(tmp_path / "cases.sqlite")
    yield made
    made.close()


def write(registry: Registry, case_id: str, *events: Event) -> None:
    for event in (opened(), *events) if not isinstance(events[0], CaseOpened) else events:
        registry.append(case_id, event)


def test_times_run_from_the_operation_and_whoever_has_none_is_listed_with_the_reason(registry: Registry) -> None:
    write(registry, "a", operated(2026, 1, 1), Outcome(type="local_recurrence", on_date=date(2026, 1, 31)))
    write(registry, "b", opened("CD"), operated(2026, 1, 1), Outcome(type="death", on_date=date(2026, 1, 11)))
    write(
        registry,
        "c",
        operated(2026, 1, 1),
        Outcome(type="metastasis", on_date=date(2027, 1, 1), certainty="possible"),
    )
    write(registry, "d", Outcome(type="last_contact", on_date=date(2026, 1, 1)))
    write(registry, "e", operated(2026, 1, 1), Consent(given=False, scope="audit", on_date=date(2026, 5, 1)))
    found = cohort(registry, ENDPOINTS["local_recurrence"], as_of=CUT)
    assert (found.case_ids, found.durations, found.causes) == (("a", "b", "c"), (30, 10, 0), (1, 2, 0))
    assert found.groups == ("AB", "CD", "AB")
    assert found.left_out == (("d", "local_recurrence runs from the operation; none is recorded by the data cut"),)
    assert cumulative_incidence(found.durations, found.causes)[1].at(30) == pytest.approx(0.5)


def test_a_deep_infection_is_told_from_a_superficial_one(registry: Registry) -> None:
    for case, depth in (("a", "superficial"), ("b", "deep")):
        infection = {"type": "wound_infection", "depth": depth, "on_date": date(2026, 2, 1)}
        write(registry, case, operated(2026, 1, 1), Outcome.model_validate(infection))
    assert cohort(registry, ENDPOINTS["infection"], as_of=CUT).causes == (0, 1)
    assert cohort(registry, ENDPOINTS["wound_infection"], as_of=CUT).causes == (1, 1)


def test_decisions_stand_beside_what_was_done_and_silence_is_not_no(registry: Registry) -> None:
    decided = Decision(modality="surgery", decision="resection")
    write(registry, "a", decided, decided, Execution(decision_version=2, carried_out="no", reason="patient declined"))
    assert concordance(registry) == {"surgery": {"no": 1, "not recorded": 1}}
    with pytest.raises(ValueError, match="a decision carried out: no needs its reason"):
        Execution(decision_version=2, carried_out="no")


def test_planned_margins_stand_beside_the_achieved_ones(registry: Registry) -> None:
    plane = PlannedMargin(name="a", point_mm=(0, 0, 0), normal=(0, 0, 1), kerf_mm=1, margin_mm=9, interval_mm=(8, 10))
    plan = MarginPlan(segment="tumour", planes=(plane,), minimum_mm=9, interval_mm=(8, 10))
    done = {"interval_mm": (5.0, 7.0), "margin_mm": 6.0, "method": "ct", "on_date": date(2026, 3, 1)}
    achieved = [AchievedMargin.model_validate({"plane": name, **done}) for name in ("a", "z")]
    write(registry, "a", plan, *achieved)
    pairs = margin_pairs(registry)
    assert [(pair.plane, pair.planned_mm, pair.achieved_mm, pair.on_date) for pair in pairs] == [
        ("a", 9.0, 6.0, date(2026, 3, 1))
    ]
    assert [finding.rule for finding in check_registry(registry, on=CUT)] == ["no planned plane"]


def test_a_refusal_is_of_the_use_it_names_and_a_later_word_about_another_does_not_lift_it(registry: Registry) -> None:
    words: list[tuple[Use, bool]] = [("sharing", False), ("audit", True), ("peer_learning", False)]
    write(registry, "a", *[Consent(given=yes, scope=use, on_date=date(2026, 1, 1)) for use, yes in words])
    uses: list[Use] = ["sharing", "audit", "peer_learning"]
    assert [refused(registry, use) for use in uses] == [{"a"}, set(), {"a"}]
    registry.append("a", Consent(given=True, scope="sharing", on_date=date(2026, 2, 1)))
    registry.append("a", Consent(given=False, scope="audit", on_date=date(2026, 2, 1)))
    assert [refused(registry, use) for use in uses] == [set(), {"a"}, {"a"}]


def test_who_refused_a_meeting_or_sharing_is_still_counted_and_only_the_first_is_in_a_file(
    registry: Registry,
) -> None:
    for case_id, use in (("a", "peer_learning"), ("b", "sharing"), ("c", "audit")):
        no = Consent.model_validate({"given": False, "scope": use, "on_date": date(2026, 1, 1)})
        write(registry, case_id, operated(2026, 1, 1), Decision(modality="surgery", decision="x"), no)
    assert cohort(registry, ENDPOINTS["local_recurrence"], as_of=CUT).case_ids == ("a", "b")
    assert concordance(registry) == {"surgery": {"not recorded": 2}}
    assert {line.split(",")[0] for line in data(registry).splitlines()[1:]} == {"a"}


def test_volumes_count_first_operations_by_centre_and_year(registry: Registry) -> None:
    write(registry, "a", operated(2026, 1, 1), operated(2027, 1, 1))
    write(registry, "b", opened("CD"), operated(2026, 5, 1))
    assert volumes_by_centre(registry) == {"AB": {2026: 1}, "CD": {2026: 1}}


def test_follow_up_is_overdue_until_seen_and_ends_with_death(registry: Registry) -> None:
    seen = [FollowUpSeen(on_date=date(2026, month, 1)) for month in (4, 7, 10)]
    write(registry, "a", operated(2026, 1, 1), *seen)
    write(registry, "b", operated(2026, 1, 1), *seen[:1])
    write(registry, "c", operated(2026, 1, 1), Outcome(type="death", on_date=date(2026, 2, 1)))
    assert overdue(registry, schedules()["esmo-older-edition"], on=date(2026, 12, 1)) == {"a": 0, "b": 2}


@pytest.mark.parametrize(
    ("events", "rules"),
    [
        ([Outcome(type="local_recurrence", on_date=date(2026, 1, 1))], ["no operation"]),
        (
            [operated(2026, 2, 1), Outcome(type="local_recurrence", on_date=date(2026, 1, 1))],
            ["event before operation"],
        ),
        ([Outcome(type="death", on_date=date(2026, 1, 1)), operated(2026, 2, 1)], ["event after death"]),
        ([Outcome(type="death", on_date=date(2031, 1, 1))], ["date in the future"]),
        (
            [Operation(procedure="resection", on_date=date(2026, 1, 1)), Outcome(type="loosening", on_date=CUT)],
            ["no reconstruction"],
        ),
        (
            [Treatment(modality="chemotherapy", on_date=date(2026, 2, 1), ended=date(2026, 1, 1))],
            ["end before start"],
        ),
        (
            [operated(2026, 1, 1), Outcome(type="wound_infection", on_date=date(2026, 2, 1))],
            ["depth not recorded"],
        ),
        (
            [
                Decision(
                    modality="surgery",
                    decision="x",
                    actions=(Action(text="MR", owner_role="radiologist", due=date(2026, 1, 1)),),
                )
            ],
            ["action past its day", "not recorded whether carried out"],
        ),
        ([operated(2026, 1, 1), Outcome(type="local_recurrence", on_date=date(2027, 1, 1))], []),
        # What is known to the month or the year is a finding only where no day of it would fit.
        ([known_to("month", 2026, 2, 15), outcome("local_recurrence", 2026, 2, 3)], []),
        ([known_to("month", 2026, 2, 15), outcome("local_recurrence", 2026, 1, 31)], ["event before operation"]),
        ([known_to("year", 2026, 7, 1), outcome("death", 2026, 3, 3)], []),
        ([outcome("death", 2026, 3, 3), known_to("month", 2026, 4, 1)], ["event after death"]),
        ([outcome("death", 2026, 6, 15, "month"), operated(2026, 6, 20)], []),
        ([outcome("death", 2026, 6, 15, "month"), operated(2026, 7, 1)], ["event after death"]),
        ([diagnosed("month", 2026, 5, 31), operated(2026, 5, 2)], []),
        ([diagnosed("month", 2026, 5, 1), operated(2026, 4, 30)], ["event before diagnosis"]),
        ([outcome("last_contact", 2030, 1, 31, "month")], []),
        ([outcome("last_contact", 2030, 2, 1, "month")], ["date in the future"]),
        (
            [
                Treatment(
                    modality="chemotherapy", on_date=date(2026, 2, 15), ended=date(2026, 2, 1), precision="month"
                )
            ],
            [],
        ),
    ],
)
def test_what_cannot_be_or_is_missing_is_a_finding(registry: Registry, events: list[Event], rules: list[str]) -> None:
    write(registry, "a", *events)
    found = check_registry(registry, on=CUT)
    assert [finding.rule for finding in found] == rules
    assert found == check_case(registry.case("a"), on=CUT)


def test_a_field_that_belongs_to_another_outcome_is_refused() -> None:
    with pytest.raises(ValueError, match="depth belongs to wound_infection, not to death"):
        Outcome(type="death", on_date=CUT, depth="deep")


def test_a_table_leaves_suppressed_and_no_later_one_gives_a_few_people_away(registry: Registry) -> None:
    assert release(registry, "recurrences", {"AB": 20, "CD": 3}, role="audit lead") == {"AB": 20, "CD": "*"}
    assert release(registry, "recurrences", {"AB": 20, "CD": 3}, role="audit lead") == {"AB": 20, "CD": "*"}
    with pytest.raises(RegistryError, match="differs from this one by 1 to 4 people in a cell"):
        release(registry, "recurrences, a year on", {"AB": 23, "CD": 3}, role="audit lead")
    assert release(registry, "recurrences, two years on", {"AB": 27, "CD": 9}, role="audit lead") == {
        "AB": 25,
        "CD": 10,
    }


@pytest.mark.parametrize(
    "later", [{"CD": 13, "AB": 40}, {"AB": 40, "CD": 13, "EF": 30}, {"CD": 13}, {"AB": 44, "CD": 12}]
)
def test_another_order_or_another_row_hides_no_difference(registry: Registry, later: dict[str, int]) -> None:
    release(registry, "recurrences", {"AB": 40, "CD": 12}, role="audit lead", rule="lp")
    with pytest.raises(RegistryError, match="differs from this one by 1 to 4 people in a cell"):
        release(registry, "recurrences, again", later, role="audit lead", rule="lp")


def test_fewer_than_five_cannot_be_asked_for() -> None:
    with pytest.raises(RegistryError, match=r"2 case\(s\) share a combination of facts, at least 5 are needed"):
        require_listing([("femur",)] * 2, k=1)


def test_a_listing_of_fewer_than_five_alike_needs_a_named_override() -> None:
    rows = [("femur", "high")] * 4
    with pytest.raises(RegistryError, match=r"4 case\(s\) share a combination of facts, at least 5 are needed"):
        require_listing(rows)
    require_listing(rows, override=Override(rule="k5", role="lead", reason="agreed with the patients' group"))


def test_redcap_gets_eighteen_columns_and_codes_that_match_the_data(registry: Registry) -> None:
    lines = dictionary().splitlines()
    assert len(lines[0].split(",")) == 18
    depth = next(line for line in lines if line.startswith("outcome_depth,"))
    assert "deep, deep" in depth
    infection = Outcome(type="wound_infection", depth="deep", on_date=date(2026, 2, 1))
    write(registry, "a", operated(2026, 1, 1), infection)
    head, first, second = data(registry).splitlines()
    assert first.startswith("a,operation,1,")
    row = dict(zip(head.split(","), second.split(","), strict=True))
    assert (row["outcome_depth"], row["outcome_on_date"]) == ("deep", "2026-02-01")
    assert {name for name in row if name.startswith("outcome_")} == {
        line.split(",")[0] for line in lines if line.startswith("outcome_")
    }


def test_reports_give_risk_with_numbers_at_risk_and_no_p_for_few_events(registry: Registry) -> None:
    for k in range(12):
        write(registry, f"a{k}", operated(2020, 1, 1), Outcome(type="last_contact", on_date=date(2026, 1, 1)))
    write(
        registry, "b", opened("CD"), operated(2020, 1, 1), Outcome(type="local_recurrence", on_date=date(2020, 7, 1))
    )
    _, lines = curve_report(registry, "local_recurrence", as_of=CUT)
    assert "13 cases, 1 events; competing: death, amputation" in lines[0]
    assert lines[1].startswith("median follow-up 6.0 years (95 % interval ")
    assert lines[2].startswith(" 1 y: 7.7% ")
    assert re.search(r"the risk if nobody died first: 7\.7% \(1\.1% to 4\d\.\d%\)$", lines[2])
    assert "12 at risk" in lines[2]
    assert lines[5].startswith("10 y: not known; 0 at risk")
    assert "too few to test" in lines[6]
    points, text = centre_report(
        registry, "local_recurrence", as_of=CUT, benchmark=0.1, source="made up", within_days=730
    )
    assert [(point["centre"], point["events"], point["people"]) for point in points] == [("AB", 0, 12), ("CD", 1, 1)]
    assert "not a ranking" in text[-1]
    with pytest.raises(RegistryError, match="no such endpoint; there are amputation"):
        curve_report(registry, "nothing", as_of=CUT)
