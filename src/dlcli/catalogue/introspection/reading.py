"""Reading every entry off the installed Keras."""

from __future__ import annotations

import difflib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.catalogue import MODULES
from dlcli.catalogue.introspection.arguments import parameters, read_arguments
from dlcli.catalogue.introspection.inventory import inventory, own_optimizers
from dlcli.catalogue.introspection.wording import documentation
from dlcli.catalogue.signature import Entry
from dlcli.optimizers import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.catalogue.introspection.inventory import Item

Documented = dict[str, list[tuple[str, Any, str]]]
"""For each argument name: the classes that document it, with their default and help."""


def read_entries() -> Iterator[Entry]:
    """Yield an entry for each class and activation function that a config may meet."""
    for kind in MODULES:
        items = inventory(kind)
        if kind == "optimizers":
            items += own_optimizers()
            yield from _left_out()
        documented = documented_in(items)
        for item in items:
            yield _read_entry(item, documented)


def documented_in(items: list[Item]) -> Documented:
    """Return the help of every argument that the classes document."""
    found: Documented = defaultdict(list)
    for item in items:
        helps = documentation(item.object)[1]
        for parameter in parameters(item):
            if text := helps.get(parameter.name):
                found[parameter.name].append((item.name, parameter.default, text))
    return found


def _read_entry(item: Item, documented: Documented) -> Entry:
    summary, helps = documentation(item.object)
    if item.refused:
        return Entry(item.kind, item.name, summary, (), item.aliases, item.refused)
    missing = {p.name: p.default for p in parameters(item)}.keys() - helps.keys()
    for parameter in parameters(item):
        if parameter.name in missing and documented[parameter.name]:
            helps[parameter.name] = borrowed(item.name, parameter, documented[parameter.name])
    arguments = read_arguments(item, helps)
    return Entry(
        item.kind, item.name, summary, arguments, item.aliases,
        module=item.module, rates=stated_rates(item.object),
    )  # fmt: skip


def stated_rates(member: Any) -> tuple[float, float, str] | None:
    """Return the learning rates that an optimizer says should be searched, and its source."""
    rates = getattr(member, "learning_rates", None)
    if not rates:
        return None
    low, high = rates
    return float(low), float(high), str(getattr(member, "rates_source", ""))


def _left_out() -> Iterator[Entry]:
    """Yield the optimizers that people ask for in vain, with the reason."""
    for name, (summary, reason) in LEFT_OUT.items():
        yield Entry("optimizers", name, summary, aliases=(name.lower(),), refused=reason)


def borrowed(name: str, parameter: Any, offers: list[tuple[str, Any, str]]) -> str:
    """Return the help of the same argument in the class that is most alike."""

    def alike(offer: tuple[str, Any, str]) -> tuple[bool, float]:
        owner, default, _ = offer
        ratio = difflib.SequenceMatcher(None, name, owner).ratio()
        return repr(default) == repr(parameter.default), ratio

    return max(offers, key=alike)[2]
