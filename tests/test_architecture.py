"""What the layout promises: light modules stay light, and a file has one subject."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).parents[1] / "src" / "dlcli"
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = {"tensorflow", "keras", "numpy", "pandas", "scipy", "sklearn", "matplotlib", "plotly"}
MAY_BE_HEAVY = (
    "catalogue/introspection", "compare/plan/blocks.py", "compare/results", "compare/trial.py",
    "compare/worker.py", "engine", "inspection", "metrics/evaluation.py", "metrics/points.py",
    "metrics/streaming.py", "optimizers", "report", "statistics", "train/advice.py",
    "train/baselines.py", "train/callbacks.py", "train/checkpoint.py", "train/exporting.py",
    "train/fit.py", "train/predicting.py", "train/saved.py", "train/script.py",
)  # fmt: skip
LIGHT = [
    path for path in MODULES if not path.relative_to(SOURCE).as_posix().startswith(MAY_BE_HEAVY)
]
LONGEST = 500
DOORS = 20  # those of the plan: the rooms, errors.py, api.py, optimizers/, rules/ and py.typed
"""Most entries of the package, beside `__init__` and `__main__`."""


def top_level_imports(path: Path) -> set[str]:
    """Return the packages a module imports when it is imported, not those for type checkers."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", LIGHT, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_modules_that_compute_import_what_computes(path):
    assert not top_level_imports(path) & HEAVY


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_module_is_short_and_says_what_it_is_for(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("folder", ["config", "data", "metrics", "store"])
def test_the_lower_floors_never_import_keras_at_their_top(folder):
    place = SOURCE / folder
    for path in place.rglob("*.py") if place.is_dir() else [place]:
        if path.name != "streaming.py":
            assert not top_level_imports(path) & {"keras", "tensorflow"}


def test_the_package_has_few_doors():
    entries = {path.name for path in SOURCE.iterdir()} - {"__init__.py", "__main__.py"}
    assert len(entries - {"__pycache__"}) <= DOORS


def test_no_modules_import_each_other_in_a_circle():
    """Imports for type checkers count too."""
    modules = {_name(path): path for path in MODULES}
    arrows = {name: _imported(path, modules) for name, path in modules.items()}
    while ends := {name for name, targets in arrows.items() if not targets & arrows.keys()}:
        arrows = {name: targets for name, targets in arrows.items() if name not in ends}
    assert not arrows, f"in a circle, or above one: {sorted(arrows)}"


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return the modules that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules else node.module)
    return found & modules.keys() - {_name(path)}


WORDING = {
    ("config/yaml/text.py", "_syntax_diagnostic"): "PyYAML has one error for all of its complaints",
    ("config/yaml/text.py", "_syntax_hint"): "PyYAML has one error for all of its complaints",
    ("runtime/messages.py", "keras_message"): "Keras and TensorFlow say much beside what is wrong",
    ("parallel/cluster.py", "_says_module_missing"): "Ray tells it in its message alone",
    ("parallel/cluster.py", "_says_node_died"): "Ray tells it in its message alone",
    ("report/page/told.py", "_former"): "a former folder holds its answer nowhere else",
    ("report/page/told.py", "_former_prose"): "a former folder holds its answer nowhere else",
    ("runtime/environment.py", "processor"): "Linux calls a field of /proc/cpuinfo so",
    ("runtime/memory.py", "is_short"): "oneDNN tells it in its message alone",
}
"""The functions that may look for words in what is said, by file, each with the reason."""

SAID = {"error", "message", "remedy"}
"""Attributes that hold sentences."""

PARTS_SAID = {"args", "context", "msg", "problem", "reason", "strerror"}
"""Attributes of other libraries' errors that do."""

SEARCHES = {
    "startswith", "endswith", "find", "rfind", "index", "count", "partition", "rpartition",
    "split", "rsplit", "removeprefix", "removesuffix",
    "match", "search", "fullmatch", "sub", "findall", "finditer",
}  # fmt: skip
"""Methods of strings and of regular expressions by which words are found."""

MARKDOWN = ("- ", "# ", "## ", "\n## ", "\n- ", "| ", "---")


def test_nothing_is_decided_by_the_words_of_a_message_or_of_markdown():
    """What must be told apart has a type or a field; other libraries' messages are in WORDING."""
    found = {
        (path.relative_to(SOURCE).as_posix(), name)
        for path in MODULES
        if not path.is_relative_to(SOURCE / "catalogue" / "introspection")  # reads docstrings
        for name, function in _functions(ast.parse(path.read_text("utf-8")))
        if _looks_for_words(function)
    }
    assert found == WORDING.keys()


@pytest.mark.parametrize(
    "code",
    [
        "def f(error):\n    return 'right now' in error.message",
        "def f(error):\n    return OUT in str(error)",
        "def f(error):\n    text = str(error)\n    return text.startswith(OUT)",
        "def f(done):\n    return re.search('memory', done.result.message)",
        "def f(text):\n    return text.split(' at ')[0]",
        "def f(text):\n    return text.startswith('- ')",
        "def f(lines, told):\n    return 'is being compared' in told",
        "def f(error):\n    return error.message == OTHER",
        "def f(done):\n    return done.error.startswith(OUT)",
    ],
)  # fmt: skip
def test_control_by_wording_is_found(code):
    ((_, function),) = _functions(ast.parse(code))
    assert _looks_for_words(function)


