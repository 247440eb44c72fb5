"""Pieces drawn on a slide: native text and tables, and pictures with their words."""

import io
from typing import Any

from pptx.util import Inches

from sarcoma_review.present.pptx_flow import Box, Placed
from sarcoma_review.present.pptx_gallery import CAPTION_GAP_IN, CAPTION_PT, Gallery
from sarcoma_review.present.pptx_grid import Grid
from sarcoma_review.present.pptx_letters import describe, text_box, write
from sarcoma_review.present.pptx_table import draw_grid
from sarcoma_review.present.pptx_words import Paragraph, Words


def draw(slide: Any, placed: Placed) -> None:
    """Draw a piece at its place."""
    match placed.piece:
        case Words():
            _draw_words(slide, placed.piece, placed.box)
        case Grid():
            draw_grid(slide, placed.piece, placed.box)
        case Gallery():
            _draw_gallery(slide, placed.piece, placed.box)


def _draw_words(slide: Any, words: Words, box: Box) -> None:
    frame: Any = text_box(slide, box)
    for number, each in enumerate(words.paragraphs):
        write(frame.paragraphs[0] if number == 0 else frame.add_paragraph(), each)


def _draw_gallery(slide: Any, gallery: Gallery, box: Box) -> None:
    spots = gallery.places_in(box.width, box.height)
    for image, spot in zip(gallery.images, spots, strict=True):
        where = (box.left + spot.left, box.top + spot.top, spot.width, spot.height)
        picture = slide.shapes.add_picture(io.BytesIO(image.png), *(Inches(each) for each in where))
        describe(picture, image.alt)
        under = Paragraph(image.caption, CAPTION_PT)
        top = where[1] + spot.height + CAPTION_GAP_IN
        caption = Box(where[0], top, spot.column, under.height_in(spot.column))
        write(text_box(slide, caption).paragraphs[0], under)
