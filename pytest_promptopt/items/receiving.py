"""Which models one prompt test has sent text to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.records import Recipient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.records.recipient import Role


def gate_recipients(conduct: Conduct) -> tuple[Recipient, ...]:
    """Return the models that the gate or a recording has asked, in this run or before.

    Where the cache had every reply, an earlier run has sent what this one would have.
    """
    if not conduct.has_begun:
        return ()
    asked: list[tuple[NamedModel, Role]] = []
    if conduct.test.mark.deliver == "argument":
        # An application's own calls are its own affair.
        asked += [(arm.model, "task") for arm, _ in reversed(conduct.rounds.arms)]
    if conduct.test.judge is not None:
        asked += [(model, "judge") for model in conduct.test.judge.models]
    return _recipients(asked)


def search_recipients(
    conduct: Conduct, writer: NamedModel | None
) -> tuple[Recipient, ...]:
    """Return the models that a search has sent text to.

    Args:
        conduct: How the test was judged and searched.
        writer: The optimizer model, if it was asked.
    """
    test = conduct.test
    asked: list[tuple[NamedModel, Role]] = []
    if test.mark.deliver == "argument":
        asked.append((conduct.model, "task"))
    asked += [(writer, "optimizer")] if writer is not None else []
    embedder = conduct.driver.embedder if conduct.driver is not None else None
    if embedder is not None and embedder.asked:
        asked.append((embedder.model, "embeddings"))
    if test.judge is not None:
        second = map(test.judge.model_named, test.judge.asking.second_models)
        asked += [(model, "judge") for model in (*test.judge.models, *second)]
    return _recipients(asked)


def _recipients(asked: Iterable[tuple[NamedModel, Role]]) -> tuple[Recipient, ...]:
    return tuple(
        dict.fromkeys(
            Recipient(model=model.name, role=role, host=model.host)
            for model, role in asked
        )
    )
