import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways import pathway_text, read_pathway
from sarcoma_review.pathways.lint import lint

TEXT = """\
id = "ours"
title = "t"
version = "1"
issued_by = "n"
source = "s"
approved = 2024-01-01
review_due = "not stated"
covers = "always"

[facts.adult]
question = "Adult?"
[facts.site]
question = "Where?"
values = ["spine", "limb"]

# The word site in a comment is not a line of a rule.
[[rules]]
id = "R1"
level = "must"
statement = "s"
when = { fact = "adult", is = true }
satisfied = { all = [
  { fact = "site", is = "spine" },
  { fact = "adult", is = true },
] }
citation = "1"

[[rules]]
id = "R2"
level = "must"
statement = "s"
when = "always"
satisfied = { fact = "site", is = "limb" }
citation = "2"
[[rules.exceptions]]
when = { fact = "adult", is = false }
reason = "r"
"""


def test_the_example_is_read() -> None:
    assert [rule.id for rule in read_pathway(TEXT).rules] == ["R1", "R2"]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('version = "1"', 'version = "1"\ncolour = "red"', 4, "ours: unknown key colour"),
        ('question = "Where?"', 'question = "Where?"\nask = true', 14, "fact site: unknown key ask"),
        ('{ fact = "site", is = "spine" }', '{ fact = "place", is = "spine" }', 23, "rule R1: no such fact: place"),
        ('{ fact = "site", is = "spine" }', '{ fact = "site", was = "spine" }', 23, "rule R1: a condition is all"),
        (
            '{ fact = "site", is = "spine" }',
            '{ fact = "site", is = "leg" }',
            23,
            'site is "spine", "limb"; found .leg.',
        ),
        (
            'when = { fact = "adult", is = true }',
            'when = { fact = "adult", is = "yes" }',
            21,
            "adult is true or false",
        ),
        ('when = { fact = "adult", is = true }', 'when = { fact = ["adult"], is = true }', 21, "name of one fact"),
        ('when = { fact = "adult", is = true }', 'when = { fact = "adult", is = [] }', 21, "is without a value"),
        ('when = { fact = "adult", is = true }', 'when = "adults"', 21, 'a condition is "always" or stands in { }'),
        ('when = "always"', "when = 3", 32, 'a condition is "always" or stands in { }'),
        ('covers = "always"', 'covers = "all"', 8, 'a condition is "always" or stands in { }'),
        ('citation = "1"', 'citation = "1"\nexceptions = 5', 27, "exceptions are a list"),
        ('citation = "1"', 'citation = "1"\noverridden_by = "R1"', 27, "overridden_by points at the rule itself"),
        ('citation = "1"', 'citation = " "', 26, "rule R1: citation is empty"),
        ('question = "Where?"', 'question = ""', 13, "fact site: question is empty"),
        (
            'values = ["spine", "limb"]',
            'values = ["spine", "limb"]\nshown_as = { leg = "Leg" }',
            15,
            "shown_as is a table",
        ),
        ('citation = "2"', 'citation = "2"\ncomment = "c"', 35, "rule R2: unknown key comment"),
        ('citation = "2"', 'citation = "2"\noverridden_by = "R9"', 35, "points at a rule that is not there: R9"),
        ('{ fact = "adult", is = false }', '{ fact = "child", is = true }', 36, "rule R2: no such fact: child"),
        ('id = "R2"', 'id = "R1"', 18, "rule R1: two rules have this id"),
    ],
)
def test_a_fault_is_refused_with_its_line(old: str, new: str, line: int, message: str) -> None:
    text = TEXT.replace(old, new)
    with pytest.raises(PathwayError, match=f"ours.toml line {line}: .*{message}"):
        read_pathway(text, "ours.toml")
    assert (lint(text)[0].line, lint(text)[0].kind) == (line, "error")


@pytest.mark.parametrize("limit", ["nan", "inf", "true", '"3"'])
def test_a_limit_that_is_no_number_is_refused(limit: str) -> None:
    text = TEXT.replace("[facts.site]", '[facts.cases]\nquestion = "How many?"\nunit = "cases"\n[facts.site]')
    text = text.replace('when = "always"', f'when = {{ fact = "cases", at_least = {limit} }}')
    with pytest.raises(PathwayError, match=r"ours.toml line 35: rule R2: at_least takes a number"):
        read_pathway(text, "ours.toml")


def test_a_document_without_rules_and_an_empty_one_are_refused() -> None:
    head = TEXT.split("# The word")[0].replace('covers = "always"', 'covers = "always"\nrules = []')
    with pytest.raises(PathwayError, match=r"ours.toml line 9: ours: rules are tables, one \[\[rules\]\] or more"):
        read_pathway(head, "ours.toml")
    assert [finding.line for finding in lint("")] == [1]


