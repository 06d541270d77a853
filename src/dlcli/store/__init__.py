"""Run and comparison folders: write once, read all.

`folder` is what both are, `runs` and `comparisons` what each holds, `environment` what is recorded
of the machine.
"""
