"""Prompts: where they are kept, how they are rendered and rewritten."""

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
