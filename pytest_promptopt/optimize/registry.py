"""Strategies by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize.options import made
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from pytest_promptopt.optimize.strategy import Strategy

Factory = Callable[[Mapping[str, Any]], "Strategy"]
"""Makes a strategy from its options."""


def _opro(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.opro import Opro, OproOptions

    return Opro(made(OproOptions, options, strategy="opro"))


def _opro_paper(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.opro import Opro, OproOptions

    name = "opro-paper"
    faithful = {"race": False, **options}
    return Opro(made(OproOptions, faithful, strategy=name), name=name)


def _gpo(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.gpo import Gpo
    from pytest_promptopt.optimize.strategies.gpo_options import GpoOptions

    return Gpo(made(GpoOptions, options, strategy="gpo"))


def _gpo_paper(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.gpo import Gpo
    from pytest_promptopt.optimize.strategies.gpo_options import PAPER, GpoOptions

    name = "gpo-paper"
    return Gpo(made(GpoOptions, {**PAPER, **options}, strategy=name), name=name)


def _ape(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.ape import Ape, ApeOptions

    return Ape(made(ApeOptions, options, strategy="ape"))


def _ape_paper(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.ape import PAPER, Ape, ApeOptions

    name = "ape-paper"
    return Ape(made(ApeOptions, {**PAPER, **options}, strategy=name), name=name)


def _evoprompt_ga(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.evoprompt_ga import EvoPromptGa, GaOptions

    return EvoPromptGa(made(GaOptions, options, strategy="evoprompt-ga"))


def _evoprompt_ga_paper(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.evoprompt_ga import (
        PAPER,
        EvoPromptGa,
        GaOptions,
    )

    name = "evoprompt-ga-paper"
    return EvoPromptGa(made(GaOptions, {**PAPER, **options}, strategy=name), name=name)


def _evoprompt_de(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.evoprompt_de import DeOptions, EvoPromptDe

    return EvoPromptDe(made(DeOptions, options, strategy="evoprompt-de"))


def _evoprompt_de_paper(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.evoprompt_de import (
        PAPER,
        DeOptions,
        EvoPromptDe,
    )

    name = "evoprompt-de-paper"
    return EvoPromptDe(made(DeOptions, {**PAPER, **options}, strategy=name), name=name)


def _reflect(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.reflect import Reflect
    from pytest_promptopt.optimize.strategies.reflect_options import ReflectOptions

    return Reflect(made(ReflectOptions, options, strategy="reflect"))


def _reflect_paper(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.reflect import Reflect
    from pytest_promptopt.optimize.strategies.reflect_options import (
        PAPER,
        ReflectOptions,
    )

    name = "reflect-paper"
    return Reflect(made(ReflectOptions, {**PAPER, **options}, strategy=name), name=name)


def _icpi(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.icpi import Icpi
    from pytest_promptopt.optimize.strategies.icpi_options import IcpiOptions

    return Icpi(made(IcpiOptions, options, strategy="icpi"))


def _gi(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.gi import Gi
    from pytest_promptopt.optimize.strategies.gi_options import GiOptions

    return Gi(made(GiOptions, options, strategy="gi"))


def _gi_shrink(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.gi import Gi
    from pytest_promptopt.optimize.strategies.gi_options import ShrinkOptions

    name = "gi-shrink"
    return Gi(made(ShrinkOptions, options, strategy=name), name=name)


def _examples(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.few_shot import FewShotOptions
    from pytest_promptopt.optimize.strategies.examples import Examples

    return Examples(made(FewShotOptions, options, strategy="examples"))


def _retroformer(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.retroformer import Retroformer
    from pytest_promptopt.optimize.strategies.retroformer_options import (
        RetroformerOptions,
    )

    name = "retroformer"
    return Retroformer(made(RetroformerOptions, options, strategy=name))


BUILT_IN: Mapping[str, Factory] = MappingProxyType(
    {
        "opro": _opro,
        "opro-paper": _opro_paper,
        "gpo": _gpo,
        "gpo-paper": _gpo_paper,
        "ape": _ape,
        "ape-paper": _ape_paper,
        "evoprompt-ga": _evoprompt_ga,
        "evoprompt-ga-paper": _evoprompt_ga_paper,
        "evoprompt-de": _evoprompt_de,
        "evoprompt-de-paper": _evoprompt_de_paper,
        "examples": _examples,
        "icpi": _icpi,
        "gi": _gi,
        "gi-shrink": _gi_shrink,
        "reflect": _reflect,
        "reflect-paper": _reflect_paper,
        "retroformer": _retroformer,
    }
)


def strategy_named(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    others: Mapping[str, Factory] | None = None,
) -> Strategy:
    """Return the strategy that a name stands for.

    Args:
        name: Such as ``"opro"``.
        options: What is set about it; its own defaults for the rest.
        others: Factories of strategies that do not come with this package; they are
            asked first.

    Raises:
        SettingError: There is none of that name, or it has no such option.
    """
    factories = {**BUILT_IN, **(others or {})}
    if name not in factories:
        raise SettingError(f"unknown strategy {name!r}", did_you_mean(name, factories))
    return factories[name](options or {})
