"""Processor time of evaluating every pathway that ships with the package: one case, and ten thousand.

Cases are drawn at random: each fact is not recorded, or any of its values, with the same chance. The time of one case
is the median, the one in a hundred and the worst over all cases; documents are loaded once, before.
"""

import random
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sarcoma_review.pathways import Fact, Pathway, evaluate, load_pathway, pathways
from sarcoma_review.pathways.condition import Value

CASES, TODAY, SEED = 10_000, date(2026, 11, 22), 20261122


def drawn(pathway: Pathway, rng: random.Random) -> dict[str, Value]:
    """The facts of one case."""
    facts = {name: rng.choice((None, *values(fact))) for name, fact in pathway.facts.items()}
    return {name: value for name, value in facts.items() if value is not None}


def values(fact: Fact) -> tuple[Value, ...]:
    """What a fact can be; of a number, three."""
    return (0, 40, 120) if fact.unit else fact.values or (True, False)


def main() -> None:
    """Print the figures."""
    rng = random.Random(SEED)
    started = time.process_time()
    documents = [load_pathway(name) for name in pathways()]
    print(f"loading {len(documents)} documents: {1e3 * (time.process_time() - started):.0f} ms")
    cases = [[drawn(document, rng) for document in documents] for _ in range(CASES)]
    times_ms, rules = [], sum(len(document.rules) for document in documents)
    for case in cases:
        started = time.process_time()
        for document, facts in zip(documents, case, strict=True):
            evaluate(document, facts, on=TODAY)
        times_ms.append(1e3 * (time.process_time() - started))
    times_ms.sort()
    median, hundredth = times_ms[CASES // 2], times_ms[-CASES // 100]
    print(
        f"one case, {rules} rules: median {median:.2f} ms, 1 in 100 {hundredth:.2f} ms, worst {times_ms[-1]:.2f} ms"
    )
    print(f"{CASES} cases: {sum(times_ms) / 1e3:.1f} s")


if __name__ == "__main__":
    main()
