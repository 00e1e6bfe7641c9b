"""From "something changed" to the move, the release and the module. Decides; runs nothing.

`culprits` minimises the set of moves, `bisect` searches the releases of one package; both
are searches that `asking` runs for many changes over shared probes. `repeats` says how often
a probe must agree with itself, `grouping` puts together what has the same cause. `locate`
finds the first module or stage that parts, `ties` tells a tie that flipped from a change.
`answers` says which end of a change a run is like, `likely` which packages to try first.
"""
