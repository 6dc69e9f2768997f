"""GitHub's .prompt.yml and Dotprompt files are prompts with their model settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_places import fault, read_all, rewritten

from pytest_promptopt.errors import SourceError
from pytest_promptopt.patch import apply_edits
from pytest_promptopt.prompts import Prompt, load_prompt

NAME = "prompts/triage.prompt.yml"
GITHUB = """\
name: Triage
description: Sorts tickets
model: openai/gpt-4o-mini
modelParameters:
  temperature: 0.2
  maxTokens: 20
  topP: 1
messages:
  - role: system
    content: |
      Sort the ticket.
  - role: user
    content: "{{input}}"
testData:
  - input: Lost.
    expected: shipping
"""
DOTPROMPT = """\
---
model: googleai/gemini-1.5-flash
config:
  temperature: 0.7
  maxOutputTokens: 50
output:
  format: json
---
{{role "system"}}
Be {{tone}}.
{{! a remark }}
{{#if strict}}
Only the label, {{{ticket.kind}}}.
{{/if}}
{{role 'user'}}
{{#each lines}}
{{@index}}: {{this.text}} {{../tone}}
{{/each}}
"""


def prompt(name: str, text: str) -> Prompt:
    return Prompt(read_all(name, {name: text}))


def test_a_github_prompt_has_messages_and_model_settings() -> None:
    loaded = prompt(NAME, GITHUB)

    assert [(m.role, m.content) for m in loaded.render({"input": "Lost."})] == [
        ("system", "Sort the ticket."),
        ("user", "Lost."),
    ]
    assert loaded.request_defaults == {
        "temperature": 0.2,
        "max_tokens": 20,
        "top_p": 1,
    }
    assert loaded.model_hint == "openai/gpt-4o-mini"
    assert [region.address for region in loaded.regions] == [
        "prompts/triage.prompt.yml:messages[0]#whole"
    ]


def test_a_message_of_a_github_prompt_is_edited_in_place() -> None:
    loaded = prompt(NAME, GITHUB)
    candidate = loaded.incumbent.replacing(loaded.regions[0].address, "Sort.\nNow.\n")

    after = apply_edits(GITHUB.encode(), loaded.edits(candidate)).decode()

    assert after == GITHUB.replace(
        "      Sort the ticket.\n", "      Sort.\n      Now.\n"
    )


@given(
    look=st.sampled_from(["plain", "'", '"', "|", "|-", ">", ">-  # c"]),
    new=st.text(alphabet=list("ab {}:-\\'\"\n\t#&|>\u2028\u00e4"), max_size=16),
    noise=st.text(alphabet=list("a#'\"{[:\u00e4 "), max_size=6),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=200, deadline=None)
def test_no_byte_outside_the_message_of_a_github_prompt_ever_changes(
    look: str, new: str, noise: str, newline: str, bom: str
) -> None:
    head = f"{bom}# {noise}\nmodelParameters: {{topP: 1}}\nmessages:\n"
    head = f"{head}  - role: user  # {noise}\n    content: ".replace("\n", newline)
    tail = f"testData:  # {noise}\n  - {{input: \u00e4, expected: 'b'}}\n"
    tail = tail.replace("\n", newline)
    quote = look if look in "'\"" else ""
    written = (
        f"{look}\n      Sort\n      well\u00e4.\n"
        if look[0] in "|>"
        else f"{quote}Sort well\u00e4.{quote}\n"
    )
    source = head + written.replace("\n", newline) + tail

    edited = rewritten(NAME, source.encode(), new).decode()

    assert edited.startswith(head)
    assert edited.endswith(tail)
    (again,) = read_all(NAME, {NAME: edited})
    assert (again.text, again.request) == (new, {"top_p": 1})


def test_the_reply_format_of_a_github_prompt_goes_into_the_request() -> None:
    text = GITHUB + (
        "responseFormat: json_schema\n"
        'jsonSchema: |\n  {"name": "label", "schema": {"type": "object"}}\n'
    )

    assert prompt(NAME, text).request_defaults["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "label", "schema": {"type": "object"}},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "messages: Sort.\n",
            ":1: 'messages' is a text, not a list of messages\n"
            "  hint: write '- role: user' and 'content: ...' for each",
        ),
        (
            "model: m\n",
            ":1: the file has no entry 'messages'\n  hint: it has: 'model'",
        ),
        (
            GITHUB.replace("modelParameters", "modelParameter"),
            ":5: unknown field 'modelParameter', of which nothing would be sent\n"
            "  hint: did you mean 'modelParameters'?",
        ),
        (
            GITHUB + "responseFormat: xml\n",
            ":17: responseFormat is 'xml'\n"
            "  hint: write one of: text, json_object, json_schema",
        ),
        (
            GITHUB + "responseFormat: json_schema\njsonSchema: '{'\n",
            ":18: jsonSchema is no JSON: Expecting property name enclosed in double "
            "quotes: line 1 column 2 (char 1)\n"
            "  hint: write the schema as JSON, with its name and schema, in a | block",
        ),
        (
            "modelParameters: 3\nmessages: [{role: user, content: x}]\n",
            ": modelParameters is 3, not a table of model settings\n"
            "  hint: write one setting a line, e.g. temperature: 0",
        ),
        (
            "modelParameters: {topP: 1, top_p: 2}\n"
            "messages: [{role: user, content: x}]\n",
            ": modelParameters has 'top_p' twice\n  hint: keep one of the two",
        ),
    ],
)
def test_what_is_no_github_prompt_is_refused_with_the_reason(
    text: str, message: str
) -> None:
    assert fault(NAME, {NAME: text}) == NAME + message


def test_a_dotprompt_file_is_rendered_as_dotprompt_does() -> None:
    loaded = prompt("triage.prompt", DOTPROMPT)
    lines = [{"text": "Lost."}, {"text": "Late."}]
    inputs = {
        "tone": "kind",
        "strict": True,
        "ticket": {"kind": "x"},
        "lines": lines,
    }

    rendered = loaded.render(inputs)

    assert [(m.role, m.content) for m in rendered] == [
        ("system", "\nBe kind.\nOnly the label, x.\n"),
        ("user", "\n0: Lost. kind\n1: Late. kind\n"),
    ]
    assert loaded.variables == {"tone", "strict", "ticket", "lines"}
    assert loaded.request_defaults == {
        "temperature": 0.7,
        "max_tokens": 50,
        "response_format": {"type": "json_object"},
    }
    assert loaded.model_hint == "googleai/gemini-1.5-flash"
    assert [source.line for source in loaded.sources] == [9, 15]


def test_a_dotprompt_file_of_several_messages_is_loaded_from_a_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "triage.prompt").write_text(DOTPROMPT)

    loaded = load_prompt({"": "triage.prompt"}, roots=[tmp_path])

    assert [source.role for source in loaded.sources] == ["system", "user"]


def test_a_dotprompt_file_without_front_matter_is_one_message() -> None:
    (source,) = read_all("a.prompt", {"a.prompt": "Sort {{x}}: {%"}, role="system")

    assert (source.role, source.key, source.line) == ("system", "a.prompt", 1)
    assert Prompt([source]).render({"x": "it"})[0].content == "Sort it: {%"


def test_a_dotprompt_file_is_not_rewritten_and_a_search_can_know_before() -> None:
    loaded = prompt("a.prompt", "Sort {{x}}.")
    refusal = (
        "/project/a.prompt: a Dotprompt file is read and never rewritten, so that "
        "there is nothing to search for: its Handlebars text has no exact way back\n"
        "  hint: score and gate it as it is, or keep its text in a .j2 file or a "
        ".prompt.yml file to have it rewritten"
    )
    candidate = loaded.incumbent.replacing(loaded.regions[0].address, "New {{ x }}.")

    with pytest.raises(SourceError) as caught:
        loaded.edits(candidate)

    assert str(caught.value) == refusal
    assert str(loaded.unwritable) == refusal
    assert prompt("a.j2", "Sort.").unwritable is None


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a\n{{> part}}", 2, "'{{> part}}' is not read"),
        ("---\na: b\n---\n{{json x}}", 4, "'{{json x}}' is not read"),
        ("{{media url=x}}", 1, "'{{media url=x}}' is not read"),
        ("a {{history}}", 1, "'{{history}}' is not read"),
        ("{{../x}}", 1, "'{{../x}}' is not read"),
        ("{{this}}", 1, "'{{this}}' is not read"),
        ("{{#if (eq a b)}}x{{/if}}", 1, "'{{#if (eq a b)}}' is not read"),
        ("\\{{x}}", 1, "'\\\\{{x}}' is escaped"),
        ("{{#if x}}\na", 2, "{{#if}} is not closed"),
        ("{{/if}}", 1, "{{/if}} closes nothing that is open"),
        ('{{role "tool"}}a', 1, "the role 'tool' is none of a text message"),
        ('{{#if x}}{{role "user"}}a{{/if}}', 1, "a message starts inside a block"),
    ],
)
def test_what_has_no_counterpart_in_jinja_is_refused(
    text: str, line: int, problem: str
) -> None:
    assert fault("a.prompt", {"a.prompt": text}) == (
        f"a.prompt:{line}: Dotprompt: {problem}\n"
        "  hint: only {{name}}, {{#if}}, {{#unless}}, {{#each}}, {{role}} and comments "
        "are; keep the prompt in a .j2 file to use more"
    )


def test_front_matter_that_is_no_yaml_is_placed_in_the_file() -> None:
    text = "---\nmodel: x\nconfig: [\n---\nSort."

    assert fault("a.prompt", {"a.prompt": text}).startswith(
        "a.prompt:4: the file is no YAML: "
    )


def test_an_empty_dotprompt_file_is_refused() -> None:
    assert fault("a.prompt", {"a.prompt": "---\nmodel: x\n---\n\n"}) == (
        "a.prompt:4: the prompt is empty\n  hint: write a prompt into it"
    )


def test_a_dotprompt_file_with_roles_cannot_be_another_message() -> None:
    assert fault("a.prompt", {"a.prompt": DOTPROMPT}, role="system") == (
        "a.prompt:9: the file starts messages with {{role}}, and is given as the "
        "system message\n  hint: give it without a role"
    )


@pytest.mark.parametrize(
    ("template", "inputs", "text"),
    [
        ("a{{#unless x}}b{{else}}c{{/unless}}", {"x": 0}, "ab"),
        ("{{#each x}}{{this}},{{else}}none{{/each}}", {"x": []}, "none"),
        ("{{#each x}}{{a}}{{#if @last}}.{{/if}}{{/each}}", {"x": [{"a": 1}]}, "1."),
        ("a  {{~x~}}  b", {"x": "-"}, "a-b"),
        ("{{!-- {{x}} --}}a", {}, "a"),
        ("{{x.y}} { {{x.y}} }", {"x": {"y": 1}}, "1 { 1 }"),
        ("a\n  {{#if x}}  \nb\n{{/if}}\nc", {"x": 1}, "a\nb\nc"),
    ],
)
def test_handlebars_means_what_it_means_there(
    template: str, inputs: dict[str, object], text: str
) -> None:
    assert prompt("a.prompt", template).render(inputs)[0].content == text
