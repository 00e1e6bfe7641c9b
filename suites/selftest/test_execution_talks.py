"""Processes that are talked to: every way a talk can end, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from process_ends import gone

from harness.execution import Gone, Talk
from harness.vocabulary.errors import StackError

ECHO = "import sys\nfor line in sys.stdin: print('said', line.strip(), flush=True)"
WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


def talk(code: str, directory: Path, limit: int | None = None) -> Talk:
    return Talk(
        [sys.executable, "-c", code],
        os.environ,
        directory / "log",
        directory=directory,
        memory_limit_bytes=limit,
    )


def test_lines_go_and_come(tmp_path: Path) -> None:
    with talk(ECHO, tmp_path) as echo:
        for word in ("one", "two"):
            echo.tell(word)
            assert echo.hear(20) == f"said {word}"


def test_lines_that_come_at_once_are_heard_one_by_one(tmp_path: Path) -> None:
    with talk("print('a\\nb\\nc')", tmp_path) as said:
        assert [said.hear(20) for _ in range(3)] == ["a", "b", "c"]


def test_the_end_of_its_input_ends_it_well(tmp_path: Path) -> None:
    with talk(ECHO, tmp_path) as echo:
        ended = echo.wait()
    assert (ended.kind, ended.code) == ("exited", 0)


def test_its_errors_are_in_the_log(tmp_path: Path) -> None:
    code = "import sys; print('why', file=sys.stderr); sys.exit(3)"
    with talk(code, tmp_path) as failing, pytest.raises(Gone) as caught:
        failing.hear(20)
    assert (caught.value.ended.kind, caught.value.ended.code) == ("exited", 3)
    assert (tmp_path / "log").read_text().strip() == "why"


def test_a_crash_is_told_by_its_signal(tmp_path: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    with talk(code, tmp_path) as crashing, pytest.raises(Gone) as caught:
        crashing.hear(20)
    assert (caught.value.ended.kind, caught.value.ended.code) == ("signalled", signal.SIGSEGV)


def test_silence_ends_it(tmp_path: Path) -> None:
    with talk("import time; time.sleep(60)", tmp_path) as silent:
        with pytest.raises(Gone) as caught:
            silent.hear(0.3)
        assert caught.value.ended.kind == "timeout"
        assert gone([silent.pid])


def test_one_that_ended_can_neither_be_told_nor_heard(tmp_path: Path) -> None:
    with talk(ECHO, tmp_path) as echo:
        ended = echo.kill()
        with pytest.raises(Gone) as told:
            echo.tell("hello")
        with pytest.raises(Gone) as heard:
            echo.hear(1)
    assert told.value.ended == heard.value.ended == ended


def test_a_line_without_an_end_is_refused(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write('x' * 2**23)"
    with talk(code, tmp_path) as babbling, pytest.raises(ValueError, match="a line of more than"):
        babbling.hear(20)


def test_above_its_memory_it_is_ended_when_it_is_looked_at(tmp_path: Path) -> None:
    code = "import time; kept = bytearray(b'x' * 2**28); print('full', flush=True); time.sleep(60)"
    with talk(code, tmp_path, limit=2**26) as swelling:
        assert swelling.hear(20) == "full"
        swelling.look()
        with pytest.raises(Gone) as caught:
            swelling.hear(20)
    assert caught.value.ended.kind == "memory"
    assert caught.value.ended.peak_bytes > 2**26


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    with talk(WITH_CHILD, tmp_path) as parent:
        child = int(parent.hear(20))
    assert gone([child])
    assert gone([parent.pid])


def test_an_interrupt_while_it_is_heard_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), talk("import time; time.sleep(60)", tmp_path) as silent:
        silent.hear(20, interrupted)
    assert gone([silent.pid])


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's PR_SET_PDEATHSIG")
def test_it_dies_with_the_process_that_talks_to_it(tmp_path: Path) -> None:
    code = f"""
import os, sys
from pathlib import Path
from harness.execution import Talk
path = Path({str(tmp_path)!r})
sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
talk = Talk(sleeper, os.environ, path / "log", directory=path)
print(talk.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert gone([int(done.stdout)])


INTERRUPTED = """
import os, signal, sys, threading, time
from pathlib import Path
from harness.execution import Talk
path = Path(sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
begun = time.monotonic()
try:
    while time.monotonic() - begun < 5:
        Talk([sys.executable, "-c", ""], os.environ, path / "log", directory=path).kill()
except KeyboardInterrupt:
    print("heard")
"""


@pytest.mark.parametrize("attempt", range(3))
def test_an_interrupt_while_it_is_started_is_not_lost(tmp_path: Path, attempt: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "heard\n", done.stderr


def test_a_program_that_is_not_there_is_an_error_of_its_stack(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="cannot be started"):
        Talk([str(tmp_path / "python")], {}, tmp_path / "log", directory=tmp_path)
