"""Which names of a running program follow the text of an arm, and what is refused."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.items.delivery.attribute import AsAttribute
from pytest_promptopt.items.pending import Draw, Pending, Tally
from pytest_promptopt.items.prompt_test import Arm
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.records import Candidate, Case
from pytest_promptopt.testing import ScriptedModel

OLD = "Sort the ticket."
NEW = "Sort the ticket well."
AS_FILE = (
    'write deliver="file", which runs the application on an edited copy of the project'
)

Modules = Callable[..., ModuleType]


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Modules]:
    """Write modules of a project, then import the first."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(**texts: str) -> ModuleType:
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(next(iter(texts)))

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def delivery(root: Path, places: dict[str, str]) -> AsAttribute:
    return AsAttribute(prompt=load_prompt(places, roots=[root]), root=root)


def part_of(prompt: Prompt) -> list[Pending]:
    model = NamedModel("scripted:x", ScriptedModel({}))
    draw = Draw(purpose="gate", run="", indices=range(1), tally=Tally())
    arm = Arm(prompt=prompt, model=model, settings={})
    return [Pending(arm=arm, case=Case(id="a", inputs={}), index=0, draw=draw)]


def rewritten(prompt: Prompt, text: str) -> Prompt:
    texts = dict.fromkeys(prompt.incumbent.texts, text)
    return prompt.replacing(Candidate(texts=texts))


def seen(root: Path, key: str, read: Callable[[], Any]) -> tuple[Any, Any, Any]:
    """Return what a program reads before, while and after a text is in its place."""
    way = delivery(root, {"": key})
    before = read()
    with way.in_place(part_of(rewritten(way.prompt, NEW))):
        between = read()
    return before, between, read()


@pytest.mark.parametrize(
    ("app", "expression"),
    [
        ("import shop_prompts", "app.shop_prompts.SORT"),
        ("from shop_prompts import SORT as PROMPT", "app.PROMPT"),
        ("from shop_prompts import SORT\nclass Sorter:\n    p = SORT", "app.Sorter.p"),
        ("from shop_prompts import SORT\nALL = {'sort': SORT}", "app.ALL['sort']"),
        (
            "from shop_prompts import SORT\nALL = [{'content': SORT}]",
            "app.ALL[0]['content']",
        ),
        (
            "from shop_prompts import SORT\n"
            "class Sorter:\n"
            "    def __init__(self, prompt): self.prompt = prompt\n"
            "sorter = Sorter(SORT)",
            "app.sorter.prompt",
        ),
        (
            "from dataclasses import dataclass\nfrom shop_prompts import SORT\n"
            "@dataclass(frozen=True)\nclass Sorter:\n    prompt: str\n"
            "sorter = Sorter(SORT)",
            "app.sorter.prompt",
        ),
        (
            "def read():\n    from shop_prompts import SORT\n    return SORT",
            "app.read()",
        ),
    ],
)
def test_whatever_holds_the_constant_follows_the_arm_and_is_restored(
    tmp_path: Path, modules: Modules, app: str, expression: str
) -> None:
    module = modules(shop_app=app, shop_prompts=f"SORT = {OLD!r}\n")

    found = seen(
        tmp_path, "shop_prompts:SORT", lambda: eval(expression, {"app": module})
    )

    assert found == (OLD, NEW, OLD)


@pytest.mark.parametrize(
    ("prompts", "name", "expression"),
    [
        (f"class P:\n    class Q:\n        SORT = {OLD!r}", "P.Q.SORT", "P.Q.SORT"),
        (f"ALL = {{'a': {OLD!r}, 'b': 'x'}}", "ALL[a]", "ALL['a']"),
        (f"ALL = {{1: [{OLD!r}]}}", "ALL[1][0]", "ALL[1][0]"),
        (
            f"ALL = ({{'role': 'user', 'content': {OLD!r}}},)",
            "ALL",
            "ALL[0]['content']",
        ),
        (f"SORT = '''\n{OLD}\n'''.strip()", "SORT", "SORT"),
    ],
)
def test_an_entry_of_a_constant_is_replaced_where_it_is(
    tmp_path: Path, modules: Modules, prompts: str, name: str, expression: str
) -> None:
    module = modules(shop_prompts=prompts)

    found = seen(
        tmp_path, f"shop_prompts:{name}", lambda: eval(expression, vars(module))
    )

    assert found == (OLD, NEW, OLD)


