"""One argument of a Keras class on trial: proposed types, held against what the class accepts."""

from __future__ import annotations

import ast
import functools
import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras

from dlcli.catalogue.introspection.conventions import array, types_by_name
from dlcli.catalogue.introspection.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlcli.catalogue.introspection.inventory import Item
    from dlcli.catalogue.introspection.probing import Probe
    from dlcli.catalogue.signature import Type

_GARBAGE = "no-such-value"
_ORDINARY = {"integer": (4, 2, 1, 256), "number": (0.5, 1.0, 2.0)}
_CASES = (str.lower, str.upper)


@dataclass
class Construction:
    """One argument under trial."""

    item: Item
    probe: Probe
    name: str
    text: str
    default: Any
    required: bool

    def confirm(self, proposed: tuple[Type, ...]) -> tuple[Type, ...]:
        """Return the types with the limits, lengths and choices that the class keeps."""
        confirmed = [refined for type_ in proposed if (refined := self._refine(type_, proposed))]
        confirmed += self._unsaid(confirmed)
        return tuple(sorted(dict.fromkeys(confirmed), key=lambda t: t.name == "null"))

    def _accepts(self, value: Any, *, used: bool = True) -> bool:
        return self.probe.accepts(used=used, **{self.name: value})

    @functools.cached_property
    def _validated(self) -> bool:
        """Whether the class refuses what can never be right, so that what it takes is meant."""
        return not self._accepts(_GARBAGE) and not self._accepts({_GARBAGE: _GARBAGE})

    def _refine(self, type_: Type, proposed: tuple[Type, ...]) -> Type | None:
        """Return the type within the class's own limits, or None if the class refuses it all."""
        if type_.name in ("integer", "number"):
            return self._number(type_)
        if type_.name == "string":
            return self._string(type_)
        if type_.name == "array":
            return self._array(type_, proposed)
        if type_.name == "null" and (self.required or self.default is not None):
            return type_ if self._accepts(None) else None
        return type_

    def _number(self, type_: Type, length: int = 0) -> Type:
        """Tighten the limits of a number, or of the items of an array of the given length."""

        def accepts(value: float, *, used: bool = True) -> bool:
            return self._accepts((value,) * length if length else value, used=used)

        # A positive size may just not fit the tiny input, so layers are only constructed.
        fits = functools.partial(accepts, used=self.item.kind != "layers")
        if not any(fits(v) for v in _ORDINARY[type_.name]):
            return type_
        if type_.name == "integer":
            return self._whole(type_, accepts, fits)
        minimum, exclusive, maximum = type_.minimum, type_.exclusive, type_.maximum
        if minimum is None and not accepts(-10.0):
            minimum = -1 if accepts(-1.0) else None if accepts(-0.1) else 0
        if minimum == 0:
            exclusive = (exclusive or not accepts(0.0)) and self.default != 0
        if maximum is None and not any(fits(v) for v in (2.0, 10.0, 100.0)):
            maximum = 1
        return replace(type_, minimum=minimum, maximum=maximum, exclusive=exclusive)

    def _whole(
        self, type_: Type, accepts: Callable[[int], bool], fits: Callable[[int], bool]
    ) -> Type:
        """Tighten the smallest value of an integer."""
        minimum = type_.minimum
        if minimum is None and not (accepts(-1) or accepts(-2)):
            minimum = 0
        if minimum == 0 and not accepts(0):
            minimum = 1
        if minimum == 1 and self.probe.given <= {self.name} and not fits(1) and fits(2):
            minimum = 2
        return replace(type_, minimum=minimum)

    def _string(self, type_: Type) -> Type:
        """Find the choices of a string: documented or in the source, and taken by the class."""
        named = types_by_name(self.item.name, self.name) is not None
        open_ended = not type_.choices and (named or not quoted(self.text))
        if open_ended or self._accepts(_GARBAGE):
            return type_
        candidates = list(type_.choices)
        if not named:
            candidates += [*quoted(self.text), *_strings_in_source(self.item.object)]
        used = self._accepts(_GARBAGE, used=False)
        own = [self.default] if isinstance(self.default, str) else []
        good = [c for c in dict.fromkeys([*own, *candidates]) if self._accepts(c, used=used)]
        cased = [change(c) for c in good for change in _CASES] if self._caseless(good) else []
        cased = [c for c in cased if self._accepts(c, used=used)]
        return replace(type_, choices=tuple(dict.fromkeys([*good, *cased])))

    def _caseless(self, choices: list[str]) -> bool:
        return "case-insensitive" in self.text or any(not c.islower() for c in choices)

    def _array(self, type_: Type, proposed: tuple[Type, ...]) -> Type | None:
        """Correct the length of an array, and the limits of its items, where the class has any."""
        item = type_.items[0] if len(type_.items) == 1 else None
        if item is None or item.name not in ("integer", "number") or not self._validated:
            return type_
        scalar = any(t.name in ("integer", "number") for t in proposed)
        if type_.minimum is None and self.name == "axis":
            return type_ if any(self._accepts(v) for v in ((-1,), (1,), (1, 2))) else None
        length = self._only_length(item)
        if length is None or (type_.minimum is None and not scalar):
            return type_
        return replace(type_, minimum=length, maximum=length, items=(self._number(item, length),))

    def _only_length(self, item: Type) -> int | None:
        """Return the length of array that the class takes, if it is one and only one."""
        value = 1 if item.name == "integer" else 0.5
        lengths = [n for n in range(1, 5) if self._accepts((value,) * n, used=False)]
        return lengths[0] if len(lengths) == 1 else None

    def _unsaid(self, types: list[Type]) -> list[Type]:
        """Return what a layer takes on purpose though its documentation does not say so."""
        names = {t.name for t in types}
        if self.item.kind != "layers" or not self._validated:
            return []
        scalar = next((t for t in types if t.name in ("integer", "number")), None)
        sized = next((t for t in types if t.name == "array" and t.minimum and t.items), None)
        if scalar and "array" not in names:
            length = self._only_length(scalar)
            return [array(self._number(scalar, length), length=length)] if length else []
        if sized and not scalar and sized.items[0].name in ("integer", "number"):
            return [self._number(sized.items[0])] if self._accepts(1, used=False) else []
        return []


@functools.cache
def _strings_in_source(member: Any) -> tuple[str, ...]:
    """Return the words that the source of a class and its bases compares values with."""
    modules = {
        inspect.getmodule(cls): None
        for cls in (inspect.getmro(member) if inspect.isclass(member) else (member,))
        if cls.__module__.startswith("keras.") and cls is not keras.layers.Layer
    }
    trees = [ast.parse(inspect.getsource(module)) for module in modules if module]
    found = (word for tree in trees for node in ast.walk(tree) for word in _compared(node))
    return tuple(dict.fromkeys(word for word in found if word.replace("_", "").isalnum()))


def _compared(node: ast.AST) -> list[str]:
    """Return the strings of a comparison, or of a tuple, list or set of constants."""
    if isinstance(node, ast.Compare):
        parts: list[ast.expr] = [node.left, *node.comparators]
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        parts = node.elts
    else:
        return []
    return [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
