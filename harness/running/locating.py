"""Looking into one cell's model or tokenizer under two stacks, and where they part."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.blame.locate import Located, locate
from harness.blame.stages import StageParted, first_stage
from harness.gate.world import Processes
from harness.running.cells import tail
from harness.vocabulary.captures import Capture, read_capture
from harness.vocabulary.errors import NoEvidence


@dataclass(frozen=True)
class Look:
    """What to look into, and with what input.

    `subject` is a registered name or NAME=PATH. Without `ids` and `text` the input is the fixed
    prompt (a tokenizer's the fixed corpus). `threads` are the passes that tell noise.
    """

    subject: str
    precision: str = "float32"
    device: str = "cpu"
    ids: tuple[int, ...] = ()
    text: str = ""
    threads: tuple[int, ...] = (1, 2, 3)
    subjects_file: str = ""

    def arguments(self) -> list[str]:
        """Of `python -m harness.locating`, but for the kind and the file."""
        given = {
            "--subject": self.subject,
            "--precision": self.precision,
            "--device": self.device,
            "--ids": ",".join(map(str, self.ids)),
            "--text": self.text,
            "--threads": ",".join(map(str, self.threads)),
            "--subjects-file": self.subjects_file,
        }
        # With "=", for a text may begin with a dash.
        return [f"{option}={value}" for option, value in given.items() if value]


@dataclass(frozen=True)
class Looker:
    """Runs the worker in stacks. `environment` is a cell's (`conditions.cell_environment`)."""

    processes: Processes
    environment: Mapping[str, str]
    timeout: float = 900.0
    memory_limit: int | None = None

    def model(self, baseline: Path, candidate: Path, look: Look) -> Located:
        """Where the model parts, under the two stacks whose pythons these are.

        Raises NoEvidence where a stack cannot show it, Stopped where it was interrupted.
        """
        before, after = (self.capture("model", python, look) for python in (baseline, candidate))
        return locate(before, after)

    def tokenizer(self, baseline: Path, candidate: Path, look: Look) -> StageParted | None:
        """The first stage of the tokenizer that differs; raises as `model`."""
        before, after = (
            self.capture("tokenizer", python, look) for python in (baseline, candidate)
        )
        return first_stage(before.stages, after.stages)

    def capture(self, kind: str, python: Path, look: Look) -> Capture:
        """What the worker sees under one stack, a process of its own."""
        work = Path(tempfile.mkdtemp(prefix="harness-locating-"))
        try:
            out, log = work / "capture.jsonl", work / "log"
            ended = self.processes.run(
                [str(python), "-m", "harness.locating", kind, f"--out={out}", *look.arguments()],
                environment=self.environment,
                cwd=work,
                log=log,
                timeout=self.timeout,
                memory_limit=self.memory_limit,
            )
            if not out.is_file():
                said = tail(log).rpartition("\n")[2]
                raise NoEvidence(
                    f"the {kind} of {look.subject} could not be looked into: {said or ended.how}",
                    where=str(python),
                    next=shlex.join(["python", "-m", "harness.locating", kind, *look.arguments()])
                    + " --out=FILE under that python tells more",
                )
            with out.open(encoding="utf-8") as lines:
                return read_capture(lines, str(out))
        finally:
            shutil.rmtree(work, ignore_errors=True)
