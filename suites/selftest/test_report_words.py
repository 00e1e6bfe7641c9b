"""Headlines, names of cells, sizes, and the order of what is shown."""

from __future__ import annotations

from dataclasses import replace

from harness.report import numbers, summary, words
from harness.report.excerpts import sides
from harness.report.plain import clean
from harness.vocabulary.cells import cell_of
from harness.vocabulary.gated import (
    BehaviourVerdict,
    GateReport,
    ObservationVerdict,
    PackageVerdict,
)
from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.stacks import Lock, Move
from harness.vocabulary.verdicts import Verdict

EMPTY = GateReport(None, None, (), "built", "", (), (), (), (), 4, 1.0, "old", "new")


def verdicts(*found: Verdict) -> tuple[BehaviourVerdict, ...]:
    return tuple(BehaviourVerdict(f"t.py::test_{i}", "gpt2", v) for i, v in enumerate(found))


def exact(value: object) -> Observation:
    return Observation("x", "exact", value)


def shown(old: object, new: object, width: int = 40) -> tuple[str, str, str]:
    cut = sides(exact(old), exact(new), width)
    return cut.at, str(cut.baseline), str(cut.candidate)


def test_a_gate_without_any_behaviour_says_that_nothing_was_measured() -> None:
    assert words.headline(EMPTY) == "Nothing was measured (exit 4: inconclusive)"


def test_a_gate_of_unknowns_says_that_it_has_no_evidence() -> None:
    report = replace(EMPTY, behaviours=verdicts(Verdict.UNKNOWN))
    assert words.headline(report).startswith("No evidence: 1 unknown of 1 verdict ")


def test_a_gate_of_what_fails_on_both_sides_says_that_nothing_could_differ() -> None:
    report = replace(EMPTY, behaviours=verdicts(Verdict.FAILING, Verdict.FAILING), exit_code=4)
    assert words.headline(report) == (
        "Nothing was measured that could differ: 2 failing (exit 4: inconclusive)"
    )


def test_an_unchanged_gate_says_so_with_the_meaning_of_its_exit_code() -> None:
    report = replace(EMPTY, behaviours=verdicts(Verdict.SAME, Verdict.SAME), exit_code=0)
    assert words.headline(report) == (
        "Nothing changed: 2 verdicts, all same (exit 0: nothing changed)"
    )


def test_the_headline_counts_only_what_fails_this_gate_heaviest_first() -> None:
    behaviours = verdicts(Verdict.DRIFTED, Verdict.CHANGED, Verdict.BROKEN, Verdict.SAME)
    report = replace(EMPTY, behaviours=behaviours, exit_code=1)
    assert words.headline(report).startswith("1 broken, 1 changed of 4 verdicts")
    strict = replace(report, fail_on=frozenset({Verdict.DRIFTED}))
    assert words.headline(strict).startswith("1 drifted of 4 verdicts")


def test_drift_that_does_not_fail_is_named_beside_exit_0() -> None:
    report = replace(EMPTY, behaviours=verdicts(Verdict.DRIFTED, Verdict.SAME), exit_code=0)
    assert "1 drifted, 1 same" in words.headline(report)


def test_a_package_that_went_back_leads_the_headline() -> None:
    report = replace(
        EMPTY,
        moved=(Move("transformer-lens", "3.9", "4.3"), Move("sae-lens", "6.54", "6.51", True)),
        packages=(PackageVerdict("sae-lens", "unimportable", "ImportError"),),
        behaviours=verdicts(Verdict.BROKEN),
        exit_code=1,
    )
    assert words.headline(report).startswith(
        "sae-lens went back from 6.54 to 6.51; cannot import sae-lens; 1 broken of 1 verdict"
    )


def test_the_side_without_a_lock_is_the_one_that_cannot_be_built() -> None:
    lock = Lock("some", (("torch", "2.13.0"),))
    report = replace(EMPTY, stack_verdict="unsolvable", exit_code=3)
    meaning = "is unsolvable (exit 3: a stack cannot be built)"
    assert words.headline(replace(report, baseline=lock)) == f"The candidate new {meaning}"
    assert words.headline(replace(report, candidate=lock)) == f"The baseline old {meaning}"


def test_where_both_stacks_have_locks_the_reason_names_the_side() -> None:
    lock = Lock("some", (("torch", "2.13.0"),))
    reason = "the baseline: sentencepiece==0.1.99 did not build\ngcc was not found"
    report = replace(EMPTY, baseline=lock, candidate=lock, stack_verdict="uninstallable")
    assert words.headline(replace(report, stack_reason=reason, exit_code=3)) == (
        "A stack is uninstallable: the baseline: sentencepiece==0.1.99 did not build "
        "(exit 3: a stack cannot be built)"
    )


def test_every_verdict_has_a_meaning() -> None:
    assert set(words.MEANING) == set(Verdict)


def test_cells_fold_by_subject_and_precision() -> None:
    cells = [cell_of(c) for c in ("smollm2-nf4-cpu", "smollm2-fp4-cpu", "gpt2")]
    assert words.cells_text(cells, several_devices=False) == "nf4, fp4 of smollm2; gpt2"


