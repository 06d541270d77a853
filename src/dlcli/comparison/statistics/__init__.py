"""Scores of trials become numbers with an uncertainty: arrays in, numbers and frozen records out.

Conventions, kept by every module here:

- Scores have shape (candidates, seeds) and are paired: one column is one seed, which gave every
  candidate the same initial weights and the same batches. Several problems are a sequence of
  such arrays, one a problem.
- Greater is better. The negative of a loss goes in where losses are compared; differences keep
  their size.
- A diverged or stuck run is a score like any other, filled in by the caller with the worst
  possible outcome (chance level for an accuracy), so that it is never dropped. A trial that could
  not be run at all is NaN; `pairing.complete` says which seeds are left to compare.
- Whatever draws random numbers takes a `numpy.random.Generator`.

Modules: `description` (one candidate), `power` (how many seeds), `permutation` (the test behind
"better than"), `pairing` (two candidates), `verdict` (the answer), `censored` (time to target),
`sensitivity` (learning rates, initialisers), `budget` (tuning), `problems` (several problems),
`ranking` (ranks over problems), `inclusion` (optimizers that contain others).
"""
