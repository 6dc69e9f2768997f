"""What a prompt test needs this time: nothing, one trial, or both arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.gate import RECORDED_TRIALS, trials_per_look
from pytest_promptopt.items.judge_change import change_of
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.reference import Reference
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.records import Case

Mode = Literal["record", "kept", "alone", "unchanged", "unedited", "edited"]
Recording = Literal["all", "new", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one prompt test is judged.

    Attributes:
        mode: ``"record"`` a baseline or leave it ``"kept"``, judge it ``"alone"`` for
            want of one, or what it is against its reference: ``"unchanged"``,
            ``"unedited"``, ``"edited"``.
        trials: Fresh trials per case and arm, of each look where there are two; 0 where
            no call is made.
        run: Names the run, so that its draws are new in a new run and replays in the
            same one.
        common: Cases that the reference has with the same content.
    """

    mode: Mode
    trials: int
    run: str
    common: tuple[Case, ...] = ()


def plan(
    test: PromptTest,
    model: NamedModel,
    reference: Reference,
    *,
    recording: Recording | None,
    everything: bool,
    seed: int,
) -> Plan:
    """Decide how a prompt test is judged.

    Args:
        test: The test.
        model: The task model that the settings name.
        reference: What it is held against.
        recording: Which baselines are to be recorded, if any are.
        everything: Whether unchanged tests are called too.
        seed: Seed of the run.
    """
    if recording is not None:
        records = _is_recorded(test, model, recording)
        mode: Mode = "record" if records else "kept"
        # New draws once a record was written, the same ones if that never happened.
        run = digest([_run(test, model, test.baseline, None, seed), test.written])
        return Plan(mode=mode, trials=RECORDED_TRIALS if records else 0, run=run[:16])
    record = reference.record
    run = _run(test, model, record, reference, seed)
    if record is None:
        return Plan(mode="alone", trials=1, run=run)
    common = common_cases(test.cases, record)
    if edited(test, model, reference):
        trials = trials_per_look(len(common))
        return Plan(mode="edited", trials=trials, run=run, common=common)
    always = everything or model.free or (test.calls_itself and not test.mark.watch)
    # A stale record says nothing about what the prompt scores now.
    fits = reference.stale or not record.changed_parts(test.parts(model.identity))
    if fits and not always:
        return Plan(mode="unchanged", trials=0, run=run, common=common)
    return Plan(mode="unedited", trials=1, run=run, common=common)


def _is_recorded(test: PromptTest, model: NamedModel, recording: Recording) -> bool:
    record = test.baseline
    if recording == "all" or record is None:
        return True
    return recording == "changed" and bool(
        record.changed_parts(test.parts(model.identity))
    )


def _run(
    test: PromptTest,
    model: NamedModel,
    record: Baseline | None,
    reference: Reference | None,
    seed: int,
) -> str:
    against = None if reference is None else reference.prompt
    old_request = None if reference is None else dict(reference.request)
    return digest(
        [
            record.to_json() if record else None,
            against.snapshot() if against else None,
            test.prompt.snapshot(),
            sorted([case.id, case.hash] for case in test.cases),
            dict(test.settings),
            old_request,
            model.name,
            seed,
        ]
    )[:16]


def common_cases(cases: tuple[Case, ...], record: Baseline) -> tuple[Case, ...]:
    """Return the cases that the record has with the same content."""
    hashes = {entry.id: entry.hash for entry in record.cases}
    return tuple(case for case in cases if hashes.get(case.id) == case.hash)


def edited(test: PromptTest, model: NamedModel, reference: Reference) -> bool:
    """Whether any request differs from those that the reference makes, or the judge.

    Raises:
        SettingError: Nobody supplies the judge's model.
    """
    record, before = reference.record, reference.prompt
    if record is None or before is None:
        return False
    if change_of(test, record):  # what was recorded is no score of this judge
        return True
    if model.name != reference.model or dict(test.settings) != dict(reference.request):
        return True
    if test.prompt.fingerprint == before.fingerprint:
        return False
    if test.calls_itself or test.prompt.names:  # the application decides what is sent
        return True
    try:
        return any(
            before.render(case.inputs) != test.prompt.render(case.inputs)
            for case in test.cases
        )
    except TemplateError:
        return True  # an edit may well add or drop a variable
