"""Pathways: what the documents of a network ask for, tied to the facts of a case."""

from sarcoma_review.pathways.evaluate import RuleResult, Status, evaluate, next_facts
from sarcoma_review.pathways.library import load_pathway, pathway_text, pathways
from sarcoma_review.pathways.model import Fact, Pathway, Rule
from sarcoma_review.pathways.parse import read_pathway

__all__ = [
    "Fact",
    "Pathway",
    "Rule",
    "RuleResult",
    "Status",
    "evaluate",
    "load_pathway",
    "next_facts",
    "pathway_text",
    "pathways",
    "read_pathway",
]