def test_what_is_imported_meanwhile_gets_the_text_back(
    tmp_path: Path, modules: Modules
) -> None:
    modules(shop_prompts=f"SORT = {OLD!r}\n")
    (tmp_path / "shop_late.py").write_text(
        "from shop_prompts import SORT\nCLIENT = {}\n"
        "def ask():\n    CLIENT.setdefault('prompt', SORT)\n    return CLIENT['prompt']"
    )

    def read() -> Any:
        late = importlib.import_module("shop_late")
        return late.ask(), late.SORT

    way = delivery(tmp_path, {"": "shop_prompts:SORT"})
    texts = []
    for text in (NEW, OLD, "Sort."):
        with way.in_place(part_of(rewritten(way.prompt, text))):
            texts.append(read())

    assert texts == [(text, text) for text in (NEW, OLD, "Sort.")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_the_text_is_restored_whatever_ends_the_run(
    tmp_path: Path, modules: Modules, error: type[BaseException]
) -> None:
    module = modules(shop_prompts=f"SORT = {OLD!r}\n")
    way = delivery(tmp_path, {"": "shop_prompts:SORT"})

    new = part_of(rewritten(way.prompt, NEW))
    with pytest.raises(error), way.in_place(new):  # noqa: PT012 - the way it ends
        assert NEW == module.SORT
        raise error

    assert OLD == module.SORT


def test_messages_and_several_constants_are_replaced_together(
    tmp_path: Path, modules: Modules
) -> None:
    module = modules(shop_prompts="A = 'Be brief, please.'\nB = 'Sort it, please.'\n")
    way = delivery(tmp_path, {"system": "shop_prompts:A", "user": "shop_prompts:B"})

    with way.in_place(part_of(rewritten(way.prompt, NEW))):
        assert (module.A, module.B) == (NEW, NEW)

    assert (module.A, module.B) == ("Be brief, please.", "Sort it, please.")


def refusal(root: Path, key: str = "shop_prompts:SORT") -> str:
    """Return the whole error, also where the arm's text is the one that is there."""
    way = delivery(root, {"": key})
    with pytest.raises(PromptOptError) as same, way.in_place(part_of(way.prompt)):
        pass
    new = rewritten(way.prompt, NEW)
    with pytest.raises(PromptOptError) as other, way.in_place(part_of(new)):
        pass
    assert str(same.value) == str(other.value)
    return str(same.value).replace(f"{root}/", "")


@pytest.mark.parametrize(
    ("late", "told"),
    [
        ("SORT += ' Now.'", "'Sort the ticket. Now.'"),
        ("SORT = SORT.encode()", "a bytes"),
    ],
)
def test_a_text_that_is_another_one_at_run_time_is_refused(
    tmp_path: Path, modules: Modules, late: str, told: str
) -> None:
    # As an application does that completes its prompts when it starts.
    module = modules(shop_prompts=f"SORT = {OLD!r}\n")
    exec(late, vars(module))

    text = refusal(tmp_path)

    assert text.startswith(f"shop_prompts:SORT is {told} in the running program, and ")
    assert "shop_prompts.py:1" in text
    assert text.endswith(f"\n  hint: {AS_FILE}")


@pytest.mark.parametrize(
    ("app", "holder"),
    [
        ("def ask(prompt=SORT): ...", "a default of shop_app:ask (line 2)"),
        ("def ask(*, prompt=SORT): ...", "a default of shop_app:ask (line 2)"),
        ("ALL = (SORT, 'x')", "shop_app:ALL[0]"),
        (
            "import functools\nask = functools.partial(print, SORT)",
            "shop_app:ask[0]",
        ),
        (
            "def make(prompt):\n    return lambda: prompt\nask = make(SORT)",
            "a local name around shop_app:make.<locals>.<lambda> (line 3)",
        ),
        (
            "class Ask:\n    __slots__ = ('prompt',)\nask = Ask()\nask.prompt = SORT",
            "shop_app:ask.prompt",
        ),
    ],
)
def test_what_cannot_be_replaced_is_refused(
    tmp_path: Path, modules: Modules, app: str, holder: str
) -> None:
    text = f"from shop_prompts import SORT\n{app}\n"
    modules(shop_app=text, shop_prompts=f"SORT = {OLD!r}\n")

    assert refusal(tmp_path) == (
        f"shop_prompts:SORT is also held by {holder}, where it cannot be replaced in "
        f"the running program\n  hint: {AS_FILE}"
    )


@pytest.mark.parametrize(
    "app",
    [
        "from string import Template\nASK = Template(prompts.SORT + ' $ticket')",
        "ASK = prompts.SORT + ' Now.'",
        "ASK = f'{prompts.SORT} Now.'",
        "class App:\n    if True:\n        ASK = prompts.SORT.upper()",
        "P = prompts.SORT\ndel P\nASK = [prompts.SORT.strip('.')]",
    ],
)
def test_what_is_made_of_the_text_on_import_is_refused(
    tmp_path: Path, modules: Modules, app: str
) -> None:
    modules(
        shop_app=f"import shop_prompts as prompts\n{app}\n",
        shop_prompts=f"SORT = {OLD!r}\n",
    )

    text = refusal(tmp_path)

    name = "App.ASK" if "class" in app else "ASK"
    line = 1 + app[: app.index("ASK =")].count("\n") + 1
    assert text == (
        f"shop_app.py:{line}: {name!r} is made of shop_prompts:SORT when the module is "
        f"imported, so that it would not follow the text under test\n  hint: {AS_FILE}"
    )


@pytest.mark.parametrize(
    "app",
    [
        "LENGTH = len(SORT)",
        "if __name__ == '__main__':\n    ASK = SORT + '!'",
        "ask = lambda: SORT + '!'",
        "OTHER = 'Sort the ticket!'\nASK = OTHER + '!'",
        "def ask(): return 'Sort the ticket.'",
    ],
)
def test_what_does_no_harm_is_let_be(
    tmp_path: Path, modules: Modules, app: str
) -> None:
    modules(
        shop_app=f"from shop_prompts import SORT\n{app}",
        shop_prompts=f"SORT = {OLD!r}\n",
    )
    way = delivery(tmp_path, {"": "shop_prompts:SORT"})

    with way.in_place(part_of(rewritten(way.prompt, NEW))):
        pass


@pytest.mark.parametrize(
    "app",
    [
        "@cache\ndef ask(): return SORT",
        "@lru_cache\ndef ask(): return ('system', [SORT])",
        "@cache\ndef ask(): return {'system': [SORT]}",
        "def first(kind): return SORT\nask = lru_cache(1)(lambda: first('a'))",
        "class App:\n    @lru_cache\n    def ask(self): return SORT\nask = App().ask",
        "@cache\ndef length(text): return len(text)\ndef ask(): return length(SORT)",
        "@lru_cache\ndef both(a, *, b): return a + b\n"
        "def ask(): return both(SORT, b=SORT)",
    ],
)
def test_a_cached_function_follows_the_arm(
    tmp_path: Path, modules: Modules, app: str
) -> None:
    cached = "from functools import cache, lru_cache\nfrom shop_prompts import SORT\n"
    shop = modules(shop_app=f"{cached}{app}\n", shop_prompts=f"SORT = {OLD!r}\n")
    way = delivery(tmp_path, {"": "shop_prompts:SORT"})
    first = repr(shop.ask())

    with way.in_place(part_of(rewritten(way.prompt, NEW))):
        between = repr(shop.ask())
    with way.in_place(part_of(rewritten(way.prompt, f"{NEW}!"))):
        other = repr(shop.ask())
    after = repr(shop.ask())

    assert len({between, other, after}) == 3
    assert first == after


def test_a_cache_that_never_met_the_text_is_left_full(
    tmp_path: Path, modules: Modules
) -> None:
    text = "from functools import cache\n@cache\ndef client(): return object()\n"
    prompts = f"{text}SORT = {OLD!r}\n"
    client = modules(shop_prompts=prompts).client

    before, between, after = seen(tmp_path, "shop_prompts:SORT", client)

    assert before is between is after


def test_a_text_written_twice_is_refused_where_that_matters(
    tmp_path: Path, modules: Modules
) -> None:
    modules(shop_prompts=f"SORT = {OLD!r}\nOTHER = {OLD!r}\n")

    assert refusal(tmp_path) == (
        "shop_prompts:SORT is written twice in shop_prompts.py, so that "
        "shop_prompts:OTHER may be the same text or another one that is equal\n"
        f"  hint: assign the name where it is the same text, or {AS_FILE}"
    )


def test_a_single_word_is_replaced_by_its_name_only(
    tmp_path: Path, modules: Modules
) -> None:
    # Python keeps one object of all equal texts that could be names.
    module = modules(
        shop_app="from shop_prompts import SORT\nKIND = 'sort'\nALL = ('sort',)",
        shop_prompts="SORT = 'sort'",
    )
    way = delivery(tmp_path, {"": "shop_prompts:SORT"})

    with way.in_place(part_of(rewritten(way.prompt, NEW))):
        found = (module.SORT, module.KIND, module.ALL)

    assert found == (NEW, "sort", ("sort",))
    assert module.SORT == "sort"


def test_a_constant_that_the_body_assigns_anew_is_an_error(
    tmp_path: Path, modules: Modules
) -> None:
    module: Any = modules(shop_prompts=f"SORT = {OLD!r}\n")
    way = delivery(tmp_path, {"": "shop_prompts:SORT"})

    with (
        pytest.raises(PromptOptError, match="assigned anew while the body ran"),
        way.in_place(part_of(rewritten(way.prompt, NEW))),
    ):
        importlib.reload(module)

    assert OLD == module.SORT


def test_an_entry_of_a_tuple_is_refused(tmp_path: Path, modules: Modules) -> None:
    modules(shop_prompts=f"ALL = ({OLD!r}, 'x')\n")

    assert refusal(tmp_path, "shop_prompts:ALL[0]") == (
        "shop_prompts:ALL[0] is an entry of a tuple, which cannot be replaced in the "
        f"running program\n  hint: make it a list, or {AS_FILE}"
    )


def test_a_module_that_cannot_be_imported_is_an_error(
    tmp_path: Path, modules: Modules
) -> None:
    modules(shop_app="")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "shop_far.py").write_text(f"SORT = {OLD!r}\n")
    (tmp_path / "shop_bad.py").write_text(f"SORT = {OLD!r}\nraise OSError('no key')")

    assert refusal(tmp_path, "shop_far:SORT") == (
        "deliver=\"attribute\": the module 'shop_far' cannot be imported: "
        "ModuleNotFoundError: No module named 'shop_far'\n"
        "  hint: set pythonpath = src (the folder that has it) in pytest's settings, "
        "or pip install -e ."
    )
    assert refusal(tmp_path, "shop_bad:SORT") == (
        "deliver=\"attribute\": the module 'shop_bad' cannot be imported: OSError: no "
        "key\n  hint: see that it can be imported without running the application"
    )


def test_a_module_of_that_name_from_elsewhere_is_an_error(
    tmp_path: Path, modules: Modules
) -> None:
    modules(shop_app="")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "colorsys.py").write_text(f"SORT = {OLD!r}\n")

    text = refusal(tmp_path, "colorsys:SORT")

    assert text.startswith("the prompt was read from 'src/colorsys.py', and the module")
