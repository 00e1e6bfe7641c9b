"""`python -m harness.speed TASK --arm JSON --threads N`: one worker process of a benchmark."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TextIO

from harness.speed.serving import serve
from harness.speed.task import Asked
from harness.vocabulary.costs import Arm
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.turns import Answer, line

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


def main(arguments: list[str] | None = None) -> int:
    asked = _asked(arguments)
    for name in _THREADS:
        os.environ[name] = str(asked.threads)
    kept = _keep_stdout()

    def tell(message: Answer) -> None:
        kept.write(line(message))
        kept.flush()

    try:
        serve(asked, sys.stdin, tell)
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _asked(arguments: list[str] | None) -> Asked:
    parser = argparse.ArgumentParser(prog="python -m harness.speed", description=__doc__)
    parser.add_argument("task")
    parser.add_argument("--arm", default='{"name": "here", "stack": "installed"}', metavar="JSON")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--limits", action="store_true", help="measure the machine's limits too")
    parser.add_argument("--subjects-file", default="", metavar="FILE")
    parser.add_argument("--own", action="store_true", help="no subject stands in for the arm's")
    found = parser.parse_args(arguments)
    try:
        arm = Arm(**json.loads(found.arm))
    except (ValueError, TypeError) as error:
        parser.error(f"--arm: {error}")
    return Asked(found.task, arm, found.threads, found.limits, found.subjects_file, found.own)


def _keep_stdout() -> TextIO:
    """The process's own output for messages alone; what libraries print goes to stderr."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


if __name__ == "__main__":
    sys.exit(main())
