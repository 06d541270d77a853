"""Configs in a line or two, and what rules say of them."""

from __future__ import annotations

from dlcli import rules
from dlcli.config.binding.findings import judge_of
from dlcli.config.conversion.loading import parse_document, read_document
from dlcli.config.yaml.nodes import Text
from dlcli.config.yaml.text import parse_yaml
from dlcli.data import describe, feature_names, load
from dlcli.data.description import DataDescription, TensorSpec
from dlcli.rules.examples import look

OF_HISTORIES = [rule for rule in rules.every() if rule.moment == "history"]

BASE = {
    "data": "{dataset: digits, validation: 0.1}",
    "model": "{layers: [Flatten, {Dense: {units: $classes, activation: softmax}}]}",
}
MISSING = {
    "labels.npz": DataDescription(
        "labels", "multilabel", {"input": TensorSpec((20,), "float32")}, ("a", "b", "c"), (3,), 800
    )
}
"""What is known of files that the rules' pages name, which need not be there."""


def whole(yaml):
    """Return a config's text: what a page shows, and what it leaves out."""
    given = parse_yaml(Text("page.yaml", yaml))
    missing = [f"{key}: {value}\n" for key, value in BASE.items() if key not in given.pairs]
    return yaml + "\n" + "".join(missing)


def judged(yaml, *, description=None, **settings):
    """Return who judges a config, which may leave out what is usual."""
    document = parse_document(Text("page.yaml", whole(yaml)))
    config = read_document(document)
    return judge_of(document, config, description or known(config), **settings)


def known(config):
    path = str(config.data.source.options.get("path", "")).rpartition("/")[2]
    return MISSING.get(path) or describe(config.data.source)


def looked(yaml):
    """Return what rules say of a config and its data, which are loaded."""
    document = parse_document(Text("page.yaml", whole(yaml)))
    config = read_document(document)
    data = config.data
    loaded = load(data.source, validation=data.validation, seed=config.seed, group=data.group)
    judge = judge_of(document, config, loaded.description, train_size=loaded.train.size)
    examples = look(loaded, names=feature_names(loaded.encoder))
    return (*judge.looks("config"), *judge.looks("data", examples))


def rules_of(diagnostics):
    return [d.rule for d in diagnostics]
