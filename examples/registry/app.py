import sqlite3
from contextlib import closing
from pathlib import Path

PROMPTS = Path(__file__).with_name("prompts.sql")


def connect():
    """Return the database; the real one is on a server."""
    database = sqlite3.connect(":memory:")
    database.executescript(PROMPTS.read_text("utf-8"))
    return database


def text_of(name):
    """Return the newest version of a prompt, or None."""
    query = "select text from prompt where name = ? order by version desc limit 1"
    with closing(connect()) as database:
        row = database.execute(query, [name]).fetchone()
    return row[0] if row else None


def triage(chat, ticket):
    return chat(text_of("triage").format(ticket=ticket))
