"""A benchmark's worker as a process: what it says, whatever it is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.subjects.checkpoints import write_llama
from harness.vocabulary.costs import Quantity
from harness.vocabulary.turns import (
    End,
    Message,
    Missing,
    Once,
    Ready,
    Turn,
    Turned,
    Warm,
    Warmed,
    line,
    said,
)


@pytest.fixture(scope="module")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of width 16 and 2 layers, with 300 positions."""
    folder = tmp_path_factory.mktemp("tiny")
    return write_llama(folder, dtype="float32", max_position_embeddings=300)


def talk(
    task: str, *orders: Message, raw: str = "", arguments: tuple[str, ...] = ()
) -> tuple[list[Message], int, str]:
    """What a worker says to these orders; its exit code; the rest of its output."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.speed", task, *arguments],
        input="".join(map(line, orders)) + raw,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return [said(each) for each in done.stdout.splitlines()], done.returncode, done.stderr


def test_an_import_is_measured_once_and_the_end_of_orders_ends_the_worker() -> None:
    (once, ready), code, _ = talk("import.tokenizers", arguments=("--threads", "1"))
    assert isinstance(once, Once)
    assert once.quantity == "import.tokenizers/seconds"
    assert 0.0005 < once.value < 60.0
    assert isinstance(ready, Ready)
    (quantity,) = ready.quantities
    assert quantity == Quantity("import.tokenizers/seconds", "s", repeats=False, least=0.01)
    assert ready.machine["threads"] == "1"
    assert "tokenizers" in ready.versions
    assert code == 0


def test_what_it_does_not_measure_is_missed_and_it_goes_on_until_the_end() -> None:
    orders = (Turn("no/such", 0.1), Warm("no/other"), End(), Turn("no/such", 0.1))
    said_, code, _ = talk("import.tiktoken", *orders)
    assert said_[-2:] == [
        Missing("no/such", "this worker does not measure it"),
        Missing("no/other", "this worker does not measure it"),
    ]
    assert code == 0


def test_a_task_that_cannot_be_opened_says_why_and_offers_nothing() -> None:
    (missing, ready), code, _ = talk("model")
    assert isinstance(missing, Missing)
    assert missing == Missing("", "model needs a subject")
    assert isinstance(ready, Ready)
    assert ready.quantities == ()
    assert code == 0


def test_an_unknown_task_and_a_line_that_is_no_order() -> None:
    (missing, _), _, _ = talk("import.nothing")
    assert missing == Missing("", "unknown task 'import.nothing'")
    _, code, output = talk("import.tiktoken", raw="hello\n")
    assert code == 2
    assert "no message of a benchmark's worker: 'hello'" in output


def test_a_tiny_model_is_measured_from_the_first_token_to_the_last(tiny_llama: Path) -> None:
    arm = {"name": "tiny", "stack": "installed", "subject": f"tiny={tiny_llama}"}
    orders: list[Message] = [
        order
        for name in ("first-token@32x1", "decode@64x1", "generate@64x1")
        for order in (Warm(f"model/{name}"), Turn(f"model/{name}", 0.01))
    ]
    answers, code, _ = talk("model", *orders, arguments=("--arm", json.dumps(arm)))
    assert code == 0
    missing = {each.quantity: each.reason for each in answers if isinstance(each, Missing)}
    assert missing == {
        "model/first-token@512x1": "the model has 300 positions, not 512",
        "model/decode@1024x1": "the model has 300 positions, not 1040",
    }
    (ready,) = (each for each in answers if isinstance(each, Ready))
    assert [each.name for each in ready.quantities] == [
        *("first-token@32x1", "first-token@128x1", "first-token@128x8"),
        *("decode@64x1", "decode@256x1", "decode@256x8", "generate@64x1"),
    ]
    assert [type(each) for each in answers[-6:]] == [Warmed, Turned] * 3
    turned = [each for each in answers if isinstance(each, Turned)]
    _, one_token, sixteen_tokens = (each.cpu or 0.0 for each in turned)
    assert sixteen_tokens > 4 * one_token > 0


def test_what_libraries_print_does_not_reach_the_messages() -> None:
    program = (
        "import sys, harness.speed.__main__ as worker\n"
        "kept = worker._keep_stdout()\n"
        "print('loading...'); sys.stdout.flush()\n"
        "import os; os.write(1, b'from C\\n')\n"
        "kept.write('message\\n'); kept.flush()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "message\n"
    assert done.stderr == "loading...\nfrom C\n"
