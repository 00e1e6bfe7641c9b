"""Running a gate: joins what decides (`gate`) with what acts (`stacks`, `execution`).

`session` is the whole of it, from two stack arguments to a report; the other modules are what
it acts by: environments, processes, the store of finished cells, progress.
"""
