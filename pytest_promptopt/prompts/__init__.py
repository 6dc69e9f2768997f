"""Prompts: where they are kept, how they are rendered and rewritten."""

from pytest_promptopt.prompts.case_text import CaseText
from pytest_promptopt.prompts.guards import Limits, check_candidate
from pytest_promptopt.prompts.prompt import Prompt, load_prompt
from pytest_promptopt.prompts.regions import Region
from pytest_promptopt.prompts.source import Source

__all__ = [
    "CaseText",
    "Limits",
    "Prompt",
    "Region",
    "Source",
    "check_candidate",
    "load_prompt",
]
