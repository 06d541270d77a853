"""What is said of names that are not known: the nearest one, a new one, or all there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.config.grammar.renamed import APPLICATIONS, PRETRAINED, renamed
from dlcli.config.yaml.diagnostics import listing
from dlcli.errors import did_you_mean

if TYPE_CHECKING:
    from dlcli.catalogue.signature import Entry
    from dlcli.config.grammar.reading import Invalid, Reader
    from dlcli.config.yaml.nodes import Mark


def unknown_name(name: str, mark: Mark, kind: str, path: str, reader: Reader) -> Invalid:
    """Report a name that is no class of a kind."""
    suggestion = reader.catalogue.suggest(kind, name)
    meant = f"; did you mean '{suggestion}'?" if suggestion else ""
    hint = f"List them with `dlcli ls {kind}`."
    elsewhere = [
        k for k in reader.catalogue.kinds() if k != kind and reader.catalogue.find(k, name)
    ]
    if elsewhere and not suggestion:
        hint = f"it is one of the {elsewhere[0]}; {hint}"
    message = f"'{name}' is not one of the {kind}{meant}"
    if kind == "layers" and name.startswith(APPLICATIONS) and not suggestion:
        message = f"'{name}' is a network of keras.applications, not a layer"
        hint = f"{PRETRAINED}; build it from layers, or with blocks"
    if "(" in name and (entry := reader.catalogue.find(kind, name.partition("(")[0].strip())):
        required = [argument.name for argument in entry.arguments if argument.required]
        example = ", ".join(f"{argument}: ..." for argument in required)
        hint = f"name the arguments: {{{entry.name}: {{{example}}}}}"
    return reader.report("unknown-name", mark, path, message, hint)


def unknown_argument(
    name: str, mark: Mark, entry: Entry, path: str, reader: Reader, hint: str = ""
) -> Invalid:
    """Report an argument that a class does not have."""
    known = list(entry.by_name)
    hint = hint or renamed(name, entry)
    meant = "" if hint else did_you_mean(name, known)
    message = f"'{name}' is not an argument of {entry.name}{meant}"
    if not hint and not meant:
        hint = f"it takes {listing(known)}" if known else "it takes no arguments"
    return reader.report("unknown-argument", mark, path, message, hint)
