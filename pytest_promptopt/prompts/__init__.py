"""Prompts: where they are kept, how they are rendered and rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.lazily import resolve_lazily

if TYPE_CHECKING:
    from pytest_promptopt.prompts.case_text import CaseText
    from pytest_promptopt.prompts.example_region import ExampleRegion
    from pytest_promptopt.prompts.guards import Limits, check_candidate
    from pytest_promptopt.prompts.loading import (
        check_inputs,
        check_syntaxes,
        load_prompt,
    )
    from pytest_promptopt.prompts.project_environment import environment_named
    from pytest_promptopt.prompts.prompt import Prompt
    from pytest_promptopt.prompts.regions import Region
    from pytest_promptopt.prompts.source import Source

__all__ = [
    "CaseText",
    "ExampleRegion",
    "Limits",
    "Prompt",
    "Region",
    "Source",
    "check_candidate",
    "check_inputs",
    "check_syntaxes",
    "environment_named",
    "load_prompt",
]

resolve_lazily(
    __name__,
    {
        "case_text": ("CaseText",),
        "example_region": ("ExampleRegion",),
        "guards": (
            "Limits",
            "check_candidate",
        ),
        "loading": (
            "check_inputs",
            "check_syntaxes",
            "load_prompt",
        ),
        "project_environment": ("environment_named",),
        "prompt": ("Prompt",),
        "regions": ("Region",),
        "source": ("Source",),
    },
)
