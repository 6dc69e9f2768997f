"""Where the committed files of a prompt test lie."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "__prompt_baselines__"

# Some file systems hold 255 bytes, some tools 260 characters for the whole path.
_LONGEST = 100
_SAFE = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,=+@[]"
)
# Windows reads these as devices, whatever follows the dot.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)


def path_for(test_file: Path, qualified_name: str) -> Path:
    """Return where the baseline of a prompt test lies.

    Args:
        test_file: The test module's path.
        qualified_name: Classes, function and parameter id, for example
            ``"TestShop.test_triage[gpt-small]"``.

    Returns:
        A path beside the test file. Different names have different paths, also where
        upper and lower case of a parameter id are one to the file system.
    """
    return _folder(test_file) / f"{_file_name(qualified_name)}.json"


def looks_path_for(test_file: Path, qualified_name: str) -> Path:
    """Return where the looks at the hold-out of a prompt test are kept."""
    return _folder(test_file) / f"{_file_name(qualified_name)}.looks.jsonl"


def _folder(test_file: Path) -> Path:
    return test_file.parent / FOLDER / _file_name(test_file.stem)


def _file_name(name: str) -> str:
    function, bracket, parameters = name.partition("[")
    # Names that differ in case only are common among parameters, not among functions.
    safe = "".join(_encoded(sign) for sign in function) + "".join(
        _encoded(sign, everything=sign.isupper()) for sign in bracket + parameters
    )
    if _DEVICE.match(safe) or safe.startswith("."):
        safe = _encoded(safe[0], everything=True) + safe[1:]
    if safe.endswith("."):
        safe = safe[:-1] + _encoded(".", everything=True)
    if len(safe) <= _LONGEST:
        return safe
    # "~" is never left unencoded above, so no short name looks like a cut one.
    tail = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{safe[: _LONGEST - 17]}~{tail}"


def _encoded(sign: str, *, everything: bool = False) -> str:
    if sign in _SAFE and not everything:
        return sign
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))
