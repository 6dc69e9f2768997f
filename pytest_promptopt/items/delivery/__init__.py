"""How the text of an arm gets into the application that a prompt test calls.

``deliver="argument"`` hands it to the body, ``"attribute"`` replaces a Python constant
in this process, ``"file"`` writes it into a copy of the project that a sub-process runs
on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_promptopt.items.delivery.way import Delivery
    from pytest_promptopt.items.prompt_test import PromptTest


def delivery_of(test: PromptTest, item: pytest.Function) -> Delivery:
    """Return the way that a prompt test's marker names.

    Args:
        test: The prompt test as it is in the files.
        item: Its item, set up.
    """
    config = item.config
    if test.mark.deliver == "attribute":
        from pytest_promptopt.items.delivery.attribute import AsAttribute

        values = {
            f"the fixture {name!r}": item.funcargs[name] for name in item.funcargs
        }
        values["the test's object"] = item.instance
        return AsAttribute(prompt=test.prompt, root=config.rootpath, values=values)
    if test.mark.deliver == "file":
        from pytest_promptopt.items.delivery.file import AsFile

        folders = tuple(Path(entry) for entry in config.getini("pythonpath"))
        return AsFile(prompt=test.prompt, root=config.rootpath, pythonpath=folders)
    from pytest_promptopt.items.delivery.way import AS_ARGUMENT

    return AS_ARGUMENT
