"""What a repository holds is found, and read as a prompt test would."""

from __future__ import annotations

from pathlib import Path

import pytest
from git_project import GitProject

from pytest_promptopt.errors import SettingError
from pytest_promptopt.starting.project import project_of
from pytest_promptopt.starting.spot import Find, Survey
from pytest_promptopt.starting.survey import first, survey

ASK = "Sort the ticket into one of two: {{ ticket }}"
CONSTANT = f'PROMPT = "{ASK}"\n'


@pytest.fixture
def shop(tmp_path: Path) -> GitProject:
    return GitProject.started(tmp_path / "shop")


def surveyed(shop: GitProject, files: dict[str, str | bytes]) -> Survey:
    shop.write(files)
    return survey(project_of(shop.path))


def keys(found: Survey) -> list[str]:
    return [" + ".join(find.sources.values()) for find in found.finds]


def only(found: Survey) -> Find:
    assert len(found.finds) == 1, keys(found)
    return found.finds[0]


def refused(found: Survey) -> str:
    assert not found.finds, keys(found)
    (spot,) = found.unusable
    return f"{spot.file}:{spot.line}: {spot.name} {spot.problem}\n{spot.hint}"


def test_templates_and_texts_in_folders_for_prompts_are_found(
    shop: GitProject,
) -> None:
    found = surveyed(
        shop,
        {
            "prompts/a.md": ASK,
            "prompts/README.md": "About the prompts in this folder.",
            "prompts/b.j2": "{{ question }}",
            "prompts/_part.j2": ASK,
            "templates/c.jinja2": ASK,
            "templates/page.html.j2": "<html>Answer the question of {{ name }}",
            "docs/d.md": ASK,
        },
    )

    assert keys(found) == ["prompts/a.md", "prompts/b.j2", "templates/c.jinja2"]
    assert [find.variables for find in found.finds[:2]] == [("ticket",), ("question",)]


def test_python_constants_are_found_wherever_they_stand(shop: GitProject) -> None:
    source = f'''
import textwrap
if True:
    TRIAGE = "{ASK}"
class Texts:
    TONE: str = "Answer yes or no, is this mail kind: {{mail}}"
PROMPTS = {{"date": ["Find the date, reply in JSON: {{{{ mail }}}}"]}}
MESSAGES = [
    {{"role": "system", "content": "Be kind to the customer."}},
    {{"role": "user", "content": "{{{{ mail }}}}"}},
]
INSTRUCTIONS = textwrap.dedent("""
    Write a short reply to this:
    {{{{ mail }}}}
""")
MODEL = "gpt-5-mini"
__doc__ = "{ASK}"
'''

    found = surveyed(shop, {"src/shop/texts.py": source})

    assert keys(found) == [
        "shop.texts:TRIAGE",
        "shop.texts:Texts.TONE",
        "shop.texts:PROMPTS[date][0]",
        "shop.texts:MESSAGES",
        "shop.texts:INSTRUCTIONS",
    ]
    assert [find.spot.line for find in found.finds] == [4, 6, 7, 9, 12]
    assert [dict(find.syntax) for find in found.finds[:3]] == [{}, {"": "format"}, {}]
    assert [find.json for find in found.finds[:3]] == [False, False, True]


def test_values_of_yaml_and_toml_are_found_by_their_names(shop: GitProject) -> None:
    found = surveyed(
        shop,
        {
            "config/llm.yaml": (
                "reply:\n  system: Be kind to the customer.\n  temperature: 0\n"
                "  note: nothing to see in here\n"
                "tone:\n  - {role: user, content: 'Answer this: {{ mail }}'}\n"
            ),
            "prompts.toml": f'[triage]\ntext = "{ASK}"\n',
            "deploy.yaml": "spec:\n  template: {system: linux}\n",
            "pyproject.toml": f'[tool.x]\nprompt = "{ASK}"\n',
            "prompts.yaml": "a: [\n",
        },
    )

    assert keys(found) == [
        "config/llm.yaml:tone",
        "prompts.toml:triage.text",
        "config/llm.yaml:reply.system",
    ]
    assert [(spot.file, spot.line) for spot in found.unusable] == [("prompts.yaml", 2)]


