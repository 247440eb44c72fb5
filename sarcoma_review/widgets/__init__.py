"""Notebook widgets: screens that are handed objects, and fetch nothing."""

from sarcoma_review.widgets.case_form import CaseForm
from sarcoma_review.widgets.dashboard import Dashboard
from sarcoma_review.widgets.meeting_board import MeetingBoard
from sarcoma_review.widgets.outcome_tracker import OutcomeTracker
from sarcoma_review.widgets.outliner import Outliner
from sarcoma_review.widgets.pathway_panel import PathwayPanel, link
from sarcoma_review.widgets.planner import MarginPlanner
from sarcoma_review.widgets.privacy_panel import PrivacyPanel
from sarcoma_review.widgets.saving import reported, seg_saver
from sarcoma_review.widgets.study_browser import StudyBrowser
from sarcoma_review.widgets.viewer import Viewer
from sarcoma_review.widgets.zone_picture import ZonePicture, pelvic_zones, wbb_clock

__all__ = [
    "CaseForm",
    "Dashboard",
    "MarginPlanner",
    "MeetingBoard",
    "OutcomeTracker",
    "Outliner",
    "PathwayPanel",
    "PrivacyPanel",
    "StudyBrowser",
    "Viewer",
    "ZonePicture",
    "link",
    "pelvic_zones",
    "reported",
    "seg_saver",
    "wbb_clock",
]
