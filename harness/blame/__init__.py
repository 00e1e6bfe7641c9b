"""From a change to the moves and releases that brought it. Decides; a world does the probing.

`culprits` minimises the set of moves, `bisect` searches the releases of one package; both
are searches that `asking` runs for many changes over shared probes. `repeats` says how often
a probe must agree with itself, `grouping` puts together what has the same cause.
"""
