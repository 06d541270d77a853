"""What the installed Keras offers, read off Keras itself.

The only part of dlcli that looks into Keras's signatures, docstrings and behaviour; its result is
the file that `dlcli.config.catalogue` reads. `python -m dlcli.introspection --write` renews it.
"""
