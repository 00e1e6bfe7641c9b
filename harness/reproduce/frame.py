"""What stands around the code of a script: its header, its imports, its last lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from harness.vocabulary.blame import Change
from harness.vocabulary.reproducers import COULD_NOT_RUN, SHOWS, SHOWS_NOT

GUARD = """\
if __name__ == "__main__":
    sys.exit(main(run))"""


def header(change: Change, pins: Iterable[str], python: str) -> Iterator[str]:
    yield "# /// script"
    yield f'# requires-python = "=={python}.*"'
    yield "# dependencies = ["
    yield from (f'#     "{pin}",' for pin in pins)
    yield from ("# ]", "# ///", f'"""{change.behaviour}')
    yield from (f"in the cell {change.cell}: {change.verdict.value}", "", *_USAGE)
    if any(pin.startswith("torch==") for pin in pins):
        yield from ("", *_TORCH)
    yield from ('"""', "")


_USAGE = (
    "    uv run FILE               with the candidate's versions, above: the change shows (exit 1)",
    "    uv run FILE --baseline    with the baseline's, BASELINE below: it does not (exit 0)",
    "",
    f"Its last line says so: `{SHOWS}`, `{SHOWS_NOT}`,",
    f"or `{COULD_NOT_RUN}…` (exit 2). Without such a line it never ran: uv failed, and says why.",
    "",
    "Cut out of the project's own code: the behaviour, what it uses, and what runs it; `run` calls",
    "it.",
)
_TORCH = (
    "torch: on Linux the package index has the CUDA build (several GB). For another build set",
    "UV_FIND_LINKS to a folder with its wheel, or to the page of PyTorch's own index that lists it",
    "(https://download.pytorch.org/whl/cpu/torch/).",
)


def imports(lines: tuple[str, ...]) -> str:
    """The standard library's first: what of the others does not import ends with exit code 2."""
    every = list(dict.fromkeys((*lines, "import os", "import sys", "import traceback")))
    standard = [line for line in every if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    others = [line for line in every if line not in standard]
    parts = ["from __future__ import annotations", "\n".join(sorted(standard)), _HOOK]
    return "\n\n".join([*parts, "\n".join(sorted(others))]).strip()


_HOOK = """\

def could_not_run(kind, error, trace):
    \"\"\"What goes wrong outside of the behaviour says nothing of it.\"\"\"
    traceback.print_exception(kind, error, trace)
    print(f"could not run: {kind.__name__}: {error}")
    sys.stdout.flush()
    os._exit(2)


sys.excepthook = could_not_run
"""
