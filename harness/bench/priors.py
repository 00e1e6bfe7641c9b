"""What is known of a quantity before it is measured, and what a verdict asks for.

Two processes that run the same code differ by more than their turns scatter: addresses of code
and data, huge pages, placement on cores are drawn once for a process's life (Mytkowicz et al.,
"Producing wrong data without doing anything obviously wrong", 2009; Curtsinger and Berger,
"Stabilizer", 2013; Kalibera and Jones, "Rigorous benchmarking in reasonable time", 2013).
A comparison has few processes, so their spread is estimated together with a prior.

The constants are tuned by `suites/selftest/bench_world.py`, a simulation with known truth:
identical arms are called slower or faster in at most 1 of 1000 comparisons where processes
spread by up to 1 %, and 1 of 100 where they spread by 2 %, with five rounds or more. Known to be
worse: two rounds that scatter by 5 % (5 of 1000), an import on a core that is loaded for 30 %
of the time (4 of 1000), two modes 5 % apart (1 of 100).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.vocabulary.costs import Quantity


@dataclass(frozen=True)
class Prior:
    """The spread of identical processes, as standard deviation of the logarithm.

    `degrees` is its weight: as much as that many degrees of freedom of measured spread.
    """

    spread: float
    degrees: float


USUAL = Prior(spread=0.010, degrees=6.0)
"""Of identical processes the literature finds tenths of a percent to percents: the middle.

Simulated with normal processes and a look after each of eight generations, identical arms are
called different in 0.03 of 1000 where the true spread is 1 %, in 0.4 of 100 where it is 2 %.
A spread of 0.5 % would do so in 1 of 1000 and 1.3 of 100; with 3 degrees three generations leave
41 of 100 identical pairs open at a true spread of 1 %, with 6 they leave 15. Bytes repeat
better, but allocators' arenas come and go whole, and this tells a changed twentieth anyway.
"""

ONCE = Prior(spread=0.020, degrees=3.0)
"""Seconds measured once a process (an import, a first load): one sample carries the scatter of
the clock, of caches and of the scheduler that a quantity which repeats averages away. Fewer
degrees, since a spread of 4 % or of 1 % is no surprise."""

LEVEL = 0.999
"""Of the interval after one look; after g generations it may err by 1/g of that, so that looking
after each of eight errs about as often as looking once (harmonic spending; looks share most
of their samples). A run looks at tens of quantities: at 95 % each run would have a false
verdict; with the level the same at every look 1.3 of 100 identical pairs have one in the
simulation at a true spread of 2 %, and 5 of 600 where two turns scatter by 5 %."""

MARGIN = 0.02
"""The smallest change that may be called slower, faster, heavier or lighter: as much as two
processes of identical code may be apart for good on one machine (one standard deviation in the
worst world simulated), and so nothing to act on."""

RESOLUTION = 0.05
"""`same` means: whatever the difference is, it is smaller than this."""

GENERATIONS = 2
"""Processes of either arm before any verdict: one cannot tell its arm from its luck."""

GENERATIONS_OF_LITTLE = 3
"""Of a change below `LITTLE`, as long as the budget lasts: a cost may have two modes (huge pages
or not, an arena more), and the candidate draws the one while both baselines draw the other in
two generations in up to 3 of 100 comparisons, in three in 4 of 1000."""

LITTLE = 0.10
"""What two modes of one code are rarely further apart by."""

GENERATIONS_OF_WALL_ALONE = 4
"""Where processor time was measured and did not move along, the candidate waited rather than
computed: it does so too if the scheduler put it beside somebody else's load. That happens to
the candidate alone in one generation of three at worst, in four running 1 time of 81, while
their scatter still has to be small; two would be 1 time of 9."""

CONTENTION = 3.0
"""No waiting for a core explains a ratio beyond this: one competitor as hungry as a worker
takes half of a core, two take two thirds."""

CONFIRMED = 0.5
"""Processor time, and the quieter processes, moved along if they did so by this share of the
change, as logarithms: a call whose computing changed has parts beside it that did not. Without
asking the quieter processes, imports on a core that is loaded for 30 % of the time are called
slower in 1 of 100."""

DWARFED = 5.0
"""A control that moved forbids a verdict, unless the change is this many times larger: a text
encoded a hundred times faster is faster even where the control is off by 4 %."""


def prior(quantity: Quantity) -> Prior:
    """The prior of a quantity, by its kind."""
    return ONCE if quantity.unit == "s" and not quantity.repeats else USUAL
