"""What edits would bring, as the optimizer model foretells it from what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.evidence import meta_prompt
from pytest_promptopt.optimize.parsing import Unparsable, read_completion
from pytest_promptopt.optimize.strategies.calibration import Foretold
from pytest_promptopt.optimize.strategies.edit_actions import ACTIONS
from pytest_promptopt.optimize.strategies.edit_states import LARGEST, read_outcome
from pytest_promptopt.optimize.strategy import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from pytest_promptopt.optimize.asking import Asker
    from pytest_promptopt.optimize.effects import Complete
    from pytest_promptopt.optimize.strategies.edit_log import EditLog
    from pytest_promptopt.optimize.strategies.edit_states import (
        Outcome,
        State,
        Transition,
    )
    from pytest_promptopt.optimize.strategies.icpi_options import IcpiOptions
    from pytest_promptopt.optimize.strategy import Task

OUTCOME, NEXT = "icpi_outcome.j2", "icpi_next.j2"
OUTCOME_TAG, NEXT_TAG = "outcome", "edit"
UNREADABLE = "prediction that cannot be read"
MOST_CHECKED = 60
"""Edits that are predicted for one check, the latest ones."""

WORLD_TEMPERATURE, POLICY_TEMPERATURE = 0.1, 0.0


@dataclass(slots=True, kw_only=True)
class Path:
    """One simulation under way.

    Attributes:
        state: Where it stands.
        action: What is done next there.
        value: The discounted rewards so far.
        first: What its first edit is thought to bring; ``None``: not known.
        ended: Whether it goes no further.
    """

    state: State
    action: str
    value: float = 0.0
    first: Outcome | None = None
    ended: bool = False


class Simulator:
    """Asks the optimizer model how edits would go on.

    Args:
        task: The search.
        asker: Makes the requests.
        log: What is known.
        options: The numbers.
    """

    def __init__(
        self, task: Task, asker: Asker, log: EditLog, options: IcpiOptions
    ) -> None:
        self._task = task
        self._asker = asker
        self._log = log
        self._options = options
        self._asked = 0

    def outcomes(
        self, questions: Sequence[tuple[State, str]]
    ) -> Generator[Complete | Tally, Any, list[Outcome | None]]:
        """Ask what comes of edits.

        Args:
            questions: State and action of each.

        Returns:
            One outcome for each; ``None`` where no reply could be read.
        """
        return (
            yield from self._answers(
                lambda at: self._outcome_request(*questions[at]),
                len(questions),
                OUTCOME_TAG,
                read_outcome,
                WORLD_TEMPERATURE,
            )
        )

    def foretold(
        self, entries: Sequence[Transition]
    ) -> Generator[Complete | Tally, Any, list[Foretold]]:
        """Ask for what is known already, each time without showing it."""
        answers = yield from self._answers(
            lambda at: self._outcome_request(
                entries[at].before, entries[at].action, entries[at]
            ),
            len(entries),
            OUTCOME_TAG,
            read_outcome,
            WORLD_TEMPERATURE,
        )
        return [
            Foretold(
                action=entry.action,
                predicted=None if answer is None else answer.reward,
                came=entry.outcome.reward,
            )
            for entry, answer in zip(entries, answers, strict=True)
        ]

    def policy(
        self, states: Sequence[State]
    ) -> Generator[Complete | Tally, Any, list[str | None]]:
        """Ask which edit would come next, going by the latest episodes.

        Args:
            states: Where each of them stands.

        Returns:
            A name of an action that something is known of, for each; ``None`` where no
            reply could be read.
        """
        known = self._log.available()

        def named(text: str) -> str | None:
            return text if text in known else None

        return (
            yield from self._answers(
                lambda at: self._next_request(states[at]),
                len(states),
                NEXT_TAG,
                named,
                POLICY_TEMPERATURE,
            )
        )

    def returns(
        self, state: State, actions: Sequence[str]
    ) -> Generator[Complete | Tally, Any, dict[str, Path]]:
        """Simulate each action, and how the search would go on behind it.

        A simulation ends where an edit is dropped, at the horizon, and where a reply
        cannot be read: what it is worth so far counts.

        Source:
            Brooks et al., "In-Context Policy Iteration", arXiv:2210.03821: rollouts of
            every action by one model in several parts, with what its memory holds of
            the same action.
        """
        options = self._options
        paths = {name: Path(state=state, action=name) for name in actions}
        horizon = options.horizon if options.rollouts else 1
        for depth in range(horizon):
            open_ = [path for path in paths.values() if not path.ended]
            found = yield from self.outcomes([(it.state, it.action) for it in open_])
            for path, outcome in zip(open_, found, strict=True):
                self._follow(path, outcome, depth)
            open_ = [path for path in open_ if not path.ended]
            if depth + 1 == horizon or not open_:
                break
            names = yield from self.policy([path.state for path in open_])
            for number, (path, name) in enumerate(zip(open_, names, strict=True)):
                path.action = name or self._any(depth, number)
        return paths

    def _follow(self, path: Path, outcome: Outcome | None, depth: int) -> None:
        if not depth:
            path.first = outcome
        if outcome is None:
            path.ended = True
            return
        path.value += self._options.discount**depth * outcome.reward
        path.state = outcome.after
        path.ended = not outcome.kept

    def _any(self, *purpose: int) -> str:
        draws = self._task.draws("icpi policy", self._asked, *purpose)
        return draws.choice(self._log.available())

    def _outcome_request(
        self, state: State, action: str, without: Transition | None = None
    ) -> str:
        self._asked += 1
        entries = self._log.shown(
            action,
            most=self._options.shown,
            balanced=self._options.balanced,
            constrained=self._options.constrained,
            draws=self._task.draws("icpi shown", self._asked),
            without=without,
        )
        return meta_prompt(
            OUTCOME,
            entries=entries,
            before=state,
            action=action,
            largest=LARGEST,
            tag=OUTCOME_TAG,
        )

    def _next_request(self, state: State) -> str:
        self._asked += 1
        draws = self._task.draws("icpi recent", self._asked)
        return meta_prompt(
            NEXT,
            pieces=self._log.recent(self._options.recent, draws),
            before=state,
            actions=", ".join(self._log.available()),
            tag=NEXT_TAG,
        )

    def _answers(
        self,
        content: Callable[[int], str],
        count: int,
        tag: str,
        read: Callable[[str], Any],
        temperature: float,
    ) -> Generator[Complete | Tally, Any, list[Any]]:
        """Ask at once; where a reply cannot be read, again with other entries."""
        answers: list[Any] = [None] * count
        left = list(range(count))
        for _ in range(1 + self._options.again):
            if not left:
                break
            replies = yield self._asker.ask(
                *(content(at) for at in left), temperature=temperature
            )
            for at, reply in zip(left, replies, strict=True):
                text = read_completion(reply, tag)
                answers[at] = None if isinstance(text, Unparsable) else read(text)
            left = [at for at in left if answers[at] is None]
            if left:
                yield Tally(UNREADABLE, len(left))
        return answers


def checks(options: IcpiOptions, transitions: int) -> Iterator[int]:
    """Yield how many predictions each check takes, given what there will be at last."""
    at = options.checked
    while at <= transitions:
        yield min(at, MOST_CHECKED)
        at *= 2


def calls_of_a_choice(options: IcpiOptions) -> int:
    """Return how many requests the choice of one edit takes at most."""
    if options.world_model == "table" or options.choosing == "random":
        return 0
    again = 1 + options.again
    if options.choosing == "imitation":
        return again
    horizon = options.horizon if options.rollouts else 1
    return again * len(ACTIONS) * (2 * horizon - 1)
