"""A process that is talked to, a line at a time, for as long as it is needed."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from harness.execution.ended import Ended, EndKind
from harness.execution.trees import Tree, dying_with
from harness.vocabulary.errors import StackError

LONGEST_LINE = 2**22
"""Bytes; a longer line is no message of ours."""

_LOOK_S = 1.0
"""Seconds between two looks at memory while nothing is said: rare, for it takes processor time."""
_GRACE_S = 5.0


class Gone(Exception):
    """The process ended, or was ended, where it was to say something."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(f"{ended.kind} {ended.code}")
        self.ended = ended


class Talk:
    """Starts `argv` in a session of its own, its errors and its log in `log`. Use as a context.

    `env` is its whole environment. At the end of the context, or of this process, it is killed
    with all that it started; the kernel sees to that where this process is killed itself
    (Linux), and elsewhere the end of its input tells it to go. To be used from one thread, the
    one that started it. Raises StackError where the program cannot be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        *,
        directory: Path,
        memory_limit_bytes: int | None = None,
    ) -> None:
        self.log = log
        self._limit = memory_limit_bytes
        self._heard = b""
        self._started = time.monotonic()
        self._ended_by: EndKind | None = None
        self._ended: Ended | None = None
        try:
            os.stat(argv[0])
            with log.open("ab") as file:
                self._process = subprocess.Popen(
                    [*dying_with(os.getpid()), *argv],
                    env=dict(env),
                    cwd=directory,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=file,
                    bufsize=0,
                    start_new_session=True,
                )
        except OSError as error:
            raise StackError(
                f"cannot be started: {error.strerror}",
                where=argv[0],
                next="harness stacks prune --all, and the same command: it is built anew",
            ) from None
        self._tree = Tree(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def tell(self, line: str) -> None:
        """Write a line to the process. Raises Gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.rstrip("\n").encode() + b"\n")
        except (BrokenPipeError, ValueError):
            # A ValueError is the pipe's that was closed when the process was ended.
            raise Gone(self._end()) from None

    def hear(self, timeout_s: float, watch: Callable[[], None] = lambda: None) -> str:
        """The next line that the process says, without its end.

        `watch` is called about once a second while nothing is said. Raises Gone where the
        process ends first or says nothing for `timeout_s` seconds, and is ended for that;
        ValueError where a line does not end.
        """
        if self._ended is not None:
            raise Gone(self._ended)
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._heard:
            if len(self._heard) > LONGEST_LINE:
                raise ValueError(f"a line of more than {LONGEST_LINE} bytes")
            if self._readable(min(_LOOK_S, max(0.0, deadline - time.monotonic()))):
                self._read()
            elif time.monotonic() >= deadline:
                raise Gone(self._end("timeout"))
            else:
                watch()
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode("utf-8", errors="replace")

    def look(self) -> None:
        """End the process where it has more memory than it may; `hear` then raises Gone."""
        resident = self._tree.sample()
        if self._limit is not None and resident > self._limit and self._process.poll() is None:
            self._ended_by = "memory"
            self._tree.kill()

    def leave(self) -> None:
        """Close its input, which tells it to end."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def wait(self) -> Ended:
        """Give it a few seconds to end by itself, then end it."""
        self.leave()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        return self._end()

    def kill(self) -> Ended:
        """End it and all that it started, now."""
        return self._end()

    def _readable(self, seconds: float) -> bool:
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], seconds)
        return bool(readable)

    def _read(self) -> None:
        assert self._process.stdout is not None
        found = os.read(self._process.stdout.fileno(), 2**16)
        if not found:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
            raise Gone(self._end())
        self._heard += found

    def _end(self, why: EndKind | None = None) -> Ended:
        if self._ended is not None:
            return self._ended
        self._ended_by = self._ended_by or why
        alive = self._process.poll() is None
        self._tree.kill()
        status = self._process.wait()
        self.leave()
        if self._process.stdout is not None:
            self._process.stdout.close()
        seconds = time.monotonic() - self._started
        self._ended = Ended(*self._how(status, alive), seconds, self._tree.peak)
        return self._ended

    def _how(self, status: int, alive: bool) -> tuple[EndKind, int]:
        """`alive` says whether this end is ours."""
        if self._ended_by is not None:
            return self._ended_by, abs(status)
        if status == -signal.SIGKILL and not alive:
            return "memory", signal.SIGKILL
        return ("signalled", -status) if status < 0 else ("exited", status)
