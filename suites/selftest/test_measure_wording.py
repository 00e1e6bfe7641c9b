"""Answers and warnings of libraries, from calls and texts written here."""

from __future__ import annotations

import logging
import warnings

import pytest

from harness.measure.wording import Answer, answer, first_line, listening


class PanicError(BaseException):
    """An error that `except Exception` lets through, as a panic of Rust code is."""

    __module__ = "rust.runtime"


def test_an_error_is_told_by_its_class_and_first_line():
    def call() -> None:
        raise ValueError("\nno such file\nhint: look elsewhere")

    assert answer(call) == Answer("ValueError", "no such file")
    assert answer(call).kind == "ValueError"


def test_an_error_that_is_no_exception_is_an_answer_too():
    def call() -> None:
        raise PanicError("index out of bounds")

    assert answer(call) == Answer("rust.PanicError", "index out of bounds")


def test_an_interrupt_is_no_answer():
    def call() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(call)


def test_a_call_that_returns_is_told_by_its_value():
    assert answer(lambda: [1, 2]).kind == "returns [1, 2]"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("no file at '/tmp/pytest-3/test_x0/model.bin'.", "no file at '<path>'."),
        ("see https://example.org/a/b for more", "see https://example.org/a/b for more"),
        ("and/or a half/whole", "and/or a half/whole"),
        ("<object at 0x7f12ab34cd>", "<object at <address>>"),
        ("INTERNAL: src/trainer.cc(744) [x]", "INTERNAL: src/trainer.cc [x]"),
        ("ignored ({'b', 'a'})", "ignored ({'a', 'b'})"),
        ("must be one of {'b', 'a'}", "must be one of { …"),
        ("x is bad. Valid keys are: {'b', 'a'}", "x is bad. Valid keys are: …"),
        ("x is bad. Should contain one of a, b", "x is bad. Should contain one of …"),
    ],
)
def test_words_are_told_without_what_another_run_varies(text, told):
    assert first_line(text) == told


def test_warnings_and_log_lines_of_a_library_are_heard_once_each():
    with listening(["ours"]) as said:
        for _ in range(2):
            warnings.warn("old name", FutureWarning, stacklevel=1)
            logging.getLogger("ours.inner").warning("slow path")
        logging.getLogger("ours").info("detail")
        logging.getLogger("theirs").warning("not ours")
    assert said == ["logged: slow path", "FutureWarning: old name"]


def test_a_warning_of_another_installed_library_is_not_heard():
    with listening(["ours"]) as said:
        place = "/usr/lib/site-packages/theirs/module.py"
        warnings.warn_explicit("theirs", UserWarning, place, 1)
        warnings.warn_explicit("ours", UserWarning, place.replace("theirs", "ours"), 1)
    assert said == ["UserWarning: ours"]
