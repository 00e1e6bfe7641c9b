"""What is said of where a change begins, on a terminal, in Markdown, as JSON and on a page."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from located_world import BEGIN, FOUND, LOOK, MODEL, SCRIPT, STAGE, apart
from rich.console import Console

from harness.report.located import html, jsonform, markdown, terminal
from harness.report.located.growing import growth_plot
from harness.report.located.rows import told
from harness.vocabulary.captures import ParameterSeen
from harness.vocabulary.located import Grown, Located, ModelParted, Parting


def model_part(model: ModelParted):
    (part,) = told(Located("t.py::test", "c", LOOK, ("model",), model=model)).parts
    return part


def shown(part) -> dict[str, tuple[str, str]]:
    return {row.name: (str(row.baseline), str(row.candidate)) for row in part.sides}


def test_the_module_where_it_begins_is_named_with_what_each_side_does_there():
    part = model_part(MODEL)
    assert part.headline == (
        "Begins in layers.0.attn (CappedAttention): given the same, it returns another thing"
    )
    assert part.told == ("its output lies 0.25 of its norm apart, 500 times what noise allows",)
    assert shown(part) == {
        "attention": ("sdpa", "eager"),
        "calls": ("scaled_dot_product_attention", "matmul, softmax, matmul"),
        "given mask": ("bool[4, 4]", "float32[4, 4]"),
        "cpu": ("AVX2", "AVX512"),
    }


def test_the_growth_ends_with_what_the_model_returns():
    rows = model_part(MODEL).growth
    assert [(row.name, row.apart, row.times) for row in rows] == [
        ("layers.0", "equal", ""),
        ("layers.1", "0.12", "250"),
        ("the model", "0.5", "1,000"),
    ]


def test_what_adds_up_by_rounding_blames_no_module():
    slight = replace(BEGIN, output=replace(apart(2e-5), allowed=1e-6))
    bit = replace(BEGIN, order=1, candidate=replace(BEGIN.candidate, name="embed"))
    part = model_part(replace(MODEL, origin=slight, first=slight, first_bit=bit))
    assert part.headline == (
        "Adds up from embed (CappedAttention) on by rounding, and is beyond noise from "
        "layers.0.attn (CappedAttention) on: no one module is to blame"
    )


def test_a_parameter_that_is_another_is_told_with_what_it_became():
    packed, loose, bias = (
        ParameterSeen("weight", (64, 1), "uint8", "a"),
        ParameterSeen("weight", (8, 8), "uint8", "b"),
        ParameterSeen("bias", (8,), "float32", "c"),
    )
    changed = replace(
        BEGIN,
        baseline=replace(BEGIN.baseline, parameters=(packed, bias)),
        candidate=replace(BEGIN.candidate, parameters=(loose, replace(bias, digest="d"))),
        parameters=("weight", "bias"),
    )
    told_of = model_part(replace(MODEL, origin=changed)).told
    assert "its own weight is another: uint8[64, 1] → uint8[8, 8]" in told_of
    assert "its own bias is another: other values" in told_of


def test_what_was_found_stands_before_what_was_not():
    parts = told(Located("", "", LOOK, ("tokenizer", "model"), model=MODEL)).parts
    assert [part.found for part in parts] == [True, False]
    page = html.to_html(("old", "new"), Located("", "", LOOK, ("tokenizer", "model"), model=MODEL))
    assert f"<h1>{parts[0].headline}</h1>" in page


def test_a_module_that_was_given_another_thing_is_not_said_to_begin_it_by_itself():
    given = replace(BEGIN, received=(replace(apart(1.0), part="hidden_states"),))
    part = model_part(replace(MODEL, origin=None, first=given))
    assert part.headline == "Begins in layers.0.attn (CappedAttention)"
    assert "it was given another hidden_states: what made that is no module" in part.told


@pytest.mark.parametrize(
    ("bit", "said"),
    [
        (None, "Every module returns the same, bit by bit, over this input"),
        (
            BEGIN,
            "No module parts beyond noise; other bits from layers.0.attn (CappedAttention) on",
        ),
    ],
)
def test_a_model_that_does_not_part_is_told_as_that(bit, said):
    part = model_part(replace(MODEL, origin=None, first=None, first_bit=bit))
    assert part.headline == said


def test_the_first_stage_is_named_with_both_sides_where_they_part():
    (part,) = told(Located("", "", LOOK, ("tokenizer",), STAGE)).parts
    assert part.headline == (
        "Begins in the pre-tokenizer of the tokenizer: of the text 'english' it makes another thing"
    )
    assert part.told == (
        "so of english, python",
        "after it the model, the decoder differ as well",
    )
    text, described = part.sides
    assert text.name == "english at [1]"
    assert (text.baseline.mark, text.candidate.mark) == ('" quick"', '" "')
    assert described.name == "description of pre_tokenizer at .type"
    assert (described.baseline.mark, described.candidate.mark) == ("ByteLevel", "Metaspace")


def test_a_tokenizer_that_was_looked_into_and_does_not_part_is_told():
    (part,) = told(Located("", "", LOOK, ("tokenizer",))).parts
    assert part.headline == "The tokenizer does the same at every stage, with every text"


@pytest.mark.parametrize(
    ("parting", "headline", "line"),
    [
        (
            Parting("tie", 5, 12, 17, 0.001, 0.0004, 0.002),
            "ids: parts at token 5: a tie that flipped",
            "the two logits moved against each other by at least 0.0014",
        ),
        (
            Parting("change", 2, 12, None, 3.0, None, 0.002, moved_from=1),
            "ids: parts at token 2: another choice",
            "gaps had moved beyond that from token 1 on",
        ),
    ],
)
def test_generated_ids_are_told_as_a_tie_or_another_choice(parting, headline, line):
    (part,) = told(Located("t.py::test", "c", partings=(("ids", parting),))).parts
    assert part.headline == headline
    assert line in part.told


@pytest.mark.parametrize(
    ("looked", "said"), [((), ""), (("tokenizer",), "the tokenizer of capped")]
)
def test_only_what_could_be_looked_into_is_said_to_have_been(looked, said):
    found = Located("t.py::test", "c", LOOK, looked, lacking=("the model itself raises",))
    assert told(found).looked == said


def test_a_terminal_shows_it_all_and_why_the_rest_is_lacking():
    out = io.StringIO()
    found = replace(FOUND, lacking=("the weights are gone\n  next:    bring them",))
    terminal.render(found, Console(file=out, width=120))
    text = out.getvalue()
    for said in ("a tie that flipped", "Begins in the pre-tokenizer", "eager", "bring them"):
        assert said in text
    assert "CappedForCausalLM in float32 on cpu over 3 tokens" in text


def test_json_has_every_field_and_is_strict():
    endless = replace(MODEL, growth=(Grown("", apart(float("inf"))),))
    data = jsonform.to_json(replace(FOUND, model=endless), ("old", "new"))
    again = json.loads(json.dumps(data, allow_nan=False))
    assert again["model"]["origin"]["candidate"]["name"] == "layers.0.attn"
    assert again["model"]["growth"][0]["output"]["size"] == "Infinity"
    assert (again["stage"]["stage"], again["partings"][0][1]["verdict"]) == ("pre-tokenizer", "tie")


def test_markdown_holds_a_table_of_both_sides():
    text = markdown.to_markdown(FOUND)
    assert "| attention | sdpa | eager |" in text
    assert "| the model | 0.5 | 1,000 |" in text


def test_the_page_draws_the_growth_and_escapes_what_it_is_given():
    hostile = replace(BEGIN, candidate=replace(BEGIN.candidate, name=SCRIPT))
    found = replace(
        FOUND,
        behaviour=SCRIPT,
        model=replace(MODEL, origin=hostile, growth=(*MODEL.growth, Grown(SCRIPT, apart(0.1)))),
    )
    page = html.to_html(("old", SCRIPT), found)
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    assert page.count("<svg") == 1


def test_a_growth_of_one_output_or_of_none_is_not_drawn():
    assert growth_plot(replace(MODEL, growth=MODEL.growth[-1:])) is None
    flat = tuple(Grown(each.name, apart(0.0)) for each in MODEL.growth)
    assert growth_plot(replace(MODEL, growth=flat)) is None
