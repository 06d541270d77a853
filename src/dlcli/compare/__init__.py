"""A comparison from its configs to its results: what `dlcli compare` and `compare-optimizers` do.

`reading` makes the plan, `placement` says where its trials run, `preflight` tries it out, `xla`
decides on XLA, `home` finds its folder, `session` trains what is missing there, `worker` is what a
worker's process does, `trial` one training, and `recommended` the config that comes of it. `plan`
says what to train, `results` what the scores allow to say.
"""
