"""The files that a model and its tokenizer are kept in."""

from __future__ import annotations

from harness.plugin import documents, requires, tier
from harness.subjects.standins import lay_out, snapshot

pytestmark = tier("quick")


@requires("transformers", "torch")
@documents("save.cache-files")
def test_a_model_and_its_tokenizer_are_kept_in_a_configuration_weights_and_vocabulary(
    work_dir, observe
):
    """GPT-2's, loaded and saved again: the documents list what a cache may hold of any family."""
    import transformers

    lay_out(work_dir, ["gpt2"])
    folder, saved = snapshot(work_dir, "gpt2"), work_dir / "saved"
    transformers.AutoModelForCausalLM.from_pretrained(folder).save_pretrained(saved)
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(saved)
    found = sorted(path.name for path in saved.iterdir())
    needed = {"config.json", "model.safetensors", "tokenizer.json"}
    observe.claim("save.cache-files", found, holds=needed <= set(found))
