"""`python -m harness.locating model|tokenizer --subject S --out FILE`: look inside one stack.

Every module's output of a model over one input, or every stage of a tokenizer, into FILE.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from harness.locating.asked import Asked
from harness.locating.capturing import capture_model, capture_tokenizer, write_capture
from harness.measure.garbage import collect_seldom
from harness.measure.leaving import leave
from harness.vocabulary.cells import check_device, check_precision
from harness.vocabulary.errors import HarnessError


def main(arguments: list[str] | None = None) -> int:
    try:
        what, asked = _asked(arguments)
        collect_seldom()
        look = capture_tokenizer if what == "tokenizer" else capture_model
        write_capture(asked.out, partial(look, asked))
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _asked(arguments: list[str] | None) -> tuple[str, Asked]:
    parser = argparse.ArgumentParser(prog="python -m harness.locating", description=__doc__)
    parser.add_argument("what", choices=("model", "tokenizer"))
    parser.add_argument("--subject", required=True, metavar="NAME[=PATH]")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--ids", default="", metavar="N,N,…", help="the model's input")
    parser.add_argument("--text", default="", help="the same as a text, or a tokenizer's input")
    parser.add_argument("--threads", default="1,2,3", metavar="N,N,…", help="a pass for each")
    parser.add_argument("--attention", default="", help="leave it out for the library's choice")
    parser.add_argument("--subjects-file", default="", metavar="FILE")
    found = parser.parse_args(arguments)
    try:
        ids, threads = _numbers(found.ids), _numbers(found.threads)
    except ValueError as error:
        parser.error(f"--ids and --threads are numbers with commas between: {error}")
    if not threads or min(threads) < 1:
        parser.error("--threads needs at least one number, from 1")
    return found.what, Asked(
        subject=found.subject,
        precision=check_precision(found.precision),
        device=check_device(found.device),
        out=found.out,
        ids=ids,
        text=found.text,
        threads=threads,
        attention=found.attention,
        subjects_file=found.subjects_file,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(",") if each)


if __name__ == "__main__":
    leave(main())
