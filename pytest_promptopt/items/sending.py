"""From arms and cases to requests on their way to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError, PromptOptError
from pytest_promptopt.items.pending import Pending
from pytest_promptopt.models.engine import Call, Reply
from pytest_promptopt.records import Message, Request
from pytest_promptopt.wording import first_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Future

    from pytest_promptopt.items.pending import Batch, Draw
    from pytest_promptopt.items.prompt_test import Arm
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine
    from pytest_promptopt.records import Case


def start(
    engine: Engine,
    arms: Sequence[tuple[Arm, Sequence[Case]]],
    draw: Draw,
    *,
    calls_model: bool,
) -> Batch:
    """Send the requests of all arms, interleaved case by case and trial by trial.

    Args:
        engine: Answers them.
        arms: Each arm with its cases.
        draw: Which draws to make.
        calls_model: Whether the plugin calls the model; the body does otherwise.

    Raises:
        TemplateError: A prompt does not render for a case.
    """
    batch = list(_interleaved(arms, draw))
    if calls_model:
        calls = [
            call_for(
                pending.arm,
                pending.arm.prompt.render(pending.case.inputs),
                pending.index,
                draw,
            )
            for pending in batch
        ]
        for pending, answer in zip(batch, engine.ask_all(calls), strict=True):
            if isinstance(answer, Reply):
                pending.known = answer
            else:
                pending.reply = answer
    return batch


def _interleaved(
    arms: Sequence[tuple[Arm, Sequence[Case]]], draw: Draw
) -> Iterable[Pending]:
    order = {case.id: case for _, cases in arms for case in cases}
    members = [({case.id for case in cases}, arm) for arm, cases in arms]
    for case in order.values():
        for index in draw.indices:
            for ids, arm in members:
                if case.id in ids:
                    yield Pending(arm=arm, case=case, index=index, draw=draw)


def call_for(
    arm: Arm, messages: tuple[Message, ...], index: int, draw: Draw, name: str = ""
) -> Call:
    """Return the call that asks one arm's model.

    Args:
        arm: The arm.
        messages: What is sent.
        index: Number of the trial.
        draw: Which draws are made.
        name: Name of the prompt whose settings hold, where there are several.
    """
    settings = arm.settings_of(name)
    request = Request(messages=messages, settings=settings, seed=index)
    return Call(
        model=arm.model,
        request=request,
        purpose=draw.purpose,
        run=draw.run,
        budget=draw.budget,
    )


def awaited(reply: Future[Reply], model: NamedModel) -> Reply:
    """Wait for a reply, in the calling thread.

    Raises:
        ModelError: None came; also where the model tried to end the process.
    """
    __tracebackhide__ = True
    try:
        return reply.result()
    except (PromptOptError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if not reply.done() or reply.cancelled() or reply.exception() is not error:
            raise  # it struck this thread, as timeouts do
        raise ModelError(
            f"model {model.name!r} raised {type(error).__name__}: {first_line(error)}",
            "correct the model's complete()",
        ) from error
