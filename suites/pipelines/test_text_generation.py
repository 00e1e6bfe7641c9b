"""The text-generation pipeline: how long, how many, what it logs, on a GPT-2 of random weights.

The numbers of tokens, not the texts, are what is looked at; texts are looked at on a trained model
in test_continuations.
"""

from __future__ import annotations

import pytest

from harness.plugin import documents, needs, precisions, requires, tier
from harness.subjects.standins import fill

pytestmark = requires("transformers", "torch")

DOG = "My dog really wanted to eat icecream because"
AI = "The future of AI is"
DOCUMENTED = (
    f"{AI} likely to be shaped by a combination of advances in hardware, algorithms, "
    "and data availability that together"
)


@pytest.fixture
def generator(keep, random_gpt2):
    """The pipeline as built by its defaults."""

    def make():
        from transformers import pipeline

        return pipeline("text-generation", model=random_gpt2, device=-1)

    return keep("text-generation pipeline", make)


@pytest.fixture
def five(keep, generator):
    """The documented call, with what it logged: lines and texts."""
    import torch

    torch.manual_seed(0)
    return keep(
        "five texts",
        lambda: [
            answer["generated_text"]
            for answer in generator(DOG, max_length=20, num_return_sequences=5)
        ],
    )


def lengths(generator, answers):
    return [len(generator.tokenizer(answer)["input_ids"]) for answer in answers]


def new_tokens(generator, prompt, **options):
    """How many ids come after the prompt's, by the ids themselves."""
    (answer,) = generator(prompt, return_tensors=True, do_sample=False, **options)
    return len(answer["generated_token_ids"]) - len(generator.tokenizer(prompt)["input_ids"])


@documents("pipeline.textgen.fragment")
def test_options_at_build_and_at_call_give_a_text_after_the_prompt(random_gpt2):
    from transformers import pipeline

    generator = pipeline("text-generation", model=random_gpt2, max_new_tokens=5, device=-1)
    output = generator(AI, do_sample=True, temperature=0.7)
    assert list(output[0]) == ["generated_text"]
    assert output[0]["generated_text"].startswith(AI)
    assert new_tokens(generator, AI) == 5


@tier("quick")
@documents("pipeline.max-length-fragment")
def test_the_documented_call_returns_five_texts(five, observe):
    observe.claim("pipeline.max-length-fragment", len(five), holds=len(five) == 5)


@documents("pipeline.multiple-returns-differ")
def test_the_five_texts_differ(five, observe):
    different = len(set(five))
    observe.claim("pipeline.multiple-returns-differ", different, holds=different == 5)


@documents("pipeline.text-includes-prompt")
def test_each_text_starts_with_the_prompt(five, observe):
    starting = sum(text.startswith(DOG) for text in five)
    observe.claim("pipeline.text-includes-prompt", f"{starting} of 5", holds=starting == 5)


@documents("pipeline.max-length-ignored")
def test_the_lengths_under_a_max_length_of_20(generator, observe):
    """Documented: 20 is overridden by the default of 256 new tokens."""
    prompt = len(generator.tokenizer(DOG)["input_ids"])
    made = new_tokens(generator, DOG, max_length=20)
    observe.claim(
        "pipeline.max-length-ignored",
        {"new tokens": made, "in all": made + prompt},
        holds=made == 256,
    )


@documents("pipeline.default-256")
def test_the_pipeline_makes_256_new_tokens_where_nothing_is_asked(generator, observe):
    made = new_tokens(generator, DOG)
    default = generator._default_generation_config
    observe.exact("do_sample, temperature", [default.do_sample, default.temperature])
    observe.claim("pipeline.default-256", made, holds=made == 256)


@documents("pipeline.both-lengths-precedence")
def test_new_tokens_win_over_the_whole_length_with_a_warning(generator, logged, observe):
    import torch

    ids = torch.tensor([[50, 60]])
    output = generator.model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_length=5,
        max_new_tokens=7,
        do_sample=False,
        pad_token_id=0,
    )
    made = output.shape[1] - 2
    warned = [line.partition(" Please")[0] for line in logged if "max_new_tokens" in line]
    observe.claim(
        "pipeline.both-lengths-precedence",
        {"new tokens": made, "warned": warned},
        holds=made == 7
        and warned
        == [
            "Both `max_new_tokens` (=7) and `max_length`(=5) seem to have been set. "
            "`max_new_tokens` will take precedence."
        ],
    )


@pytest.mark.parametrize(
    ("built", "called"),
    [
        pytest.param({}, {"max_length": 12}, id="length-at-call"),
        pytest.param({}, {"max_new_tokens": 3}, id="new-at-call"),
        pytest.param({}, {"max_new_tokens": 3, "max_length": 12}, id="both-at-call"),
        pytest.param({"max_new_tokens": 4}, {}, id="new-at-build"),
        pytest.param({"max_new_tokens": 4}, {"max_new_tokens": 3}, id="new-at-both"),
        pytest.param({"max_new_tokens": 4}, {"max_length": 12}, id="new-at-build-length-at-call"),
        pytest.param({"max_length": 12}, {}, id="length-at-build"),
        pytest.param({"max_length": 12}, {"max_new_tokens": 3}, id="length-at-build-new-at-call"),
    ],
)
def test_so_many_new_tokens_follow_from_these_options(random_gpt2, observe, built, called):
    """The prompt has 3 ids."""
    from transformers import pipeline

    generator = pipeline("text-generation", model=random_gpt2, device=-1, **built)
    observe.exact("new tokens", new_tokens(generator, "My dog really", **called))


