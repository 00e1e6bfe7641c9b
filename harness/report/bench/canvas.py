"""Figures of matplotlib as SVG that stands in a page by itself, without script or network."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from harness.report.plain import clip, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.4
"""Inches of 72 units: a phone shows a drawing of 317 units in about its own size."""

_CHARACTER, _HANDLE = 5.6, 40.0
"""Room that a letter of a legend takes, and what stands before each name, in units."""

INK, QUIET, LINE = "#1c1e21", "#656b74", "#e3e4e6"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5c00", "#444444")
"""Okabe and Ito's, which people who confuse red and green can tell apart."""

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": LINE,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Plot:
    """A drawing, what it shows, and how to read it."""

    svg: str
    title: str
    caption: str


@contextmanager
def styled() -> Iterator[None]:
    """Within, figures look as ours do, whatever the user's own settings of matplotlib are."""
    import matplotlib.style

    with matplotlib.style.context(["default", _STYLE]):
        yield


def figure(height: float, panels: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of the page's width with `panels` under one another; only within `styled`."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(WIDTH, height))
    found = drawn.subplots(panels, 1, squeeze=False)
    return drawn, list(found[:, 0])


def label(text: str, length: int = 28) -> str:
    """Foreign text as it may stand in a figure."""
    return clip(one_line(text) or "?", length)


def named_rows(axes: Axes, names: Sequence[str]) -> None:
    """Rows from the top, each with its name; row n is at n."""
    axes.set_yticks(range(len(names)), [label(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def legend_above(drawn: Figure) -> None:
    """The names of what is drawn, above it, in as many columns as there is room for."""
    handles, names = drawn.axes[0].get_legend_handles_labels()
    longest = max(map(len, names), default=1)
    columns = max(1, int(WIDTH * 72 / (_CHARACTER * longest + _HANDLE)))
    drawn.legend(handles, names, loc="outside upper left", ncols=columns, handletextpad=0.5)


def plot(drawn: Figure, title: str, caption: str) -> Plot:
    """`drawn` as a plot; only within `styled`."""
    import matplotlib as mpl

    text = io.StringIO()
    # The ids of one figure must not be those of another on the same page.
    with mpl.rc_context({"svg.hashsalt": title}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        drawn.savefig(text, format="svg", transparent=True, metadata=nothing)
    return Plot(_inline(text.getvalue(), title), title, caption)


def _inline(document: str, title: str) -> str:
    """The drawing of an SVG document, which a page scales to its own width."""
    drawing = document[document.index("<svg") :].strip()
    head, _, rest = drawing.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    assert box is not None
    rest = re.sub(r"<metadata>.*?</metadata>", "", rest, flags=re.DOTALL)
    # Ids of groups, which nothing refers to, would be the same in every drawing.
    rest = re.sub(r'<g id="[^"]*"', "<g", rest).replace("xlink:href", "href")
    rest = rest.replace("'DejaVu Sans'", "sans-serif")
    return f'<svg {box[0]} role="img" aria-label="{escape(title, quote=True)}">{rest}'