@pytest.mark.parametrize(
    "code",
    [
        "def f(error):\n    return UserError(error.message, remedy=error.remedy)",
        "def f(error):\n    return f'{name}: {error}'",
        "def f(error):\n    return ' '.join(str(error).split())[:300]",
        "def f(name):\n    return name.startswith('val_')",
        "def f(row):\n    return row['status'] == 'failed'",
    ],
)
def test_telling_what_an_error_says_is_no_control_by_wording(code):
    ((_, function),) = _functions(ast.parse(code))
    assert not _looks_for_words(function)


def _functions(tree: ast.AST) -> list[tuple[str, ast.AST]]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [(node.name, node) for node in ast.walk(tree) if isinstance(node, kinds)]


def _looks_for_words(function: ast.AST) -> bool:
    """Whether a function compares what is said, or searches it, or compares with a sentence."""
    texts: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and _is_said(node.value, texts):
            texts |= {name.id for name in node.targets if isinstance(name, ast.Name)}
    return any(_decides_by_words(node, texts) for node in ast.walk(function))


def _is_said(node: ast.AST, texts: set[str]) -> bool:
    """Whether an expression is an error's text, or a field that holds a sentence."""
    if isinstance(node, ast.Attribute):
        return node.attr in SAID or (node.attr in PARTS_SAID and _is_error(node.value))
    if isinstance(node, ast.Name):
        return node.id in texts
    if isinstance(node, ast.BoolOp):
        return any(_is_said(value, texts) for value in node.values)
    if not isinstance(node, ast.Call):
        return False
    is_text = isinstance(node.func, ast.Name) and node.func.id in ("str", "repr")
    return is_text and bool(node.args) and _is_error(node.args[0])


def _is_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ERRORS


ERRORS = {"error", "failure", "exception", "err", "e"}
"""What a caught exception is called."""


def _decides_by_words(node: ast.AST, texts: set[str]) -> bool:
    if isinstance(node, ast.Compare):
        if all(isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops):
            return False
        parts = [node.left, *node.comparators]
        return any(_is_said(part, texts) or _is_sentence(part) for part in parts)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    if node.func.attr not in SEARCHES:
        return False
    given = [node.func.value, *node.args]
    if node.func.attr == "split" and all(_is_line_break(part) for part in node.args[:1]):
        return False  # to show it on one line
    searched = any(_is_said(part, texts) or _is_markdown(part) for part in given)
    return searched or any(map(_is_sentence, node.args))


def _is_line_break(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == "\n"


def _is_sentence(node: ast.AST) -> bool:
    """Whether it is a string constant of several words."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    return re.search(r"\w +\w| \w+ ", node.value) is not None


def _is_markdown(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in MARKDOWN


PRIVATE_NAMES = {
    "catalogue/introspection/inventory.py": "reads Keras's own table of identifiers",
    "engine/graph.py": "is the place for them",
    "optimizers/base.py": "derives from Keras's optimizer, and calls what it inherits",
    "runtime/quiet.py": "defers modules of TensorFlow's public names, before anything is imported",
    "store/model_file.py": "knows the modules that Keras writes into model.keras",
}
"""The files that may name what is private to Keras or TensorFlow, each with the reason."""


def test_private_names_of_keras_and_tensorflow_are_in_one_file():
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in MODULES
        if any(map(_is_private_name, ast.walk(_without_docstrings(path))))
    }
    assert found == PRIVATE_NAMES.keys()


class _Undocumented(ast.NodeTransformer):
    """Leaves docstrings out."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def _without_docstrings(path: Path) -> ast.AST:
    return _Undocumented().visit(ast.parse(path.read_text("utf-8")))


_INNARDS = r"keras\\?\.src|tensorflow\.(?:python|_api|core)|_keras"


def _is_private_name(node: ast.AST) -> bool:
    """Whether it names a module, or an attribute, that is private to Keras or TensorFlow."""
    if isinstance(node, ast.ImportFrom):
        return re.match(_INNARDS, node.module or "") is not None
    if isinstance(node, ast.Import):
        return any(re.match(_INNARDS, alias.name) for alias in node.names)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.match(_INNARDS, node.value) is not None
    is_look = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    if not is_look or node.func.id not in ("getattr", "setattr", "hasattr"):
        return False
    name = node.args[1]
    return isinstance(name, ast.Constant) and re.match(r"_(?!_)", name.value) is not None


SILENCED = {
    "data/own/reading.py": "Python's codecs do not say publicly whether they are of text",
    "engine/graph.py": "is the place for what is private to Keras",
}
"""The files that may silence Ruff's SLF001, which finds private attributes of others."""


def test_private_attributes_of_others_are_reached_for_only_with_a_reason():
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in MODULES
        if "SLF001" in path.read_text("utf-8")
    }
    assert found == SILENCED.keys()