def test_tokens_asked_for_at_the_call_are_made(generator):
    assert new_tokens(generator, DOG, max_new_tokens=3) == 3


@documents("pipeline.truncation-warning")
def test_a_max_length_in_the_call_warns_of_truncation(random_gpt2, logged, observe):
    from transformers import pipeline

    generator = pipeline("text-generation", model=random_gpt2, device=-1)
    generator(DOG, max_length=12, max_new_tokens=2)
    lines = [line for line in logged if line.startswith("Truncation was not explicitly activated")]
    observe.claim("pipeline.truncation-warning", lines or "nothing", holds=bool(lines))


@documents("pipeline.pad-eos-log")
def test_generation_without_a_pad_id_logs_that_it_takes_the_end(random_gpt2, logged, observe):
    from transformers import pipeline

    generator = pipeline("text-generation", model=random_gpt2, device=-1)
    generator(DOG, max_new_tokens=2)
    lines = [line for line in logged if "pad_token_id" in line]
    observe.claim(
        "pipeline.pad-eos-log",
        lines or "nothing",
        holds=lines == ["Setting `pad_token_id` to `eos_token_id`:50256 for open-end generation."],
    )


@documents("pipeline.device-log")
def test_building_a_pipeline_logs_its_device(random_gpt2, logged, observe):
    from transformers import pipeline

    pipeline("text-generation", model=random_gpt2, device="cpu")
    lines = [line for line in logged if line.startswith("Device set to use")]
    observe.claim(
        "pipeline.device-log", lines or "nothing", holds=lines == ["Device set to use cpu"]
    )


@documents("homework.batch-prompts")
def test_several_prompts_give_a_list_each(generator, observe):
    answers = generator(["a", "b", "c"], max_new_tokens=2)
    shape = [[sorted(answer) for answer in answered] for answered in answers]
    observe.claim("homework.batch-prompts", shape, holds=shape == [[["generated_text"]]] * 3)
    assert [answered[0]["generated_text"][0] for answered in answers] == ["a", "b", "c"]


def test_prompts_in_one_batch_go_on_as_they_do_alone(random_gpt2):
    """GPT-2's tokenizer pads on the right, where nothing can be generated after the padding."""
    from transformers import pipeline

    generator = pipeline("text-generation", model=random_gpt2, device=-1)
    generator.tokenizer.pad_token = generator.tokenizer.eos_token
    prompts = [DOG, AI, "a"]
    together = generator(prompts, batch_size=3, max_new_tokens=4, do_sample=False)
    alone = [generator(prompt, max_new_tokens=4, do_sample=False) for prompt in prompts]
    assert together == alone


def test_without_the_full_text_the_prompt_is_left_out(generator):
    whole, rest = (
        generator(AI, max_new_tokens=4, do_sample=False, return_full_text=full)[0]["generated_text"]
        for full in (True, False)
    )
    assert whole == AI + rest


def test_sampling_repeats_itself_under_a_seed(generator):
    from transformers import set_seed

    texts = []
    for seed in (1, 1, 2):
        set_seed(seed)
        texts.append(generator(AI, max_new_tokens=8)[0]["generated_text"])
    assert texts[0] == texts[1] != texts[2]


@needs(subject="gpt2")
@precisions("float32")
@documents("pipeline.textgen.output")
def test_the_documented_text_could_have_been_drawn_from_gpt2(model, hf_tokenizer, observe):
    """A sampled text cannot be expected again, but what cannot be drawn was not the output.

    The documented call draws each token among the 50 likeliest, the default of top_k. The claim
    does not hold where a token of the documented text is none of them.
    """
    import torch

    prompt = len(hf_tokenizer(AI)["input_ids"])
    ids = torch.tensor([hf_tokenizer(DOCUMENTED)["input_ids"]], device=model.device)
    with torch.no_grad():
        logits = model(ids).logits[0]
    ranks = [
        1 + int((logits[position - 1] > logits[position - 1, ids[0, position]]).sum())
        for position in range(prompt, ids.shape[1])
    ]
    observe.claim("pipeline.textgen.output", {"ranks": ranks}, holds=max(ranks) <= 50)


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        pytest.param(
            "gemma2",
            "homework.model.gemma2",
            marks=documents("homework.model.gemma2"),
            id="gemma2",
        ),
        pytest.param(
            "phi3", "homework.model.phi3", marks=documents("homework.model.phi3"), id="phi3"
        ),
        pytest.param(
            "llama", "homework.model.llama", marks=documents("homework.model.llama"), id="llama"
        ),
    ],
)
def test_the_architecture_generates_text(random_gpt2, observe, kind, claim):
    """A small model of the architecture that the documented name has; its weights are elsewhere."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, pipeline

    tokenizer = AutoTokenizer.from_pretrained(random_gpt2)
    config = AutoConfig.for_model(
        kind,
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        bos_token_id=50256,
        eos_token_id=50256,
        pad_token_id=50256,
    )
    model = fill(AutoModelForCausalLM.from_config(config))
    generate = pipeline("text-generation", model=model, tokenizer=tokenizer, device=-1)
    made = new_tokens(generate, AI, max_new_tokens=3, min_new_tokens=3)
    observe.claim(
        claim,
        {"architecture": kind, "class": type(model).__name__, "new tokens": made},
        holds=made == 3,
    )
