"""What writing any part of a config needs: which defaults are wanted, and words for values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlcli.config.grammar.calls import Call, Variable

if TYPE_CHECKING:
    from dlcli.catalogue.catalogue import Catalogue
    from dlcli.catalogue.signature import Argument


@dataclass(frozen=True)
class Writer:
    """How a config is written.

    Attributes:
        catalogue: If given, Keras's own defaults are written out too.
        whole: Whether `quiet` keys are written where they have their default.
    """

    catalogue: Catalogue | None = None
    whole: bool = False

    def value(self, value: Any) -> Any:
        """Write plain data, a class or a variable.

        Raises:
            TypeError: For anything else, which a piece of the grammar of its own must write.
        """
        if isinstance(value, Call):
            return self.call(value)
        if isinstance(value, Variable):
            return value.text
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self.value(item) for key, item in value.items()}
        if isinstance(value, str):
            return str(value)  # a `Word` as the text it is
        if value is None or isinstance(value, bool | int | float):
            return value
        raise TypeError(f"a config cannot hold {value!r}")

    def call(self, call: Call) -> Any:
        """Write a class: its bare name if it has no arguments."""
        if call.kind == "activations":
            return call.name
        arguments = self._defaults(call) | {k: self.value(v) for k, v in call.arguments.items()}
        return {call.name: arguments} if arguments else call.name

    def call_beside(self, call: Call, beside: dict[str, Any]) -> Any:
        """Write a class with lower-case keys beside its name."""
        written = self.call(call)
        if not beside:
            return written
        return {**({written: {}} if isinstance(written, str) else written), **beside}

    def _defaults(self, call: Call) -> dict[str, Any]:
        """Return Keras's own defaults of a class, if they are wanted.

        None stands for "not given" in Keras; writing it out would only be noise.
        """
        entry = self.catalogue.find(call.kind, call.name) if self.catalogue else None
        given = [a for a in entry.arguments if not a.required] if entry else []
        return {a.name: self._default(a) for a in given if a.default is not None}

    def _default(self, argument: Argument) -> Any:
        """Write a default; one that names a class (`glorot_uniform`) by the class's own name."""
        for accepted in argument.types if isinstance(argument.default, str) else ():
            entry = (
                self.catalogue.find(accepted.kind, argument.default)
                if self.catalogue and accepted.name == "entry"
                else None
            )
            if entry is not None:
                return self.call(Call(accepted.kind, entry.name))
        return argument.default