TESTS = Path(__file__).parent
TESTED_TOGETHER = {
    "catalogue/introspection": (
        "test_keras.py", "its modules are one reading of Keras, which is held against Keras"
    ),
    "config/grammar": (
        "../conversion/test_rendering.py",
        "its pieces read, write and describe whole configs, in which every key is drawn",
    ),
    "optimizers": (
        "test_agreement.py", "each is the same test: a stored run of an independent implementation"
    ),
    "report/figures": (
        "test_comparison.py", "every figure is drawn of the same cases, and keeps the same rules"
    ),
    "rules": ("test_pages.py", "a rule's page says what it finds and what not, which is tested"),
}  # fmt: skip
"""The folders whose modules are tested together: where, seen from their tests, and why."""

ACROSS = {
    "catalogue/introspection/test_keras.py", "catalogue/introspection/test_main.py",
    "cli/test_commands.py", "cli/test_light_commands.py", "config/test_mutations.py",
    "data/own/test_groups.py", "data/own/test_preparation.py", "data/test_keras_agreement.py",
    "data/test_loading.py", "optimizers/test_agreement.py", "optimizers/test_in_keras.py",
    "report/page/test_former.py", "report/page/test_looks.py", "report/page/test_pages.py",
    "rules/test_cases.py", "rules/test_config_rules.py", "rules/test_data_rules.py",
    "rules/test_documents.py", "rules/test_precision.py", "rules/test_whatever.py",
}  # fmt: skip
"""The files of tests, within a room, of what several modules do together."""

NO_ROOMS = {"benchmarks", "faults", "fuzz", "security"}
"""The folders of tests of what all of dlcli does."""

UNMIRRORED: set[str] = set()
"""The modules that have no tests of their own yet: the list may only become shorter."""


def test_every_module_has_its_tests_where_it_stands():
    missing = {
        module
        for path in MODULES
        if not path.stem.startswith("__") and not _is_without_code(path)
        if (module := path.relative_to(SOURCE).as_posix()) not in UNMIRRORED
        if not _mirror(path).exists()
        and path.parent.relative_to(SOURCE).as_posix() not in TESTED_TOGETHER
    }
    assert not missing, "without a file of tests at the same path: " + ", ".join(sorted(missing))


def test_a_module_that_has_got_its_tests_is_no_longer_listed():
    needless = {
        module
        for module in UNMIRRORED
        if not (SOURCE / module).exists() or _mirror(SOURCE / module).exists()
    }
    assert not needless


def test_what_is_tested_together_is_tested():
    for folder, (file, reason) in TESTED_TOGETHER.items():
        assert list((SOURCE / folder).glob("[a-z]*.py"))
        assert (TESTS / folder / file).exists()
        assert reason
    assert len(TESTED_TOGETHER) <= 5


def test_every_file_of_tests_mirrors_a_module_or_is_known_to_go_across():
    """`test_compare_output.py` tests what `compare.py` prints: a module may have several files."""
    across = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("test_*.py")
        if path.parent != TESTS and path.relative_to(TESTS).parts[0] not in NO_ROOMS
        if not _is_mirror(path)
    }
    assert across == ACROSS


def _mirror(path: Path) -> Path:
    """Return where the tests of a module are."""
    return (TESTS / path.relative_to(SOURCE)).with_name(f"test_{path.name}")


def _is_mirror(path: Path) -> bool:
    """Whether a file of tests has the name of a module, or begins with it."""
    words = path.stem.removeprefix("test_").split("_")
    folder = SOURCE / path.parent.relative_to(TESTS)
    names = ("_".join(words[: i + 1]) for i in range(len(words)))
    return any((folder / f"{name}.py").exists() for name in names)


def _is_without_code(path: Path) -> bool:
    """Whether a module holds constants, types and records alone: nothing in it does anything."""
    tree = ast.parse(path.read_text("utf-8"))
    return all(map(_is_trivial, (node for _, node in _functions(tree)))) and not any(
        isinstance(node, ast.With | ast.For | ast.While | ast.Try)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        for node in tree.body
    )


def _is_trivial(function: ast.AST) -> bool:
    """Whether a function says what it is for, and no more."""
    body = function.body  # type: ignore[attr-defined]
    return all(
        isinstance(node, ast.Pass)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in body
    )


@pytest.mark.parametrize(
    ("code", "without"),
    [
        ("X = 3", True),
        ("@dataclass\nclass A:\n    x: int", True),
        ('class A(Protocol):\n    def f(self):\n        "Say so."', True),
        ("def f():\n    return 3", False),
        ("print(3)", False),
        ("for x in range(3):\n    y = x", False),
        ("class A:\n    def f(self):\n        self.x = 3", False),
    ],
)
def test_a_module_without_code_is_told_from_one_with_some(tmp_path, code, without):
    (tmp_path / "m.py").write_text(code)
    assert _is_without_code(tmp_path / "m.py") == without
