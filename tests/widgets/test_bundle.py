"""What ships to a page works offline and names nothing outside."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sarcoma_review"
STATIC = PACKAGE / "widgets" / "static"
ROOTS = {
    "viewer": "sr-viewer",
    "browser": "sr-browser",
    "caseform": "sr-caseform",
    "pathwaypanel": "sr-pathways",
    "privacypanel": "sr-privacy",
    "zones": "sr-zones",
    "dashboard": "sr-dashboard",
    "tracker": "sr-tracker",
    "meetingboard": "sr-meetings",
}
SHIPPED = [f"{name}.{kind}" for name in ROOTS for kind in ("js", "css")]
PAGES = ["present/static/deck.js", "present/static/deck.css", "room/static/page.js", "room/static/page.css"]


@pytest.mark.parametrize("name", [*(f"widgets/static/{name}" for name in SHIPPED), *PAGES])
def test_the_bundle_is_small_and_names_no_address(name: str) -> None:
    text = (PACKAGE / name).read_text(encoding="utf-8")
    assert len(text) < 120_000
    for address in ("://", "sourceMappingURL", str(ROOT), "import(", "@import", "url("):
        assert address not in text


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", ".npmrc"])
def test_the_pins_name_no_download_host(name: str) -> None:
    text = (ROOT / "js" / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert '"resolved"' not in text


def test_the_widget_says_what_it_is_for() -> None:
    text = (STATIC / "viewer.js").read_text(encoding="utf-8")
    assert "For education, peer learning and audit of de-identified cases. Not a medical device." in text
    assert not {"recommends", "safe margin", "compliant"} & set(text.lower().split())


def test_no_sheet_touches_the_parts_of_another_widget() -> None:
    """Several widgets stand on one page: what two sheets name is named below the widget's own root."""
    sheets = {name: (ROOT / "js" / f"{name}.css").read_text(encoding="utf-8") for name in ROOTS}
    named = {name: set(re.findall(r"\.sr-[a-z-]+", text)) for name, text in sheets.items()}
    for name, text in sheets.items():
        others = set().union(*(found for other, found in named.items() if other != name))
        for selector in ",".join(re.findall(r"([^{}@;]+)\{", text)).split(","):
            shared = others & set(re.findall(r"\.sr-[a-z-]+", selector))
            assert not shared or f".{ROOTS[name]}" in selector, (name, selector.strip())
