"""Pathways: what the documents of a network ask for, tied to the facts of a case."""

from sarcoma_review.pathways.evaluate import RuleResult, Status, evaluate
from sarcoma_review.pathways.library import load_pathway, pathways
from sarcoma_review.pathways.model import Fact, Pathway, Rule

__all__ = ["Fact", "Pathway", "Rule", "RuleResult", "Status", "evaluate", "load_pathway", "pathways"]
