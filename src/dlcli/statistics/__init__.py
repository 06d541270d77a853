"""Scores of trials become numbers with an uncertainty: arrays in, numbers and frozen records out.

Conventions, kept by every module here:

- Scores have shape (candidates, replications) and are paired: one column is one replication, which
  gave every candidate the same split of the data, initial weights and batches. Several problems
  are a sequence of such arrays, one a problem.
- Greater is better. The negative of a loss goes in where losses are compared; differences keep
  their size.
- A diverged or stuck run is a score like any other, filled in by the caller with the worst
  possible outcome (chance level for an accuracy), so that it is never dropped. A trial that could
  not be run at all is NaN; `pairing.complete` says which replications are left to compare.
- Whatever draws random numbers takes a `numpy.random.Generator`.

Modules: `best` (the answer), `signs` (the test behind "worse"), `examples` (standard errors with
the sampling of the examples), `looks` (alpha over several looks), `description` (one candidate),
`pairing` (two candidates), `power` (what is promised), `censored` (time to target), `sensitivity`
(learning rates, initializers), `importance` (other settings), `budget` (tuning), `problems`
(several problems), `ranking` (ranks over problems), `inclusion` (optimizers that contain others).
"""
