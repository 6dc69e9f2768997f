"""A time without garbage collection, for work that makes objects which stay."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def unswept() -> Iterator[None]:
    """Keep the collector from looking through modules and cases that are just read.

    They stay as long as the run does. Before a first request that would be a fifth of
    the time, and nothing would be found.
    """
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()
