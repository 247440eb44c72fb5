"""What stands for a widget where no kernel runs: the same words as still HTML, for a stored notebook."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from sarcoma_review.present import PURPOSE

Bundle = tuple[dict[str, Any], dict[str, Any]] | None


def with_html(bundle: Bundle, html: str) -> Bundle:
    """A widget's display data with a still page added."""
    return None if bundle is None else ({**bundle[0], "text/html": html}, bundle[1])


def page(title: str, *parts: str) -> str:
    """A still page with its purpose below."""
    return f"<section><h4>{escape(title)}</h4>{''.join(parts)}<p><small>{escape(PURPOSE)}</small></p></section>"


def paragraph(text: str) -> str:
    """One paragraph, or nothing for an empty text."""
    return f"<p>{escape(text)}</p>" if text else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
