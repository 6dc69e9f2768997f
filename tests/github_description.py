"""What GitHub's own OpenAPI description says of the few requests that are sent here.

The extract beside this file has of each operation its parameters, the schema of its
body, its statuses and the types of the fields that are read of its answers. It was
written from the npm package ``@octokit/openapi`` (MIT License, Copyright (c) 2020
Octokit contributors) by

    python tests/github_description.py FOLDER/generated/api.github.com.deref.json

and the tests check it against that file if they are given it as ``--openapi=FILE``.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema

EXTRACT = Path(__file__).with_name("github_description.json")

REPOSITORY = "/repos/{owner}/{repo}"
PULL = ("number", "html_url", "head.ref", "head.sha", "head.repo.full_name", "base.ref")
COMMENT = ("id", "body", "html_url", "user.login")
FILE = ("filename", "previous_filename")
OPERATIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("GET", f"{REPOSITORY}/pulls"): PULL,
    ("POST", f"{REPOSITORY}/pulls"): PULL,
    ("GET", f"{REPOSITORY}/pulls/{{pull_number}}"): PULL,
    ("PATCH", f"{REPOSITORY}/pulls/{{pull_number}}"): PULL,
    ("GET", f"{REPOSITORY}/pulls/{{pull_number}}/files"): FILE,
    ("GET", f"{REPOSITORY}/issues/{{issue_number}}/comments"): COMMENT,
    ("POST", f"{REPOSITORY}/issues/{{issue_number}}/comments"): COMMENT,
    ("PATCH", f"{REPOSITORY}/issues/comments/{{comment_id}}"): COMMENT,
}
"""Method and path to the fields that are read of an answer, or of each entry."""

SAID = ("name", "in", "required")
KEPT = ("type", "enum", "required", "items", "properties", "oneOf", "anyOf", "format")


def extracted(description: dict[str, Any]) -> dict[str, Any]:
    """Return the extract of a description without references."""
    operations: dict[str, Any] = {}
    for (method, path), read in OPERATIONS.items():
        found = description["paths"][path][method.lower()]
        body = found.get("requestBody")
        answers = {
            status: _fields(answer["content"]["application/json"]["schema"], read)
            for status, answer in found["responses"].items()
            if status.startswith("2")
        }
        operations[f"{method} {path}"] = {
            "parameters": [
                {
                    **{k: one[k] for k in SAID if k in one},
                    "schema": _bare(one["schema"]),
                }
                for one in found["parameters"]
            ],
            "body": body
            and {
                "required": body.get("required", False),
                "content": {
                    kind: _bare(entry["schema"])
                    for kind, entry in body["content"].items()
                },
            },
            "reads": answers,
            "refusals": sorted(s for s in found["responses"] if s[0] in "45"),
        }
    info = description["info"]
    return {
        "from": f"@octokit/openapi {info['version']}",
        "licence": "MIT License, Copyright (c) 2020 Octokit contributors",
        "operations": operations,
    }


def _bare(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_bare(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _bare(value) for key, value in schema.items() if key in KEPT}
    if isinstance(schema.get("properties"), dict):
        kept["properties"] = {k: _bare(v) for k, v in schema["properties"].items()}
    return kept


def _fields(schema: dict[str, Any], read: tuple[str, ...]) -> dict[str, Any]:
    entry = schema["items"] if schema.get("type") == "array" else schema
    return {"list": entry is not schema, "types": {n: _type(entry, n) for n in read}}


def _type(schema: dict[str, Any], name: str) -> Any:
    for part in name.split("."):
        options = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
        schema = next(
            option["properties"][part]
            for option in options
            if part in option.get("properties", {})
        )
    return schema.get("type")


def described() -> dict[str, Any]:
    """Return the operations of the extract."""
    found: dict[str, Any] = json.loads(EXTRACT.read_text("utf-8"))["operations"]
    return found


def operation_of(method: str, path: str) -> tuple[str, dict[str, str]]:
    """Return the operation of a request and what stands in its path; else empty."""
    for name in described():
        known, _, template = name.partition(" ")
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        found = re.fullmatch(pattern, path)
        if known == method and found is not None:
            return name, {k: unquote(v) for k, v in found.groupdict().items()}
    return "", {}


def faults(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> list[str]:
    """Return what of a request the description does not allow.

    Args:
        method: The request's.
        path: Without the address of the API, as sent.
        query: What follows the question mark.
        headers: Names in lower case.
        body: As sent.
    """
    name, in_path = operation_of(method, path)
    if not name:
        return [f"no operation: {method} {path}"]
    operation = described()[name]
    given = {"path": in_path, "query": dict(parse_qsl(query, keep_blank_values=True))}
    wrong: list[str] = []
    for place, values in given.items():
        known = {p["name"]: p for p in operation["parameters"] if p["in"] == place}
        wrong += [f"unknown {place} parameter {key}" for key in values.keys() - known]
        for key, parameter in known.items():
            if key in values:
                wrong += _against(parameter["schema"], _typed(values[key], parameter))
            elif parameter.get("required"):
                wrong.append(f"no {place} parameter {key}")
    return [*wrong, *_body_faults(operation, headers, body), *_head_faults(headers)]


def _typed(value: str, parameter: dict[str, Any]) -> Any:
    whole = parameter["schema"].get("type") == "integer" and value.isdecimal()
    return int(value) if whole else value


def _body_faults(
    operation: dict[str, Any], headers: dict[str, str], body: bytes
) -> list[str]:
    if operation["body"] is None:
        return ["a body that nobody reads"] if body else []
    schema = operation["body"]["content"].get(headers.get("content-type", ""))
    if schema is None:
        return [f"a body of type {headers.get('content-type')!r}"]
    found = json.loads(body)
    unknown = found.keys() - schema["properties"].keys()
    return [*_against(schema, found), *(f"unknown field {key}" for key in unknown)]


def _head_faults(headers: dict[str, str]) -> list[str]:
    wanted = {
        "accept": "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
    }
    wrong = [
        f"{k}: {headers.get(k)!r}" for k, v in wanted.items() if headers.get(k) != v
    ]
    return wrong + ([] if headers.get("user-agent") else ["no user agent"])


def _against(schema: dict[str, Any], value: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(value)]


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text("utf-8")
    made = json.dumps(extracted(json.loads(text)), indent=1, sort_keys=True)
    EXTRACT.write_text(made + "\n", "utf-8")
