"""Pages with every kind of block, and texts that mean to do harm."""

import io

from PIL import Image

from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.pages import Bullets, Facts, Headline, Interval, Note, Page, Pictures, Table

HOSTILE = (
    "<script>alert(1)</script>",
    '#(panic()) #import "x" $x$ *bold* _x_ `raw` @ref <label> // end',
    "=cmd|' /C calc'!A0",
    "w" * 700,
    "مرحبا بالعالم \u202e 12.5 mm",
    "👩‍⚕️ 🦴 漢字 𝔘",
    "bell \x07 null \x00 \ud800 end\r\nsecond line\vthird",
    "&lt; &#0; ]]> <!-- {{ x }} {% y %}",
)


def picture(width: int = 300, height: int = 200, words: str = "CT thigh, axial 44 of 120") -> KeyImage:
    with io.BytesIO() as out:
        Image.new("RGB", (width, height), "#223344").save(out, "png")
        return KeyImage(out.getvalue(), words, f"A picture: {words}")


def sample() -> list[Page]:
    """A short presentation with every kind of block."""
    faces = [("proximal (closest)", "8.7", "2.8 to 14.6"), ("posterior", "12.1", "6.3 to 17.9")]
    rulers = [Interval(2.8, 8.7, 14.6), Interval(6.3, 12.1, 17.9)]
    rules = [
        (f"L{n:02}", "must", "Refer every suspected sarcoma to a specialist centre. " * 2, "met") for n in range(30)
    ]
    limit = Note("Distances measured on images, in mm. They say nothing of residual tumour (R).")
    return [
        Page("Question", (Headline("Do 3 planes clear the tumour?"), Facts([("Age", "20-24"), ("Side", None)]))),
        Page("Key images", (Pictures([picture(), picture(200, 300), picture(250, 300)]), limit)),
        Page(
            "Planned margin",
            (
                Headline("Least: 8.7 mm (95 % interval 2.8 to 14.6 mm)"),
                Table(("Face", "Margin, mm", "95 % interval, mm"), faces, "By face", frozenset({0}), rulers),
                limit,
            ),
        ),
        Page("What the pathway asks", (Table(("Rule", "Level", "Asked", "Recorded"), rules, dense=True), limit)),
        Page(
            "Two columns",
            (Headline("Side by side"), Bullets(["one", "two"], "For"), Pictures([picture()]), limit),
            columns=True,
        ),
        Page("Decision", (Bullets(["A point that was made. " * 9] * 9, "Points"), Note("End.")), "after"),
    ]


def hostile(text: str) -> list[Page]:
    """One text in every field there is."""
    image = picture(words=text)
    table = Table(
        (text, "b"), [(text, text), ("1", "2")], text, frozenset({0}), [Interval(1, 2, 3), Interval(-4, 0, 2)]
    )
    blocks = (Headline(text), Facts([(text, text)]), Bullets([text], text), table, Pictures([image]), Note(text))
    return [Page(text, blocks), Page("after", (table,), "after")]


def words_of(pages: list[Page]) -> str:
    """Every word of the pages, as they are given."""
    said = list[str]()
    for page in pages:
        said.append(page.title)
        for block in page.blocks:
            match block:
                case Headline(text) | Note(text):
                    said.append(text)
                case Facts(rows):
                    said += [cell for row in rows for cell in row if cell]
                case Bullets(items, heading):
                    said += [heading, *items]
                case Table():
                    said += [block.heading, *block.head, *(cell for row in block.rows for cell in row)]
                case Pictures(images):
                    said += [image.caption for image in images]
    return "\n".join(said)
