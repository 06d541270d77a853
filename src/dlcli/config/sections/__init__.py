"""The keys of a config: `experiment` has them all, the other modules the larger sections.

`root` reads a whole document.
"""
