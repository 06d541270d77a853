"""What a comparison came to: trials in, tidy tables and a verdict out.

`frames` lists what was trained, `scores` fills in what failed, `summary` ranks, `curves` prepares
what is drawn, `several` aggregates over problems, `wording` says it in sentences. `make_results`
puts all of them together; nothing here trains, draws or writes.
"""

from dlcli.compare.results.assembly import Results, make_results

__all__ = ["Results", "make_results"]