def test_a_github_prompt_brings_its_own_cases(shop: GitProject) -> None:
    text = "messages: [{role: user, content: 'Title of {{text}}'}]\ntestData:\n"

    found = surveyed(
        shop,
        {
            "a.prompt.yml": f"{text}  - {{text: lamp, expected: Lamp}}\n",
            "b.prompt.yml": f"{text}  - {{text: lamp}}\n",
        },
    )

    assert [find.cases for find in found.finds] == ["a.prompt.yml", ""]


@pytest.mark.parametrize(
    ("files", "joined"),
    [
        (["p/order_system.j2", "p/order_user.j2"], "p/order_system.j2"),
        (["p/system.prompt.md", "p/user.prompt.md"], "p/system.prompt.md"),
    ],
)
def test_system_and_user_of_one_name_are_one_prompt(
    shop: GitProject, files: list[str], joined: str
) -> None:
    system, user = (f"prompts/{name}" for name in files)

    found = surveyed(
        shop, {system: "Be kind to the customer.", user: "Say: {{ mail }}"}
    )

    assert only(found).sources == {"system": f"prompts/{joined}", "user": user}
    assert only(found).variables == ("mail",)


def test_what_makes_a_poor_start_comes_last(shop: GitProject) -> None:
    found = surveyed(
        shop,
        {
            "prompts/a_system.txt": "Be kind to the customer {{ name }}.",
            "prompts/b.txt": "Be brief, whatever the customer says.",
            "prompts/c.prompt": "Grade the reply {{reply}}.",
            "prompts/d.txt": ASK,
        },
    )

    assert keys(found) == [
        "prompts/d.txt",
        "prompts/c.prompt",
        "prompts/a_system.txt",
        "prompts/b.txt",
    ]


def test_what_is_no_part_of_the_project_is_left_out(shop: GitProject) -> None:
    shop.commit_files({"gone/prompts.py": CONSTANT})
    (shop.path / "gone" / "prompts.py").unlink()
    found = surveyed(
        shop,
        {
            ".gitignore": "secret/\n",
            "secret/prompts.py": CONSTANT,
            ".hidden/prompts.py": CONSTANT,
            "node_modules/x/prompts.py": CONSTANT,
            "python/pyvenv.cfg": "",
            "python/lib/prompts.py": CONSTANT,
            "tests/prompts.py": CONSTANT,
            "app/test_prompts.py": CONSTANT,
            "prompts/binary.txt": b"Sort the ticket\0into one of two",
            "prompts/huge.txt": "Sort the tickets. " * 40_000,
            "prompts/latin.txt": "Größe der Lampe im Katalog".encode("latin-1"),
            "app/prompts.py": CONSTANT,
            "app/python2_prompts.py": 'print "hello"\n' + CONSTANT,
        },
    )

    assert keys(found) == ["app.prompts:PROMPT"]
    assert found.unusable == ()


def test_without_git_the_disk_is_walked(tmp_path: Path) -> None:
    shop = GitProject(tmp_path)

    found = surveyed(
        shop,
        {"prompts/a.txt": ASK, "venv/prompts/b.txt": ASK, ".x/prompts/c.txt": ASK},
    )

    assert keys(found) == ["prompts/a.txt"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            'x = 1\nPROMPT = f"Sort the ticket {x} into one of two"\n',
            "app.py:2: PROMPT is an f-string, whose text exists only when the program "
            "runs\nwrite a plain string with {{ variable }} where the values go",
        ),
        (
            'def ask(x):\n    prompt = f"Sort the ticket {x} into one of two"\n',
            "app.py:2: prompt is an f-string, whose text exists only when the program "
            "runs\nmake it a constant of the module, a plain string with "
            "{{ variable }} where the values go, and render it in the function",
        ),
        (
            "def ask(x):\n"
            '    return [{"role": "user", "content": "Sort these tickets for me"}]\n',
            "app.py:2: a message stands inside the function 'ask'\n"
            "make it a constant of the module, and use that in the function",
        ),
        (
            'PROMPT = "Sort the ticket " + "into one of two"\n',
            "app.py:1: PROMPT is joined with '+', so that no one literal holds it\n"
            "put the literals in parentheses without '+': they join by themselves",
        ),
        (
            'PROMPT = "Sort the ticket into one of two: %s"\n',
            "app.py:1: PROMPT has '%s', a field of '%' formatting, which would be sent "
            "as it stands\n"
            "write {name} and use str.format, or {{ name }} and Jinja",
        ),
        (
            'PROMPT = "Sort the ticket now"\nPROMPT = "Sort the tickets again"\n',
            "app.py:2: PROMPT is assigned on line 1 and again on line 2\n"
            "assign it once",
        ),
        (
            'PROMPT = "Sort the ticket into one of two: {{ id }}"\n',
            "app.py:1: PROMPT uses 'id' as a variable, which is a field of cases with "
            "a meaning of its own\nrename the variable",
        ),
    ],
)
def test_what_no_prompt_test_can_read_is_said_with_the_reason(
    shop: GitProject, source: str, said: str
) -> None:
    assert refused(surveyed(shop, {"app.py": source})) == said


