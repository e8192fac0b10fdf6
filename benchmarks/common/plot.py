"""One figure over sizes, as an SVG. The only user of matplotlib, which the extra `bench` brings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib import pyplot

mpl.use("svg")
STYLE = {"svg.hashsalt": "leadbridge", "svg.fonttype": "none", "font.size": 10, "axes.grid": True}


def plot(
    file: Path, labels: tuple[str, str], sizes: Sequence[int], seen: Sequence[tuple[float, ...]]
) -> None:
    """Medians as a line, all runs as bars from the least to the most; axes by powers where sizes grow so."""
    middles = [median(runs) for runs in seen]
    below = [middle - min(runs) for middle, runs in zip(middles, seen, strict=True)]
    above = [max(runs) - middle for middle, runs in zip(middles, seen, strict=True)]
    with mpl.rc_context(STYLE):
        figure, axes = pyplot.subplots(figsize=(6, 3.2), layout="constrained")
        axes.errorbar(sizes, middles, yerr=[below, above], marker="o", capsize=3, color="#1f6feb")
        if sizes[-1] >= 100 * sizes[0]:
            axes.set_xscale("log")
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
            axes.set_xticks(sizes)
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        figure.savefig(file, metadata={"Date": None})
        pyplot.close(figure)
