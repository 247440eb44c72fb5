"""Notebook widgets: screens that are handed objects, and fetch nothing."""

from sarcoma_review.widgets.outliner import Outliner
from sarcoma_review.widgets.planner import MarginPlanner
from sarcoma_review.widgets.study_browser import StudyBrowser
from sarcoma_review.widgets.viewer import Viewer

__all__ = ["MarginPlanner", "Outliner", "StudyBrowser", "Viewer"]
