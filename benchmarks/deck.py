"""Seconds and megabytes of a case's deck, slides and hand-out: three series, six key images and two plans.

Figures to hold: the deck in 10 s and 25 MB; slides and hand-out in 3 s each, beside the pages that all three share.

python benchmarks/deck.py [SLICES]
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.pathways import evaluate, load_pathway
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.present import Afterwards, Case, Option, key_images, write
from sarcoma_review.present.content import pages
from sarcoma_review.volume import Segment, Volume

SIDE, SPACING_MM = 512, (1.0, 0.8, 0.8)
MIDDLE_MM, RADIUS_MM = np.array([200.0, 200.0, 150.0]), 35.0
TODAY = date(2026, 11, 22)


def ball(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """A tumour of 35 mm radius round the middle."""
    squares = [
        (np.arange(n) * mm - middle) ** 2 for n, mm, middle in zip(shape, spacing_mm, MIDDLE_MM[::-1], strict=True)
    ]
    z, y, x = np.ix_(*squares)
    inside: NDArray[np.bool_] = z + y + x < RADIUS_MM**2
    return inside


def series(modality: str, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Volume:
    """Noisy tissue with a bright ball: noise is what packs badly."""
    noise = np.random.default_rng(0).normal(0, 15, shape).astype(np.float32)
    values = np.where(ball(shape, spacing_mm), 300, 50) + noise
    affine = np.diag([*spacing_mm, 1.0])[[2, 1, 0, 3]]
    return Volume(values.astype(np.int16), affine, modality=modality, description="noisy", units="HU")


def a_case(slices: int) -> Case:
    """Three series, one outlined; two plans; six key images; a pathway; and what came after."""
    ct = series("CT", (slices, SIDE, SIDE), SPACING_MM)
    others = [series("MR", (40, 384, 384), (6.0, 1.0, 1.0)) for _ in range(2)]
    tumour = Segment("tumour", replace(ct, array=ball(ct.shape, SPACING_MM)))
    surface = TumourSurface.from_mask(tumour.mask)
    options = []
    for name, away_mm in (("near", 45.0), ("far", 55.0)):
        plan = ResectionPlan(
            [
                Plane(MIDDLE_MM + np.array([0, 0, away_mm]), (0, 0.1, 1), name="proximal"),
                Plane(MIDDLE_MM + np.array([0, away_mm - 5, 0]), (0, 1, 0), name="back"),
            ]
        )
        options.append(Option(name, plan, resection_margins(surface, plan)))
    pictures = [
        picture
        for option in options
        if option.margins and option.plan
        for picture in key_images(ct, option.margins, segments=[tumour], planes=option.plan.planes)
    ]
    pathway = load_pathway("lsesn-spinal-2024")
    return Case(
        "SR-A",
        "Which planes?",
        TODAY,
        imaging=[*others, ct],
        segments=[tumour],
        key_images=pictures,
        options=options,
        pathway=pathway,
        rule_results=evaluate(pathway, {"network": "LSESN", "adult": True, "status": "confirmed"}, on=TODAY),
        after=Afterwards(["Said."], "Near.", necrosis_percent=92),
    )


def timed(what: str, do: Callable[[], object]) -> None:
    """Run once, and print its seconds, and the size of the file it wrote."""
    cpu, wall = time.process_time(), time.perf_counter()
    made = do()
    spent = f"{time.process_time() - cpu:6.2f} s CPU {time.perf_counter() - wall:6.2f} s wall"
    print(f"{what:<14}{spent}{f'{made.stat().st_size / 1e6:8.2f} MB' if isinstance(made, Path) else ''}")


def main() -> None:
    case = a_case(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
    timed("pages alone", partial(pages, case))
    with tempfile.TemporaryDirectory() as folder:
        for ending in (".html", ".pptx", ".pdf"):
            timed(ending, partial(write, case, Path(folder, f"deck{ending}"), reveal=True))


if __name__ == "__main__":
    main()
