"""What a benchmark's worker process does: opens one task and measures it turn by turn.

Runs inside a stack: `python -m harness.speed TASK --arm JSON --threads N`. Imports no library
under test before the task asks for it.
"""
