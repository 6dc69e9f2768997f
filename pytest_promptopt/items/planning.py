"""What a prompt test needs this time: nothing, one trial, or both arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts import Prompt
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.records import Case

Mode = Literal["record", "alone", "unchanged", "unedited", "edited"]

RECORDED_TRIALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one prompt test is judged.

    Attributes:
        mode: ``"record"`` a baseline, judge it ``"alone"`` for want of one, or what it
            is against its baseline: ``"unchanged"``, ``"unedited"``, ``"edited"``.
        trials: Fresh trials per case and arm; 0 where no call is made.
        run: Names the run, so that its draws are new in a new run and replays in the
            same one.
        common: Cases that the baseline has with the same content.
    """

    mode: Mode
    trials: int
    run: str
    common: tuple[Case, ...] = ()


def plan(
    test: PromptTest, model: NamedModel, *, update: bool, everything: bool, seed: int
) -> Plan:
    """Decide how a prompt test is judged.

    Args:
        test: The test.
        model: The task model that the settings name.
        update: Whether a baseline is to be recorded.
        everything: Whether unchanged tests are called too.
        seed: Seed of the run.
    """
    record = test.baseline
    run = digest(
        [
            record.to_json() if record else None,
            test.prompt.snapshot(),
            sorted([case.id, case.hash] for case in test.cases),
            dict(test.settings),
            model.name,
            seed,
        ]
    )[:16]
    if update:
        return Plan(mode="record", trials=RECORDED_TRIALS, run=run)
    if record is None:
        return Plan(mode="alone", trials=1, run=run)
    common = common_cases(test.cases, record)
    if edited(test, model, record):
        trials = 3 if len(common) < 100 else 2
        return Plan(mode="edited", trials=trials, run=run, common=common)
    always = everything or model.free or (test.takes_prompt and not test.mark.watch)
    if not always and not record.changed_parts(test.parts(model.identity)):
        return Plan(mode="unchanged", trials=0, run=run, common=common)
    return Plan(mode="unedited", trials=1, run=run, common=common)


def common_cases(cases: tuple[Case, ...], record: Baseline) -> tuple[Case, ...]:
    """Return the cases that the record has with the same content."""
    hashes = {entry.id: entry.hash for entry in record.cases}
    return tuple(case for case in cases if hashes.get(case.id) == case.hash)


def edited(test: PromptTest, model: NamedModel, record: Baseline) -> bool:
    """Whether any request differs from the one that the record was made with."""
    if model.name != record.model or dict(test.settings) != dict(record.request):
        return True
    if test.prompt.fingerprint == record.parts.get("prompt"):
        return False
    if test.takes_prompt:  # what it sends is the application's business
        return True
    before = Prompt.from_snapshot(record.prompt)
    try:
        return any(
            before.render(case.inputs) != test.prompt.render(case.inputs)
            for case in test.cases
        )
    except TemplateError:
        return True  # an edit may well add or drop a variable
