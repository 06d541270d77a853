"""A comparison from its plan to its end: what is tried out first, where it is kept, its trials."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from dlcli.compare.home import Home
from dlcli.compare.plan.plan import budget_seconds
from dlcli.compare.preflight import fitted, settled
from dlcli.compare.session import ComparisonSession, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Self

    from dlcli.compare.placement import Placement
    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.session import ComparisonObserver


class Outlook(NamedTuple):
    """What a comparison would do.

    Attributes:
        session: Of its plan; it has no folder.
        seconds: How long the trials that are not done yet would take.
        done: Trials that are done.
        remaining: Trials that are not, as far as one can see.
    """

    session: ComparisonSession
    seconds: float
    done: int
    remaining: int


MANY_TRIALS, LONG = 10_000, 6 * 3600.0
"""Trials and seconds from which a comparison without a budget asks before it starts."""


class Comparison:
    """A plan and the workers that carry it out; a context manager, whose end stops them.

    Args:
        plan: What is compared.
        placement: Where trials run.
        budget: A number of trials or a duration, as the config has it.
        root: Folder of the comparisons.
        name: Of its folder; None for the names of its problems.
        resume: Use finished trials.
        tell: Is told, in a sentence each, what the user should know.
        ask: Is told how many trials are left and how many seconds they take, if that is a lot and
            no budget limits it, before anything is written; it raises an error to stop.
        began: When the command began, on the monotonic clock; a duration counts from then.
    """

    def __init__(
        self,
        plan: Plan,
        placement: Placement,
        budget: int | str | None,
        *,
        root: Path,
        name: str | None = None,
        resume: bool = True,
        tell: Callable[[str], None] = lambda _: None,
        ask: Callable[[int, float], None] = lambda _, __: None,
        began: float | None = None,
    ) -> None:
        self._plan = plan
        self._placement = placement
        self._budget = budget if isinstance(budget, str) else None
        self._place = name, root
        self._resume = resume
        self._tell = tell
        self._ask = ask
        self._is_limited = budget is not None
        self._began = time.monotonic() if began is None else began
        self._workers = placement.executor(plan)

    def __enter__(self) -> Self:
        """Return the comparison; its workers were started with it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the workers."""
        self._workers.close()

    def asks(self, trials: int, seconds: float) -> bool:
        """Whether so much is left that nobody should start it by mistake."""
        return not self._is_limited and (trials >= MANY_TRIALS or seconds >= LONG)

    def outlook(self) -> Outlook:
        """Time the trials, and say what is left to do.

        Raises:
            DlcliError: If a network cannot be trained, or the budget is too short.
        """
        seconds = self._fit()
        session = self._session(Home(self._plan, *self._place))
        done, remaining = session.outlook()
        share = remaining / self._plan.planned if self._plan.planned else 0.0
        return Outlook(session, seconds * share, done, remaining)

    @contextmanager
    def opened(self, command: Sequence[str]) -> Iterator[ComparisonSession]:
        """Open the comparison's folder, and hold it.

        Args:
            command: As it was given; it is kept with the settings.

        Raises:
            DlcliError: If a network cannot be trained, the budget is too short, or another process
                holds the folder. Nothing is written then.
        """
        if self._budget is not None:
            self._fit()
        home = Home(self._plan, *self._place)
        session = self._session(home)
        if remaining := session.remaining():
            session.plan, self._workers, remarks, seconds = settled(
                self._plan, self._workers, self._placement
            )
            for remark in remarks:
                self._tell(remark)
            seconds *= remaining / self._plan.planned
            if self.asks(remaining, seconds):
                self._ask(remaining, seconds)
        session.folder = home.opened(fresh=not self._resume)
        for remark in home.remarks:
            self._tell(remark)
        with session.folder.lock():
            write_settings(session, command, self._placement)
            if home.beside is not None:
                home.beside.write(session.folder)
            yield session

    def run(self, session: ComparisonSession, observer: ComparisonObserver) -> None:
        """Train what is missing, until the budget's time is over.

        Raises:
            InterruptedRunError: On Ctrl-C; the finished trials are kept.
        """
        deadline = float("inf")
        if self._budget is not None:
            deadline = self._began + budget_seconds(self._budget)
            for remark in session.plan.notes:
                self._tell(remark)
        session.run(self._workers, observer, deadline=deadline)
        if self._budget is None:
            for remark in session.plan.notes:
                self._tell(remark)
        for remark in session.notes:
            self._tell(remark)

    def _fit(self) -> float:
        """Time the trials and fit the plan into the budget; return its seconds."""
        self._tell("timing an epoch of each optimizer")
        self._plan, seconds = fitted(self._plan, self._workers, self._placement.jobs, self._budget)
        return seconds

    def _session(self, home: Home) -> ComparisonSession:
        kept = home.found() if self._resume else None
        return ComparisonSession(self._plan, kept, jobs=self._placement.jobs)