def test_the_mark_that_an_editor_puts_first_and_its_line_ends_do_no_harm() -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n")
    assert [rule.id for rule in read_pathway(text).rules] == ["R1", "R2"]
    assert lint(text) == []


def test_conditions_nested_too_deep_are_refused() -> None:
    deep = f'covers = {"{not = " * 400}"always"{"}" * 400}\n'
    with pytest.raises(PathwayError, match=r"ours.toml: not TOML: conditions are nested too deep"):
        read_pathway(deep, "ours.toml")
    assert [finding.kind for finding in lint(deep)] == ["error"]


def test_a_review_due_before_the_approval_is_doubted() -> None:
    text = TEXT.replace('review_due = "not stated"', "review_due = 2023-12-31")
    assert [str(finding) for finding in lint(text)] == ["line 7: warning: review_due lies before approved"]


def test_a_value_is_shown_in_its_own_words_and_kept_as_it_is() -> None:
    text = TEXT.replace(
        'values = ["spine", "limb"]', 'values = ["spine", "limb"]\nshown_as = { limb = "Limb or girdle" }'
    )
    fact = read_pathway(text).facts["site"]
    assert [fact.words(value) for value in fact.values] == ["spine", "Limb or girdle"]
    fact.check("limb")


def test_circular_overrides_are_refused_with_the_line() -> None:
    text = TEXT.replace('citation = "1"', 'citation = "1"\noverridden_by = "R2"')
    text = text.replace('citation = "2"', 'citation = "2"\noverridden_by = "R1"')
    with pytest.raises(PathwayError, match=r"ours.toml line 27: rule R1: circular overrides"):
        read_pathway(text, "ours.toml")
    assert [finding.line for finding in lint(text)] == [27, 36]


def test_what_is_not_toml_is_refused_with_the_line() -> None:
    with pytest.raises(PathwayError, match=r"ours.toml: not TOML: .*line 2"):
        read_pathway('id = "a"\ntitle = \n', "ours.toml")
    assert lint('id = "a"\ntitle = \n')[0].line == 2


def test_the_shipped_documents_say_nothing_a_card_should_not_and_name_nobody() -> None:
    for name in (
        "lsesn-spinal-2024",
        "bone-sarcoma-network",
        "primary-bone-sequences",
        "bone-metastasis-surgery",
        "separation-surgery",
    ):
        assert lint(pathway_text(name)) == []


def test_lint_finds_what_a_writer_should_think_about() -> None:
    text = TEXT.replace('reason = "r"', 'reason = "Dr Example recommends it; ring 020 7946 0000, desk@example.org"')
    text = text.replace("[facts.site]", '[facts.weather]\nquestion = "Rain?"\n[facts.site]')
    text = text.replace('{ fact = "adult", is = true },', '{ not = { fact = "adult", is = true } },')
    found = {(finding.line, finding.kind, finding.message.split(";")[0]) for finding in lint(text)}
    assert found == {
        (12, "warning", "fact weather: no rule asks for it"),
        (23, "warning", "rule R1: no facts ever give met"),
        (39, "warning", "'recommends': say rather: the document asks, or says"),
        (39, "warning", "this looks like a person's name"),
        (39, "warning", "this looks like a telephone number"),
        (39, "warning", "this looks like an e-mail address"),
    }


def test_a_rule_over_too_many_facts_is_said_not_to_be_tried_out() -> None:
    facts = "".join(f'[facts.f{n}]\nquestion = "?"\n' for n in range(13))
    parts = ", ".join(f'{{ fact = "f{n}", is = true }}' for n in range(13))
    text = TEXT.replace("[facts.adult]", f"{facts}[facts.adult]")
    text = text.replace('satisfied = { fact = "site", is = "limb" }', f"satisfied = {{ all = [{parts}] }}")
    assert "rule R2: its 14 facts combine in 4782969 ways; 500000 at most are tried: not tried out" in str(lint(text))


def test_rules_written_without_headers_of_their_own_are_refused_with_the_line_of_the_word() -> None:
    head = TEXT.split("\n[facts.adult]")[0]
    text = f'{head}\nfacts = {{ adult = {{ question = "Adult?" }} }}\nrules = [\n'
    text += '  { id = "R1", level = "must", statement = "s", when = { fact = "child", is = true },'
    text += ' satisfied = { fact = "adult", is = true }, citation = "1" },\n]\n'
    with pytest.raises(PathwayError, match=r"ours line 12: rule R1: no such fact: child"):
        read_pathway(text, "ours")
