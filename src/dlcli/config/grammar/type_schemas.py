"""The JSON Schema of a type that an argument accepts."""

from __future__ import annotations

from typing import Any

from dlcli.catalogue.signature import Type
from dlcli.config.grammar.formulas import PATTERN


def types_schema(types: tuple[Type, ...], *, variables: bool = True) -> dict[str, Any]:
    """Return the JSON Schema of a value that is one of several types, or the name of a variable."""
    forms = [type_schema(accepted) for accepted in types]
    if variables:
        forms.append({"type": "string", "pattern": PATTERN})
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def described(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """Add a description to a schema (draft-07 ignores what stands beside `$ref`)."""
    if not text:
        return schema
    return (
        {"allOf": [schema], "description": text}
        if "$ref" in schema
        else {
            **schema,
            "description": text,
        }
    )


def type_schema(accepted: Type) -> dict[str, Any]:
    """Return the JSON Schema of one type."""
    if accepted.name == "any":
        return {}
    if accepted.name == "entry":
        return {"$ref": f"#/definitions/{accepted.kind}"}
    if accepted.name == "array":
        return _array_schema(accepted)
    if accepted.name == "object":
        values = types_schema(accepted.items or (Type("any"),))
        return {"type": "object", "patternProperties": {"": values}, "additionalProperties": False}
    schema: dict[str, Any] = {"type": "string" if accepted.name == "path" else accepted.name}
    if accepted.choices:
        schema["enum"] = list(accepted.choices)
    if accepted.minimum is not None:
        schema["exclusiveMinimum" if accepted.exclusive else "minimum"] = accepted.minimum
    if accepted.maximum is not None:
        schema["maximum"] = accepted.maximum
    return schema


def _array_schema(accepted: Type) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array"}
    schema["items"] = types_schema(accepted.items or (Type("any"),))
    if accepted.minimum is not None:
        schema["minItems"] = int(accepted.minimum)
    if accepted.maximum is not None:
        schema["maxItems"] = int(accepted.maximum)
    return schema
