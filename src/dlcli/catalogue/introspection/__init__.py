"""What the installed Keras offers, read off Keras itself.

The only part of dlcli that looks into Keras's signatures, docstrings and behaviour; its result is
the file that `dlcli.catalogue.catalogue` reads. To renew it, run
`python -m dlcli.catalogue.introspection --write`.
"""
