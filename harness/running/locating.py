"""Looking into a change's model or tokenizer under both stacks, and where they part."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.blame.locate import locate
from harness.blame.looks import Changed, Known, look_for
from harness.blame.stages import first_stage
from harness.blame.ties import partings
from harness.gate.plan import SIDES, Side
from harness.gate.world import Places, Processes, Request, Stopped, World
from harness.running.cells import tail
from harness.running.conditions import cell_environment
from harness.running.inside import inside_folder
from harness.vocabulary.captures import Capture, read_capture
from harness.vocabulary.errors import NoEvidence, RecordError
from harness.vocabulary.located import Into, Located, Look, ModelParted, StageParted
from harness.vocabulary.stacks import Lock

_PLACES = ("PYTHONPATH", "HARNESS_HOME", "HARNESS_CACHE")
"""Where a worker finds its code and its files."""


@dataclass(frozen=True)
class Looker:
    """Runs the worker under the pythons of two stacks. `environment` is a cell's."""

    baseline: Path
    candidate: Path
    processes: Processes
    environment: Mapping[str, str]
    timeout: float = 900.0
    memory_limit: int | None = None
    say: Callable[[str], None] = lambda _: None

    def change(self, changed: Changed, known: Known) -> Located:
        """Where a change begins. What cannot be looked into is told, not raised."""
        behaviour, cell = changed.behaviour, changed.cell
        parted = tuple(partings(changed.observations))
        try:
            look = look_for(behaviour, cell, known)
        except NoEvidence as error:
            return Located(behaviour, cell.id, partings=parted, lacking=(str(error),))
        found = self.subject(look)
        return replace(found, behaviour=behaviour, cell=cell.id, partings=parted)

    def subject(self, look: Look) -> Located:
        """Where what `look` names parts, whatever behaviour shows it."""
        stage: StageParted | None = None
        model: ModelParted | None = None
        looked: list[Into] = []
        lacking: list[str] = []
        for part in look.into:
            try:
                if part == "tokenizer":
                    stage = self._tokenizer(look)
                else:
                    model = self._model(look)
            except (NoEvidence, RecordError) as error:
                lacking.append(str(error))
            else:
                looked.append(part)
        return Located("", "", look, tuple(looked), stage, model, lacking=tuple(lacking))

    def _model(self, look: Look) -> ModelParted:
        before = self._of_model("baseline", look)
        # The same ids for both, though their tokenizers may differ.
        after = self._of_model("candidate", replace(look, ids=before.paths.ids))
        return locate(before, after)

    def _of_model(self, side: str, look: Look) -> Capture:
        """Raises NoEvidence where the model itself raises, which is all that there is to say."""
        found = self.capture("model", side, look)
        if found.raised:
            raise NoEvidence(
                f"the model of {_name(look)} ({found.paths.type}) itself raises under the {side}: "
                f"{found.raised}"
            )
        return found

    def _tokenizer(self, look: Look) -> StageParted | None:
        before = self.capture("tokenizer", "baseline", look)
        after = self.capture("tokenizer", "candidate", look)
        return first_stage(before.stages, after.stages)

    def capture(self, part: Into, side: str, look: Look) -> Capture:
        """What the worker sees under one stack, in a process of its own.

        Raises NoEvidence, and KeyboardInterrupt where it was stopped.
        """
        self.say(f"looking into the {part} of {_name(look)}: {side}")
        python = self.baseline if side == "baseline" else self.candidate
        command = [str(python), "-m", "harness.locating", part, *_arguments(look)]
        work = Path(tempfile.mkdtemp(prefix="harness-locating-"))
        try:
            out, log = work / "capture.jsonl", work / "log"
            ended = self.processes.run(
                [*command, f"--out={out}"],
                environment=self.environment,
                cwd=work,
                log=log,
                timeout=self.timeout,
                memory_limit=self.memory_limit,
            )
            if not out.is_file():
                said = tail(log).rpartition("\n")[2]
                raise NoEvidence(
                    f"the {part} of {look.subject} could not be looked into: {said or ended.how}",
                    where=f"the {side}, {python}",
                    next=f"for the whole error: {self._by_hand(command)}",
                )
            with out.open(encoding="utf-8") as lines:
                return read_capture(lines, str(out))
        except Stopped:
            raise KeyboardInterrupt from None
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _by_hand(self, command: Sequence[str]) -> str:
        """The same for a shell in any folder; a capture is written there."""
        places = [f"{name}={self.environment[name]}" for name in _PLACES]
        return shlex.join(["env", *places, *command, "--out=capture.jsonl"])


def looker_of(request: Request, world: World, locks: Mapping[Side, Lock]) -> Looker:
    """A looker into both stacks, whose environments are built. Raises StackFailure, NoEvidence."""
    baseline, candidate = (world.stacks.build(side, locks[side]).python for side in SIDES)
    return looker_between(request, world, baseline, candidate)


def looker_between(request: Request, world: World, baseline: Path, candidate: Path) -> Looker:
    """A looker into the two stacks whose pythons these are."""
    return Looker(
        baseline,
        candidate,
        world.processes,
        locating_environment(world.places, world.variables),
        request.cell_timeout,
        request.memory_limit,
        world.listener.say,
    )


def locating_environment(places: Places, variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of the worker: a cell's, of one thread until a pass asks for more."""
    inside = inside_folder(places.cache, places.package)
    return cell_environment(
        variables, home=places.home, cache=places.cache, inside=inside, threads=1
    )


def _name(look: Look) -> str:
    return look.subject.partition("=")[0]


def _arguments(look: Look) -> list[str]:
    given = {
        "--subject": look.subject,
        "--precision": look.precision,
        "--device": look.device,
        "--ids": ",".join(map(str, look.ids)),
        "--text": look.text,
        "--threads": ",".join(map(str, look.threads)),
        "--subjects-file": look.subjects_file,
    }
    # With "=", for a text may begin with a dash.
    return [f"{option}={value}" for option, value in given.items() if value]
