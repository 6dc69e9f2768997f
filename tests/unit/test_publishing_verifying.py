"""A change is made only if it rewrites regions of prompts, and nothing beside them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from builders import proposed
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.errors import PublishError
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.publishing.change import Change, changes_of
from pytest_promptopt.publishing.verifying import Verified, verified
from pytest_promptopt.records import Candidate, Edit, TestResult

MARKED = (
    "Before.\n{# promptopt: begin rules -#}\nBe {{ kind }}.\n{# promptopt: end -#}\n"
    "Behind {{ ticket }}.\n"
)


class Tree:
    """A work tree with prompts in it."""

    def __init__(self, top: Path) -> None:
        self.top = top.resolve()

    def write(self, name: str, text: str) -> None:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))

    def prompt(self, **specs: str) -> Prompt:
        roots = (self.top, self.top / "tests", self.top / "lib")
        return load_prompt({k.strip("_"): v for k, v in specs.items()}, roots=roots)

    def result(self, prompt: Prompt, texts: dict[str, str]) -> TestResult:
        """Build the result of a search that proposes new texts of regions."""
        edits = tuple(
            replace(edit, path=Path(edit.path).relative_to(self.top).as_posix())
            for edit in prompt.edits(prompt.fitted(Candidate(texts=texts)))
        )
        return self.claiming(prompt, *edits)

    def claiming(self, prompt: Prompt, *edits: Edit) -> TestResult:
        """Build a result with any edits of a prompt."""
        made = proposed("a", gain=0.2)
        assert made.search is not None
        assert made.search.proposal is not None
        proposal = replace(made.search.proposal, edits=edits, prompt=prompt.snapshot())
        search = replace(made.search, proposal=proposal)
        return replace(made, nodeid="tests/test_p.py::test_a", search=search)

    def edit(self, name: str, old: str, new: str) -> Edit:
        data = (self.top / name).read_bytes()
        start = data.index(old.encode("utf-8"))
        return Edit(
            path=name,
            sha256=hashlib.sha256(data).hexdigest(),
            start=start,
            end=start + len(old.encode("utf-8")),
            replacement=new,
        )

    def verified(self, *results: TestResult) -> Verified:
        (change,) = changes_of(results)
        return verified(change, top=self.top, root=self.top, base="main")

    def refusal(self, *results: TestResult) -> str:
        with pytest.raises(PublishError) as caught:
            self.verified(*results)
        return caught.value.problem


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_marked_region_may_be_rewritten(tree: Tree, newline: str) -> None:
    tree.write("p.j2", MARKED.replace("\n", newline))
    prompt = tree.prompt(_="p.j2")

    found = tree.verified(tree.result(prompt, {"p.j2#rules": "Stay {{ kind }}."}))

    new = MARKED.replace("Be {{", "Stay {{").replace("\n", newline)
    assert found.files == {"p.j2": new.encode()}
    assert [source.text for source in found.sources] == [new.replace("\r\n", "\n")]


@pytest.mark.parametrize(
    ("name", "key", "text"),
    [
        ("lib/app/texts.py", "app.texts:ASK", 'ASK = "Be kind."\nOTHER = "x"\n'),
        ("src/app/texts.py", "app.texts:ASK", 'ASK = "Be kind."\nOTHER = "x"\n'),
        ("p.toml", "p.toml:a.ask", '[a]\nask = "Be kind."\nother = "x"\n'),
        ("p.yaml", "p.yaml:a.ask", 'a:\n  ask: "Be kind."\n  other: x\n'),
        ("tests/p.txt", "p.txt", "Be kind."),
        ("prompts/p.txt", "prompts/p.txt", "Be kind."),
    ],
)
def test_a_prompt_in_any_place_may_be_rewritten_and_what_is_beside_it_not(
    tree: Tree, name: str, key: str, text: str
) -> None:
    tree.write(name, text)
    prompt = tree.prompt(_=key)
    result = tree.result(prompt, {f"{key}#whole": "Stay kind."})

    found = tree.verified(result)

    assert found.files == {name: text.replace("Be", "Stay").encode()}
    if "x" in text.replace("txt", ""):
        beside = tree.edit(name, "x", "y")
        assert "touches more" in tree.refusal(tree.claiming(prompt, beside))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Before", "After", "p.j2 changes outside of its regions"),
        ("Behind", "{# promptopt: begin x -#}", ": p.j2:5: region 'x' has no end"),
        ("begin rules", "begin roles", "it would have other regions"),
        ("{{ kind }}", "{{ secret }}", "p.j2#rules: changed a variable"),
        ("Be {{ kind }}", "Be", "p.j2#rules: lost a variable"),
        ("Be ", "Be {% include 'x' %}", "p.j2#rules: added an include"),
        ("Be ", "Be\u202e ", "p.j2#rules: invisible characters"),
        ("Be ", "{# promptopt: end -#}\nBe ", "cannot be verified"),
        ("{# promptopt: end -#}\n", "", "cannot be verified"),
    ],
)
def test_what_is_beside_a_region_and_what_it_has_to_keep_stay(
    tree: Tree, old: str, new: str, said: str
) -> None:
    tree.write("p.j2", MARKED)
    prompt = tree.prompt(_="p.j2")

    told = tree.refusal(tree.claiming(prompt, tree.edit("p.j2", old, new)))

    assert told.startswith("tests/test_p.py::test_a: its prompt cannot be verified: ")
    assert said in told


def test_a_message_without_marks_is_closed_where_another_has_some(tree: Tree) -> None:
    tree.write("s.j2", "Answer {{ ticket }}.\n")
    tree.write("u.j2", MARKED)
    prompt = tree.prompt(system="s.j2", user="u.j2")

    told = tree.refusal(tree.claiming(prompt, tree.edit("s.j2", "Answer", "Obey")))

    assert "s.j2 changes outside of its regions" in told


def test_a_file_that_is_no_source_of_the_prompt_stays(tree: Tree) -> None:
    tree.write("p.j2", MARKED)
    tree.write("conftest.py", "x = 1\n")
    prompt = tree.prompt(_="p.j2")

    told = tree.refusal(tree.claiming(prompt, tree.edit("conftest.py", "1", "2")))

    assert told == "conftest.py: the change touches more than the regions of a prompt"


def test_an_included_file_stays(tree: Tree) -> None:
    tree.write("p.j2", "{% include 'part.j2' %} {{ ticket }} and more\n")
    tree.write("part.j2", "Be kind.\n")
    prompt = tree.prompt(_="p.j2")

    told = tree.refusal(tree.claiming(prompt, tree.edit("part.j2", "kind", "rude")))

    assert "touches more than the regions" in told


SHOTS = (
    "Sort {{ ticket }}.\n{# promptopt: begin examples shots -#}\n"
    "{# promptopt: example {{ ticket }} -> {{ expected }} -#}\nA -> b\n\n"
    "{# promptopt: end -#}\n"
)


@pytest.mark.parametrize(
    "shots",
    ["Bill -> x", "{% raw %}{{ a }}{% endraw %} -> x", "A {{ '{{' }} b }} -> x"],
)
def test_a_region_of_examples_may_hold_other_cases(tree: Tree, shots: str) -> None:
    tree.write("p.j2", SHOTS)
    edit = tree.edit("p.j2", "A -> b", shots)

    found = tree.verified(tree.claiming(tree.prompt(_="p.j2"), edit))

    assert shots.encode() in found.files["p.j2"]


@pytest.mark.parametrize(
    "shots", ["{{ secret }} -> x", "{% include 'secret' %} -> x", "{{ 'a' ~ b }}"]
)
def test_a_region_of_examples_may_hold_no_code(tree: Tree, shots: str) -> None:
    tree.write("p.j2", SHOTS)
    edit = tree.edit("p.j2", "A -> b", shots)

    told = tree.refusal(tree.claiming(tree.prompt(_="p.j2"), edit))

    assert "p.j2#shots: examples that are no cases" in told


def test_two_prompt_tests_may_rewrite_two_regions_of_one_file(tree: Tree) -> None:
    second = MARKED.replace("rules", "tone").replace("kind", "mood")
    tree.write("p.j2", MARKED + second)
    prompt = tree.prompt(_="p.j2")
    one = tree.result(prompt, {"p.j2#rules": "Stay {{ kind }}."})
    other = tree.result(prompt, {"p.j2#tone": "Stay {{ mood }}."})

    found = tree.verified(one, replace(other, nodeid="tests/test_q.py::test_b"))

    assert found.files["p.j2"].count(b"Stay") == 2


def test_a_file_that_is_not_what_the_search_saw_is_refused(tree: Tree) -> None:
    tree.write("p.j2", MARKED)
    prompt = tree.prompt(_="p.j2")
    result = tree.result(prompt, {"p.j2#rules": "Stay {{ kind }}."})
    tree.write("p.j2", MARKED + "\n")

    assert tree.refusal(result) == "p.j2 at main is not the file that the search saw"


def test_a_link_in_place_of_a_file_is_refused(tree: Tree, tmp_path: Path) -> None:
    tree.write("real/p.j2", MARKED)
    prompt = tree.prompt(_="real/p.j2")
    edit = tree.edit("real/p.j2", "Be", "Stay")
    (tree.top / "link").symlink_to(tree.top / "real")
    (tree.top / "p.j2").symlink_to(tree.top / "real" / "p.j2")

    for name in ("p.j2", "link/p.j2"):
        told = tree.refusal(tree.claiming(prompt, replace(edit, path=name)))
        assert told == f"main has no file {name}, or has a link in its place"


@pytest.mark.parametrize(
    "snapshot",
    [
        {},
        {"sources": None},
        {"sources": [{}]},
        {"sources": [{"role": 1, "key": 2, "text": 3, "includes": {}}]},
        {"sources": [], "environment": {"x": 1}},
    ],
)
def test_a_record_of_no_prompt_is_refused(
    tree: Tree, snapshot: dict[str, object]
) -> None:
    tree.write("p.j2", MARKED)
    prompt = tree.prompt(_="p.j2")
    result = tree.result(prompt, {"p.j2#rules": "Stay {{ kind }}."})
    assert result.search is not None
    assert result.search.proposal is not None
    proposal = replace(result.search.proposal, prompt=snapshot)
    broken = replace(result, search=replace(result.search, proposal=proposal))

    with pytest.raises(PublishError):
        verified(
            Change(results=(broken,), files=("p.j2",)),
            top=tree.top,
            root=tree.top,
            base="main",
        )


SPOTS = st.integers(0, len(MARKED))


@given(
    spots=st.tuples(SPOTS, SPOTS),
    new=st.text("Be{}#%- \nkindpromptopt:en", max_size=12),
)
def test_whatever_is_changed_what_passes_changed_a_region_alone(
    tmp_path_factory: pytest.TempPathFactory, spots: tuple[int, int], new: str
) -> None:
    start, end = sorted(spots)
    tree = Tree(tmp_path_factory.getbasetemp() / "law")
    tree.write("p.j2", MARKED)
    prompt = tree.prompt(_="p.j2")
    edit = replace(tree.edit("p.j2", MARKED, new), start=start, end=end)
    head, _, rest = MARKED.partition("Be {{ kind }}.\n")

    try:
        found = tree.verified(tree.claiming(prompt, edit)).files["p.j2"].decode()
    except PublishError:
        return

    assert found.startswith(head)
    assert found.endswith(rest)
    assert found[len(head) :].count("{{ kind }}") == 1
