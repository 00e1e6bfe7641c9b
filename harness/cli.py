"""`harness` on the command line: commands, and how each of their errors ends."""

from __future__ import annotations

import argparse
import errno
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from harness import __version__
from harness.commands import cache, commands
from harness.commands.publishing import say
from harness.vocabulary.errors import ExitCode, HarnessError
from harness.vocabulary.places import cache_dir


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. A user's error never shows a traceback."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    typed = argparse.Namespace(typed=shlex.join(["harness", *words]))
    try:
        with _ended_politely():
            args = parser().parse_args(words, typed)
            code: int = args.run(args)
    except HarnessError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        _forget_output()
        return int(ExitCode.NOTHING_CHANGED)
    except OSError as error:
        return _fail_by_system(error)
    return code if _flushed() else code or int(ExitCode.INCONCLUSIVE)


@contextmanager
def _ended_politely() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: what cancels a job or stops a container sends it."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _flushed() -> bool:
    """Whether all that was printed could be; a reader that left has read what it wanted."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
    except OSError as error:
        _forget_output()
        print(f"harness: the result cannot be printed: {error.strerror}", file=sys.stderr)
        return False
    return True


def _forget_output() -> None:
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def _fail_by_system(error: OSError) -> int:
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No usable temporary dir" in str(error):
        return _fail(_no_space(error), ExitCode.INCONCLUSIVE)
    if error.filename is None:
        raise error
    return _fail(f"{error.strerror}\n  where:   {error.filename}{_of_cache(error)}", ExitCode.USAGE)


def _of_cache(error: OSError) -> str:
    """What to do about a cache folder that is none; nothing where the error lies elsewhere."""
    if not str(error.filename).startswith(str(cache_dir())):
        return ""
    return f"\n  allowed: {cache.ALLOWED}\n  next:    {cache.NEXT}"


class _Parser(argparse.ArgumentParser):
    """Says after an error what to type next."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(ExitCode.USAGE, f"{self.prog}: error: {message}\n  next:    {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _Parser(
        prog="harness",
        description="Gate upgrades of the libraries that language models run on.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"harness {__version__}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in commands():
        module.add(subparsers)
    return top


def _no_space(error: OSError) -> str:
    where = f"\n  where:   {error.filename}" if error.filename else ""
    return (
        f"no space left on the disk{where}\n  next:    free some space, then give the same "
        "command: what was finished is kept"
    )


def _fail(text: str, code: ExitCode) -> int:
    say(f"harness: {text}")
    return int(code)
