"""Notebook widgets: screens that are handed objects, and fetch nothing."""

from sarcoma_review.widgets.viewer import Viewer

__all__ = ["Viewer"]
