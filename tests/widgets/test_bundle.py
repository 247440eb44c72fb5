"""What ships to a page works offline and names nothing outside."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "sarcoma_review" / "widgets" / "static"
WIDGETS = ("viewer", "browser", "caseform", "pathwaypanel", "privacypanel", "zones", "dashboard", "tracker")
SHIPPED = [f"{name}.{kind}" for name in WIDGETS for kind in ("js", "css")]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_bundle_is_small_and_names_no_address(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    assert len(text) < 80_000
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
