"""Rows as a Markdown table that hides nothing: ratios, losses, wrong ids, failures.

Start at `markdown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from measure import REFERENCES, Cell, Row

OURS = "toksmith"

LEGEND = """\
Medians; the best of a row is bold. `≠n`: n documents, over all repetitions, got ids (or text)
other than the reference's: tiktoken's, or tokenizers' for families without ranks (or the
original text). "Behind" names every library that is ahead of toksmith, by how much; it is empty
where toksmith is first. A ratio is the median of the repetitions' ratios, above 1 where toksmith
is better. `—`: the library has no such call or vocabulary.
"""


def shown(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def ratio(row: Row, peer: str) -> float | None:
    """How many times better than a peer toksmith is: the median over repetitions."""
    ours, theirs = row.cells.get(OURS, Cell()).values, row.cells.get(peer, Cell()).values
    if not ours or not theirs:
        return None
    quotients = [a / b for a, b in zip(ours, theirs, strict=False)]
    return median([1 / q for q in quotients] if row.lower_is_better else quotients)


def cell_text(cell: Cell | None, best: bool) -> str:
    """A median and what was wrong with it."""
    if cell is None or (cell.failure or "").startswith("NotOfferedError"):
        return "—"
    text = shown(median(cell.values)) if cell.values else ""
    if best:
        text = f"**{text}**"
    if cell.differing:
        text += f" ≠{cell.differing}"
    if cell.failure:
        text += " " + cell.failure.split(":")[0]  # the whole message is in the JSON
    return text.strip()


def best_of(row: Row, names: Sequence[str]) -> str | None:
    """The library with the best median."""
    medians = {name: median(row.cells[name].values) for name in names if row.cells[name].values}
    if not medians:
        return None
    return (min if row.lower_is_better else max)(medians, key=medians.__getitem__)


def behind(row: Row) -> str:
    """Every library that is ahead of toksmith, best first."""
    ratios = {name: ratio(row, name) for name in row.cells if name != OURS}
    ahead = sorted((r, name) for name, r in ratios.items() if r is not None and r < 1)
    return ", ".join(f"{name} {1 / r:.2f}x" for r, name in ahead)


def line(row: Row, names: Sequence[str]) -> str:
    """One row of the table."""
    best = best_of(row, [name for name in names if name in row.cells])
    cells = [cell_text(row.cells.get(name), name == best) for name in names]
    peers = [name for name in names if name != OURS and name in row.cells]
    reference = next((name for name in REFERENCES if ratio(row, name) is not None), None)
    against = [ratio(row, name) if name else None for name in (reference, best_of(row, peers))]
    ratios = ["—" if r is None else f"{r:.2f}x" for r in against]
    label = f"{row.measure}, {row.text}" if row.text else row.measure
    return " | ".join([f"| {label}", row.unit, *cells, *ratios, f"{behind(row)} |"])


def header(names: Sequence[str]) -> str:
    """The two first lines of the table."""
    titles = ["measure", "unit", *names, "/ reference", "/ best peer", "behind"]
    rule = ["---", "---", *["---:"] * (len(names) + 2), "---"]
    return "| " + " | ".join(titles) + " |\n| " + " | ".join(rule) + " |"


def markdown(title: str, rows: Sequence[Row], names: Sequence[str]) -> str:
    """A whole table under a heading."""
    return "\n".join([f"### {title}", "", header(names), *(line(row, names) for row in rows), ""])
