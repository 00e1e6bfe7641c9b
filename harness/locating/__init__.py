"""The worker that looks inside a model or a tokenizer of one stack, for two to be compared."""
