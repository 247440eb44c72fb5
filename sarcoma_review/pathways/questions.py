"""The questions of one or several documents as one list, each asked once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sarcoma_review.pathways.condition import MisplacedError, Value
from sarcoma_review.pathways.evaluate import RuleResult, evaluate, next_facts
from sarcoma_review.pathways.model import Fact, Pathway


@dataclass(frozen=True)
class Question:
    """One question, for every document that asks it.

    Parameters
    ----------
    key : str
        Name of the fact; ``document:name`` where documents use one name for different choices.
    fact : Fact
        In the words of the first document that asks it.
    asked_by : tuple of str
        Ids of the documents.
    """

    key: str
    fact: Fact
    asked_by: tuple[str, ...]


class Questions:
    """The questions of some documents, and what follows from the answers.

    Parameters
    ----------
    pathways : sequence of Pathway
        A yes-or-no question, or one with the same choices or unit, that several documents ask by one name is one
        question; otherwise each document asks its own.

    Raises
    ------
    PathwayError
        If there is no document, or one twice.

    Examples
    --------
    >>> from sarcoma_review.pathways import load_pathway
    >>> names = ("lsesn-spinal-2024", "separation-surgery")
    >>> questions = Questions([load_pathway(name) for name in names])
    >>> [key for key in questions.by_key if key.endswith("site")]
    ['lsesn-spinal-2024:site', 'separation-surgery:site']
    >>> questions.facts_for("separation-surgery", {"separation-surgery:site": "spine", "adult": True})
    {'site': 'spine'}
    """

    def __init__(self, pathways: Sequence[Pathway]) -> None:
        ids = [pathway.id for pathway in pathways]
        if not ids or len(set(ids)) < len(ids):
            raise MisplacedError(f"questions: expected one or more different documents, found {ids or 'none'}")
        self.pathways = tuple(pathways)
        self._keys = {pathway.id: {name: self._key(pathway, name) for name in pathway.facts} for pathway in pathways}
        self.by_key: Mapping[str, Question] = self._collected()

    def _key(self, pathway: Pathway, name: str) -> str:
        shapes = {(p.facts[name].values, p.facts[name].unit) for p in self.pathways if name in p.facts}
        return name if len(shapes) == 1 else f"{pathway.id}:{name}"

    def _collected(self) -> dict[str, Question]:
        found: dict[str, Question] = {}
        for pathway in self.pathways:
            for name, key in self._keys[pathway.id].items():
                before = found.get(key, Question(key, pathway.facts[name], ()))
                found[key] = replace(before, asked_by=(*before.asked_by, pathway.id))
        return found

    def key(self, pathway_id: str, fact: str) -> str:
        """The key of a document's fact."""
        return self._keys[pathway_id][fact]

    def pathway(self, pathway_id: str) -> Pathway:
        """The document of an id."""
        return next(pathway for pathway in self.pathways if pathway.id == pathway_id)

    def check(self, key: str, value: Value) -> None:
        """Refuse an answer that its question cannot have; None, not recorded, it always can.

        Raises
        ------
        PathwayError
            If there is no such question, or its fact cannot have the value.
        """
        if key not in self.by_key:
            raise MisplacedError(f"no question has the key {key!r} here", key)
        self.by_key[key].fact.check(value)

    def facts_for(self, pathway_id: str, answers: Mapping[str, Value]) -> dict[str, Value]:
        """The recorded answers under the names that one document gives them."""
        named = {name: answers.get(key) for name, key in self._keys[pathway_id].items()}
        return {name: value for name, value in named.items() if value is not None}

    def keyed(self, pathway_id: str, facts: Mapping[str, Value]) -> dict[str, Value]:
        """The facts of one document under their keys here."""
        return {self._keys[pathway_id][name]: value for name, value in facts.items()}

    def results(self, answers: Mapping[str, Value], *, on: date) -> dict[str, list[RuleResult]]:
        """What each document says, by its id."""
        return {p.id: evaluate(p, self.facts_for(p.id, answers), on=on) for p in self.pathways}

    def waiting(self, results: Mapping[str, Iterable[RuleResult]]) -> dict[str, tuple[str, ...]]:
        """For each open question the rules that wait for it; the questions that settle most come first."""
        keyed = [
            replace(result, needs=tuple(self._keys[name][fact] for fact in result.needs))
            for name, some in results.items()
            for result in some
        ]
        return {key: tuple(result.rule_id for result in keyed if key in result.needs) for key in next_facts(keyed)}
