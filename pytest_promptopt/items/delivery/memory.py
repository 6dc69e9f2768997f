"""What a cached function of the project remembers: the results, not the arguments."""

from __future__ import annotations

import functools
import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CACHED: type = type(functools.lru_cache(lambda: None))


def results_of(cached: Any) -> Iterator[Any]:
    """Return what a function under ``functools.cache`` or ``lru_cache`` has returned.

    Python offers no way to look into it but that of the garbage collector: what the
    function holds are results and arguments, and the latter are keys of a dict.

    Args:
        cached: The function.
    """
    held = [each for each in gc.get_referents(cached) if each is not vars(cached)]
    stores = [each for each in held if type(each) is dict]
    arguments = {id(key) for store in stores for key in store}
    plain = [each for each in held if type(each) is not dict]
    for each in (*plain, *(value for store in stores for value in store.values())):
        if id(each) not in arguments:
            yield each
