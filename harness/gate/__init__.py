"""Gates: plan what to run, run it, compare the two sides, decide.

`plan`, `attempts`, `classify`, `compare` and `exitcode` decide and touch nothing; `session` joins
them with what builds environments and runs processes.
"""