def test_a_module_in_a_folder_that_python_cannot_name_needs_pythonpath(
    shop: GitProject,
) -> None:
    said = refused(surveyed(shop, {"my-app/texts.py": CONSTANT}))
    assert said == (
        "my-app/texts.py:1: PROMPT cannot be named as module:NAME\n"
        "give its folders and files names that Python can import, or add the folder "
        "to pytest's ini key pythonpath"
    )

    found = surveyed(shop, {"pytest.ini": "[pytest]\npythonpath = my-app\n"})

    assert keys(found) == ["texts:PROMPT"]


def test_a_module_that_another_one_hides_is_not_mistaken_for_it(
    shop: GitProject,
) -> None:
    other = 'PROMPT = "Answer the question: {{ question }}"\n'

    found = surveyed(shop, {"app.py": CONSTANT, "src/app.py": other})

    assert only(found).variables == ("ticket",)
    assert [(spot.file, spot.problem) for spot in found.unusable] == [
        (
            "src/app.py",
            f"cannot be named: 'app:PROMPT' is read from {shop.path / 'app.py'}, "
            "which comes before this file",
        )
    ]


def test_prompts_with_a_test_are_known_and_the_next_one_is_chosen(
    shop: GitProject,
) -> None:
    test = 'import pytest\n\n@pytest.mark.prompt("prompts/a.txt", cases=[])\n'
    files: dict[str, str | bytes] = {
        "prompts/a.txt": ASK,
        "prompts/b.txt": ASK,
        "tests/test_a.py": test,
    }

    found = surveyed(shop, files)

    assert [find.tested for find in found.finds] == ["tests/test_a.py:3", ""]
    chosen = first(found)
    assert chosen is not None
    assert chosen.key == "prompts/b.txt"


def test_what_is_perhaps_a_prompt_is_not_chosen(shop: GitProject) -> None:
    source = 'ERROR = "Could not open the file {path} on this disk"\n'

    found = surveyed(shop, {"app.py": source})

    assert keys(found) == ["app:ERROR"]
    assert first(found) is None


@pytest.mark.parametrize(
    ("name", "text", "header"),
    [
        ("pytest.ini", "", "[pytest]"),
        ("pytest.toml", "[pytest]\n", "[pytest]"),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", "[tool.pytest.ini_options]"),
        ("pyproject.toml", "[tool.pytest]\n", "[tool.pytest]"),
        ("pyproject.toml", "", "[tool.pytest.ini_options]"),
        ("tox.ini", "[pytest]\n", "[pytest]"),
        ("setup.cfg", "[tool:pytest]\n", "[tool:pytest]"),
    ],
)
def test_the_root_is_where_pytest_is_configured(
    shop: GitProject, name: str, text: str, header: str
) -> None:
    shop.write({name: text, "app/llm/prompts.py": CONSTANT})

    project = project_of(shop.path / "app")

    assert project.root == shop.path
    assert (project.ini.file, project.ini.header) == (name, header)
    assert keys(survey(project)) == ["app.llm.prompts:PROMPT"]


def test_a_file_above_the_repository_is_none_of_its_business(
    shop: GitProject,
) -> None:
    (shop.path.parent / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")

    project = project_of(shop.path)

    assert project.root == shop.path


def test_settings_that_cannot_be_read_are_refused(shop: GitProject) -> None:
    shop.write({"pyproject.toml": "[tool"})

    with pytest.raises(SettingError, match=r"pyproject\.toml cannot be read: "):
        project_of(shop.path)
