"""What Keras's docstrings say of an argument, read into `signature.Type`s.

Keras's signatures carry no annotations, but its docstrings keep to a few phrases ("Positive
integer", "int or tuple/list of 2 integers", "Float between 0 and 1", 'one of `"valid"` or
`"same"`'). What is read here is a proposal; `probing` holds it against the class itself. Without
the docstrings 299 of 2,083 arguments, `Dense.units` among them, would accept anything, or the
wrong type.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.introspection.conventions import (
    ANY,
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    array,
    limited_by_name,
    one_of,
    types_by_name,
)
from dlcli.catalogue.signature import Type, parse_docstring

if TYPE_CHECKING:
    from collections.abc import Callable

_HELP_LENGTH = 300
_NUMERALS = {"one": 1, "two": 2, "three": 3}


def documentation(member: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return a class's or function's summary, and the help of its arguments, a line each."""
    summary, helps = parse_docstring(_aligned(inspect.getdoc(member) or ""))
    return _first_sentence(summary), helps


def own_documentation(member: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return the same of a class's own docstring and its constructor's, and never of its bases'."""
    constructor = vars(member).get("__init__")
    texts = (vars(member).get("__doc__"), getattr(constructor, "__doc__", None))
    found = [parse_docstring(_aligned(inspect.cleandoc(t))) for t in texts if t]
    texts_of_arguments = {n: text for _, helps in reversed(found) for n, text in helps.items()}
    return _first_sentence(found[0][0]) if found else "", texts_of_arguments


def _aligned(text: str) -> str:
    """Undo the deeper indentation that Keras gives the sections of some docstrings."""
    start = re.search(r"^( +)(?:Args|Arguments):$", text, re.MULTILINE)
    return re.sub(f"^{start[1]}", "", text, flags=re.MULTILINE) if start else text


def _first_sentence(text: str) -> str:
    match = re.match(r"(.+?(?<!a\.k\.a)(?<!e\.g)[.!])(?:\s|$)", " ".join(text.split()))
    return re.sub(r"\.+$", ".", match[1] if match else text)


def shortened(text: str) -> str:
    """Return an argument's help without placeholders and links, cut at a sentence's end."""
    text = re.sub(r"\{\{\w+\}\}", "", text)
    text = re.sub(r"\[([^\]]+)\]\(\s*https?://[^)]*\)", r"\1", text)
    text = " ".join(text.split())
    if len(text) <= _HELP_LENGTH:
        return text
    cut = text[:_HELP_LENGTH]
    end = max(cut.rfind(". "), cut.rfind("; "))
    return cut[: end + 1] if end > _HELP_LENGTH // 4 else f"{cut.rsplit(' ', 1)[0]} ..."


def proposed_types(
    owner: str, name: str, text: str, default: Any, *, required: bool
) -> tuple[Type, ...]:
    """Propose what an argument accepts, from its name, help and default.

    Args:
        owner: The name of its class.
        name: The argument's name.
        text: Its whole help.
        default: Its default; meaningless if `required`.
        required: Whether it has none.

    Returns:
        The alternatives; `any` if nothing is known.
    """
    named = types_by_name(owner, name)
    types = list(named) if named else [_stated_limits(t, text) for t in _worded(text, default)]
    if not required and default is not None:
        types += _of_default(default, types, text)
    if not types:
        return (ANY,)
    if (default is None and not required) or _mentions_none(text):
        types = [*(t for t in types if t != NULL), NULL]
    return limited_by_name(dict.fromkeys(types), owner, name)


def _mentions_none(text: str) -> bool:
    return bool(re.search(r"\bNone\b", re.sub(r"(?i)defaults? (is|to) `?None`?", "", text)))


def _worded(text: str, default: Any) -> list[Type]:
    if isinstance(default, bool):
        return [BOOLEAN]
    head = _head(text)
    scalars = _scalars(_ARRAY.sub(" ", head), default)
    arrays = _arrays(head, scalars)
    choices = enumerated(text)
    if choices:
        return [*(t for t in scalars if t != STRING), *arrays, one_of(*choices)]
    return [*scalars, *arrays]


def _head(text: str) -> str:
    """Return the phrase that names the type: the first sentence that is not `Optional`."""
    text = re.sub(r"^\(?[Oo]ptional\b\)?[.:,]*\s*", "", text)
    text = re.sub(r"^Defaults to [^ ]+\.\s*", "", text)
    return re.split(r"(?<=[\w`)\"'])[.:](?:\s|$)", text, maxsplit=1)[0].lower()


_SEQUENCE = r"\b(?:tuple|list|array|pair|sequence)s?\b"
_ARRAY = re.compile(
    rf"(?:{_SEQUENCE}(?:/| or a | or |, )?)+"
    r"(?:\s*\(?(?:of size|of|length|size)\s*(?:the )?(?P<n>\d|one|two|three)?\)?\s*"
    r"(?:tuples? of (?P<m>\d)\s*)?(?P<item>\w+)?)?"
)


def _arrays(head: str, scalars: list[Type]) -> list[Type]:
    """Return the array types that a phrase names; items that it leaves open are as the scalars."""
    found = []
    for match in _ARRAY.finditer(head):
        size = match["n"] or ""
        length = _NUMERALS.get(size) or (int(size) if size else None)
        items = [_ITEMS[match["item"]]] if match["item"] in _ITEMS else _numeric(scalars)
        if match["m"]:
            items = [array(*items, length=int(match["m"]))]
        found.append(array(*items, length=length))
    return found


_ITEMS = {
    **dict.fromkeys(("int", "ints", "integer", "integers"), INTEGER),
    **dict.fromkeys(("float", "floats", "floating", "number", "numbers", "python"), NUMBER),
    **dict.fromkeys(("string", "strings"), STRING),
}


def _numeric(types: list[Type]) -> list[Type]:
    return [t for t in types if t in (INTEGER, NUMBER)]


_SCALAR_WORDS = (
    (BOOLEAN, r"\bbool(ean)?\b|^whether\b|^if `?true"),
    (INTEGER, r"\bint(eger)?s?\b|^(the )?(total |maximum |possible )*number of|\bsize of"),
    (NUMBER, r"\bfloats?\b|\bfloating\b|\bnumber\b(?! of)|\bscalar\b|\bprobability\b"),
    (STRING, r"\bstring\b|\bstr\b"),
)


def _scalars(head: str, default: Any) -> list[Type]:
    types = [type_ for type_, pattern in _SCALAR_WORDS if re.search(pattern, head)]
    if INTEGER in types and isinstance(default, float):
        types[types.index(INTEGER)] = NUMBER
    if not types and re.search(r"\bdict(ionary)?\b", head):
        return [OBJECT]
    return types


def _of_default(default: Any, types: list[Type], text: str) -> list[Type]:
    """Return the default's own type, unless one of the types already covers it."""
    names = {t.name for t in types}
    if isinstance(default, bool):
        return [] if "boolean" in names else [BOOLEAN]
    if isinstance(default, int | float):
        covered = "number" in names or ("integer" in names and isinstance(default, int))
        return [] if covered else [NUMBER]
    if isinstance(default, str):
        return [] if names & {"string", "entry", "path"} else [STRING]
    if isinstance(default, list):
        return [] if "array" in names else [_array_like(default, text)]
    return []


def _array_like(default: list[Any], text: str) -> Type:
    if isinstance(default[0], list):
        return array(_array_like(default[0], text), length=len(default))
    whole = isinstance(default[0], int) and re.search(r"\bint", text)
    return array(INTEGER if whole else NUMBER, length=len(default))


_ENUMERATION = re.compile(
    r"one of|either|supported|supports|available (?:methods|values) are|can be|values are|"
    r"options are|curve to be computed|interpolation mode|used\. '|^`?[\"']|^(?:a )?string,",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(?<![\w=])[`\"']{1,2}([A-Za-z_][\w-]*)[`\"']{1,2}")


def quoted(text: str) -> tuple[str, ...]:
    """Return the words in double or single quotes, in order."""
    found = (m[1] for m in _QUOTED.finditer(text) if '"' in m[0] or "'" in m[0])
    return tuple(dict.fromkeys(found))


def enumerated(text: str) -> tuple[str, ...]:
    """Return the strings that a help lists as the only choices, or nothing."""
    for match in _ENUMERATION.finditer(text):
        stretch = re.split(r"(?<=[`)\"'\w])\.(?:\s|$)", text[match.start() :], maxsplit=1)[0]
        choices = quoted(stretch)
        if len(choices) > 1:
            return choices
    return ()


_BETWEEN = re.compile(
    r"(?:between|in (?:the )?range|in) `?[\[(]?(-?\d+(?:\.\d+)?)(?: and|,) (-?\d+(?:\.\d+)?)[\])]?"
)
_POSITIVE = re.compile(r"\bpositive (?:python )?(?:int|float)|must be positive", re.IGNORECASE)
_NOT_NEGATIVE = re.compile(
    r">= 0|non-negative|zero or positive|greater than or equal to zero", re.IGNORECASE
)
_COUNT = re.compile(r"^(the )?(total |maximum |possible )*number of", re.IGNORECASE)


def _stated_limits(type_: Type, text: str) -> Type:
    """Give a number, or an array's items, the limits that the first sentences state."""
    if type_.name == "array":
        return replace(type_, items=tuple(_stated_limits(item, text) for item in type_.items))
    if type_.name not in ("integer", "number"):
        return type_
    opening = ". ".join(text.split(". ")[:2])
    minimum, maximum = type_.minimum, type_.maximum
    if between := _BETWEEN.search(opening):
        minimum, maximum = _plain(between[1]), _plain(between[2])
    elif _POSITIVE.search(opening):
        minimum = 1 if type_.name == "integer" else 0
    elif _NOT_NEGATIVE.search(opening) or (type_.name == "integer" and _COUNT.search(opening)):
        minimum = 0
    elif "less or equal to zero" in opening:
        maximum = 0
    return replace(type_, minimum=minimum, maximum=maximum)


def _plain(number: str) -> float:
    value = float(number)
    return int(value) if value.is_integer() else value
