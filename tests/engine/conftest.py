"""The fixtures of trainings, for what the engine does of them."""

from tests.train.conftest import config, finished  # noqa: F401 (fixtures)
