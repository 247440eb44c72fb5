"""Presenting: a case as a value, its figures, and the deck made of it."""

from sarcoma_review.present.afterwards import Afterwards, Event, LearningPoint
from sarcoma_review.present.case import Case, Option, Pathology
from sarcoma_review.present.figures import KeyImage, key_images, slice_image
from sarcoma_review.present.thumbnail import thumbnail
from sarcoma_review.present.video import scroll_video
from sarcoma_review.present.write import write
from sarcoma_review.privacy.text import PURPOSE

__all__ = [
    "PURPOSE",
    "Afterwards",
    "Case",
    "Event",
    "KeyImage",
    "LearningPoint",
    "Option",
    "Pathology",
    "key_images",
    "scroll_video",
    "slice_image",
    "thumbnail",
    "write",
]
