"""Comparisons with known truth: simulated turns, decided as a run decides them.

`python suites/selftest/bench_world.py 2000` runs that many comparisons of each world and prints
what was said of them: what harness/bench/priors.py is tuned by.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from harness.bench.decide import decide, settled
from harness.bench.schedule import order
from harness.vocabulary.costs import ROLES, CostVerdict, Decision, Quantity, Sample

DECODE = Quantity("model/decode@64x1", "s", "token")
IMPORT = Quantity("import.torch/seconds", "s", repeats=False)
PEAK = Quantity("memory/peak.load", "bytes", repeats=False, least=1e6)
FALSE = {CostVerdict.SLOWER, CostVerdict.FASTER, CostVerdict.HEAVIER, CostVerdict.LIGHTER}


@dataclass(frozen=True)
class World:
    """A machine. All spreads are of the logarithm of a turn's seconds.

    `process` is the spread of processes of identical code, normal or, with `tail`, Student's
    with so many degrees; `noise` of turns. `load` is the share of turns that somebody else's
    process disturbs, `weight` by how much of their length on average (exponential); `beside`
    the share of processes that sit beside it for life and wait in every turn, by `weight`.
    `modes` is how far two modes are apart, one of which a process draws for life.
    `drift` is what the whole comparison drifts by, in equal parts a trend and a random walk.
    """

    process: float = 0.005
    noise: float = 0.005
    tail: float = math.inf
    load: float = 0.0
    weight: float = 0.5
    beside: float = 0.0
    modes: float = 0.0
    drift: float = 0.0
    cpu: bool = False


def generation(
    world: World, chance: random.Random, number: int, rounds: int, change: float, quantity: Quantity
) -> Iterator[Sample]:
    """One generation's samples; the candidate costs `1 + change` as much."""
    luck = {role: _process(world, chance) for role in ROLES}
    luck = {role: luck[role] + chance.choice((0.0, world.modes)) for role in ROLES}
    luck["candidate"] += math.log1p(change)
    waits = {role: chance.random() < world.beside for role in ROLES}
    step = world.drift / rounds
    level = number * world.drift
    for turn in range(rounds):
        for place, role in enumerate(order(turn)):
            level += (step + chance.gauss(0.0, step)) / len(ROLES)
            disturbed = waits[role] or chance.random() < world.load
            waiting = chance.expovariate(1 / world.weight) if disturbed else 0.0
            computing = math.exp(level + luck[role] + chance.gauss(0.0, world.noise))
            value = 1e-2 * computing * (1 + waiting)
            cpu = 2e-2 * computing * (1 + waiting / 10) if world.cpu else None
            if quantity.unit == "bytes":
                value *= 1e10
            yield Sample(quantity.id, role, number, turn, place, value, cpu)


def _process(world: World, chance: random.Random) -> float:
    if math.isinf(world.tail):
        return chance.gauss(0.0, world.process)
    chi = chance.gammavariate(world.tail / 2, 2.0)
    return world.process * chance.gauss(0.0, 1.0) * math.sqrt((world.tail - 2) / chi)


def comparison(
    world: World,
    seed: int,
    *,
    change: float = 0.0,
    generations: int = 8,
    rounds: int = 20,
    quantity: Quantity = DECODE,
) -> Decision:
    """Generations until settled, as the run would; the last one's decision."""
    chance = random.Random(seed)
    samples: list[Sample] = []
    for number in range(generations):
        samples += generation(world, chance, number, rounds, change, quantity)
        decision = decide(quantity, samples, finished=number == generations - 1)
        if settled(decision):
            break
    return decision


def any_size(seed: int) -> tuple[int, int]:
    """1 to 8 generations of 5 to 40 rounds."""
    chance = random.Random(-seed - 1)
    return chance.randint(1, 8), chance.randint(5, 40)


def verdicts(
    world: World,
    count: int,
    *,
    change: float = 0.0,
    first: int = 0,
    quantity: Quantity = DECODE,
    **size: int,
) -> Counter[CostVerdict]:
    """What is said in `count` comparisons, of any size where none is given."""
    said: Counter[CostVerdict] = Counter()
    for seed in range(first, first + count):
        generations, rounds = any_size(seed)
        asked = {"generations": generations, "rounds": rounds, **size}
        said[comparison(world, seed, change=change, quantity=quantity, **asked).verdict] += 1
    return said


def false(said: Counter[CostVerdict]) -> int:
    return sum(said[each] for each in FALSE)


WORLDS = {
    "process 0.3 %": World(process=0.003),
    "process 1 %": World(process=0.01),
    "process 1 %, heavy tails": World(process=0.01, tail=3.0),
    "process 2 %": World(process=0.02),
    "process 1 %, drift 20 %": World(process=0.01, drift=0.05),
    "process 1 %, noise 5 %": World(process=0.01, noise=0.05),
    "process 0.3 %, loaded 10 %": World(process=0.003, load=0.1),
    "process 1 %, loaded 30 %": World(process=0.01, load=0.3),
    "process 1 %, loaded 50 %": World(process=0.01, load=0.5),
    "process 1 %, loaded 90 %": World(process=0.01, load=0.9),
    "process 2 %, loaded 50 %": World(process=0.02, load=0.5),
    "process 0.5 %, 30 % beside": World(beside=0.3, cpu=True),
    "process 0.5 %, 30 % beside, no cpu": World(beside=0.3),
    "process 0.5 %, two modes 5 % apart": World(modes=0.05),
}


ONCE = {"rounds": 1, "generations": 12}
SINGLE = {
    "process 0.3 %": World(process=0.003),
    "process 1 %": World(process=0.01),
    "process 2 %": World(process=0.02),
    "process 4 %": World(process=0.04),
    "process 1 %, loaded 10 %": World(process=0.01, load=0.1, cpu=True),
    "process 1 %, loaded 30 %": World(process=0.01, load=0.3, cpu=True),
    "process 1 %, loaded 30 %, no cpu": World(process=0.01, load=0.3),
    "process 0.5 %, two modes 5 % apart": World(modes=0.05),
}


def main(count: int) -> None:
    for name, world in WORLDS.items():
        _told(name, verdicts(world, count), count)
    for change in (0.05, 0.10):
        for world in (World(), World(process=0.01), World(load=0.3)):
            for generations in (2, 3):
                said = verdicts(world, count // 10, change=change, generations=generations)
                name = f"{change:.0%} slower, {generations} generations, {_differs(world)}"
                _told(name, said, count // 10)
    for name, world in SINGLE.items():
        _told(f"import, {name}", verdicts(world, count, quantity=IMPORT, **ONCE), count)
        if not world.load:
            _told(f"peak, {name}", verdicts(world, count, quantity=PEAK, **ONCE), count)
    for rounds in (2, 10):
        for name, world in WORLDS.items():
            said = verdicts(world, count, generations=8, rounds=rounds)
            _told(f"{name}; up to 8 of {rounds} rounds", said, count)


def _differs(world: World) -> str:
    return f"process {world.process:.1%}, loaded {world.load:.0%}"


def _told(name: str, said: Counter[CostVerdict], count: int) -> None:
    shares = ", ".join(f"{each} {said[each] / count:.2%}" for each in CostVerdict if said[each])
    print(f"{name:56} false or found {false(said):5} of {count}: {shares}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