def test_the_device_is_named_where_there_are_several() -> None:
    cells = [cell_of(c) for c in ("m-nf4-cpu", "m-nf4-cuda:1")]
    assert words.cells_text(cells, several_devices=True) == "nf4 on cpu, nf4 on cuda:1 of m"


def test_behaviours_stand_by_their_heaviest_verdict() -> None:
    behaviours = (
        BehaviourVerdict("a.py::test_a", "m-nf4-cpu", Verdict.DRIFTED),
        BehaviourVerdict("b.py::test_b", "m-nf4-cpu", Verdict.FLAKY),
        BehaviourVerdict("b.py::test_b", "m-fp4-cpu", Verdict.BROKEN),
        BehaviourVerdict("c.py::test_c", "m-fp4-cpu", Verdict.SAME),
    )
    groups = summary.groups(replace(EMPTY, behaviours=behaviours))
    assert [group.behaviour for group in groups] == ["b.py::test_b", "a.py::test_a"]
    assert [fold.verdict for fold in groups[0].folds] == [Verdict.BROKEN, Verdict.FLAKY]


def test_libraries_under_test_come_first_and_only_others_are_folded() -> None:
    others = tuple(Move(f"dep-{i:02}", "1", "2") for i in range(20))
    back = Move("zlib-ng", "2", "1", True)
    moves = summary.moves(replace(EMPTY, moved=(*others, back, Move("torch", "2.12", "2.13"))))
    assert [move.package for move in moves.listed[:2]] == ["torch", "zlib-ng"]
    assert len(moves.listed) == 12
    assert len(moves.listed) + len(moves.folded) == 22


def test_size_is_in_multiples_of_the_wider_noise() -> None:
    old = Observation("kl", "numeric", 0.1, "nats", Noise(0.001, "bound"))
    new = Observation("kl", "numeric", 0.2, "nats", Noise(0.002, "bound too"))
    entry = ObservationVerdict("kl", old, new, Verdict.DRIFTED, 50.0)
    assert words.size(entry) == f"50 {numbers.TIMES} 0.002"
    assert words.noise_source(entry) == "bound too"


def test_numbers_that_differ_never_look_the_same() -> None:
    assert numbers.pair(3.51234567891, 3.51234567892, "") == ("3.51234567891", "3.51234567892")
    assert numbers.pair(0.5, 0.25, "nats") == ("0.5 nats", "0.25 nats")


def test_bytes_and_seconds_are_scaled_together() -> None:
    assert numbers.pair(512 * 2**20, 2 * 2**30, "bytes") == ("0.5 GiB", "2 GiB")
    assert numbers.pair(0.0125, 0.25, "seconds") == ("12.5 ms", "250 ms")


def test_a_long_id_list_is_cut_around_its_first_difference() -> None:
    old = list(range(100, 200))
    new = [*old[:50], 7, *old[51:]]
    at, baseline, candidate = shown(old, new, 20)
    assert at == "[50]"
    assert "150" in baseline
    assert " 7," in candidate
    assert baseline.startswith("…")
    assert baseline.endswith("of 100")
    assert sides(exact(old), exact(new), 20).candidate.mark == "7"


def test_a_list_that_ends_early_says_where() -> None:
    assert shown([1, 2, 3], [1, 2]) == ("[2]", "1, 2, 3", "1, 2 (ends)")


def test_text_is_marked_from_its_first_to_its_last_difference() -> None:
    cut = sides(exact("LlamaTokenizerFast"), exact("LlamaTokenizer"), 40)
    assert (cut.baseline.before, cut.baseline.mark) == ('"LlamaTokenizer', "Fast")


def test_one_key_that_differs_is_named_by_its_path() -> None:
    old, new = {"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2}
    assert shown(old, new) == (".a.b", "1", "3")


def test_a_key_that_one_side_lacks_is_told() -> None:
    assert shown({"unk": 0}, {"unk": 0, "pad": 3}) == ("", "no pad", "pad: 3")


def test_true_does_not_look_like_1() -> None:
    assert shown(True, 1) == ("", "true", "1")


def test_numbers_are_shown_where_they_are_furthest_apart() -> None:
    old = Observation("x", "numeric", [[1.0, 2.0], [3.0, 4.0]])
    new = Observation("x", "numeric", [[1.0, 2.5], [3.0, 4.1]])
    cut = sides(old, new, 40)
    assert (cut.at, str(cut.baseline), str(cut.candidate)) == ("[0, 1]", "2", "2.5")


def test_shapes_are_shown_where_they_differ() -> None:
    cut = sides(Observation("x", "numeric", [[1.0, 2.0]]), Observation("x", "numeric", [1.0]), 40)
    assert str(cut.baseline) == f"shape 1{numbers.TIMES}2"


def test_foreign_text_loses_escapes_and_what_no_file_may_hold() -> None:
    assert clean("\x1b[31mred\x1b[0m\x00\ud800 ok\n") == "red\ufffd\ufffd ok\n"
