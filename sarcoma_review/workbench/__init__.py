"""The workbench: the whole work on a case in one widget of tabs."""

from sarcoma_review.workbench.bench import Workbench, review

__all__ = ["Workbench", "review"]
