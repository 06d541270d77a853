"""What a value of a config may be: pieces that read, write and describe one kind of value each.

The values are plain data, Keras classes (`calls`), variables and formulas.
"""
