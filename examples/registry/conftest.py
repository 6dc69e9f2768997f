from types import SimpleNamespace

from app import text_of


def pytest_promptopt_source(config, name):
    kind, _, entry = name.partition(":")
    text = text_of(entry) if kind == "database" else None
    return SimpleNamespace(text=text) if text else None
