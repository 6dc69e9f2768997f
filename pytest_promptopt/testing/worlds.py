"""Worlds that a strategy is tried in: a prompt, cases, and how everybody answers.

A world is deterministic: its replies depend on the request, its scores on the text and
the case. None of them needs a model, a file or a network.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.optimize.plan import SearchPlan
from pytest_promptopt.prompts import Prompt, Source
from pytest_promptopt.records import Candidate, Case, Completion

if TYPE_CHECKING:
    from pytest_promptopt.records import Request

Reply = Callable[["Request"], "Completion | None"]
Quality = Callable[[Candidate, Case], float]

MARKED = """\
{# promptopt: begin task -#}
Sort the message into its drawer.
{# promptopt: end -#}
{{ message }}
"""
TWICE_MARKED = f"""\
{{# promptopt: begin tone -#}}
You are a careful clerk.
{{# promptopt: end -#}}
{MARKED}"""
WITH_EXAMPLES = f"""\
{{# promptopt: begin examples shots -#}}
{{# promptopt: end -#}}
{MARKED}"""
UNMARKED = "Sort the message into its drawer: {{ message }}\n"

_ASKED = re.compile(r"</(\w+)>")
_ALONE = re.compile(r"[ \t]*</?\w+>[ \t]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One world.

    Attributes:
        name: What is odd about it, for messages.
        reply: The optimizer model; ``None`` where a reply is lost.
        quality: What a candidate is worth on a case, in [0, 1].
        told: How the loop answers: ``"scored"``, ``"rejected"`` where it turns every
            candidate but the start away, ``"left a race"`` where each of them was
            scored on half the cases only.
        template: The prompt.
        train: Number of train cases, at least 1.
        steps: Steps that the search may take.
        proposals: How many candidates the budget buys; ``None``: no limit.
        earlier: Texts that the prompt had in former times, the latest first.
        embeds: Whether there is an embeddings model.
    """

    name: str
    reply: Reply
    quality: Quality
    told: Literal["scored", "rejected", "left a race"] = "scored"
    template: str = MARKED
    train: int = 6
    steps: int = 2
    proposals: int | None = None
    earlier: tuple[str, ...] = ()
    embeds: bool = False

    def prompt(self) -> Prompt:
        """Return the prompt, which stands in no file."""
        key = "prompts/sort.j2"
        path = Path(key)
        # As if a hook had supplied it: there is no file to write a proposal to.
        source = Source(role="", key=key, path=path, text=self.template, label=key)
        return Prompt([source])

    def plan(self, *, holdout: int = 0, budget: int | None = None) -> SearchPlan:
        """Return the plan of a search in this world.

        Args:
            holdout: Number of hold-out cases.
            budget: Model calls that it may make; ``None``: no limit.
        """
        prompt = self.prompt()
        address = prompt.regions[0].address
        return SearchPlan(
            prompt=prompt,
            cases=cases(self.train, "train") + cases(holdout, "holdout"),
            steps=self.steps,
            budget=budget,
            optimizer_settings={"top_p": 0.9},
            embeds=self.embeds,
            earlier=tuple(
                prompt.fitted(prompt.incumbent.replacing(address, text))
                for text in self.earlier
            ),
        )


def cases(count: int, part: Literal["train", "holdout"]) -> tuple[Case, ...]:
    """Return so many cases of one part, each with words of its own."""
    drawers = ("red", "green", "blue")
    return tuple(
        Case(
            id=f"{part}-{number}",
            inputs={"message": f"{part} message {number} of {luck(part, number):.6f}"},
            expected=f"{part} {drawers[number % 3]}",
            split=part,
        )
        for number in range(count)
    )


def luck(*words: object) -> float:
    """Return a number in [0, 1) that depends on the words only."""
    digest = hashlib.sha256("|".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def worth(candidate: Candidate, case: Case) -> float:
    """Return 1 or 0, the more often 1 the higher the number in a text."""
    numbers = re.findall(r"variant (\d+)", " ".join(candidate.texts.values()))
    level = 0.3 + 0.06 * max((int(number) % 10 for number in numbers), default=0)
    return float(luck(case.id) < level)


def in_tags(request: Request, content: str) -> Completion:
    """Return a reply with the same content in each pair of tags that is asked for.

    A tag that is asked for stands in a sentence; one alone on its line is data.
    """
    lines = request.messages[-1].content.splitlines()
    said = "\n".join(line for line in lines if not _ALONE.fullmatch(line))
    tags = dict.fromkeys(_ASKED.findall(said)) or {"new_text": None}
    return Completion(text="\n".join(f"<{tag}>{content}</{tag}>" for tag in tags))


def improving(request: Request) -> Completion:
    """Write a new text, mostly one that was not there before."""
    asked = request.messages[-1].content
    number = int(1000 * luck(asked, request.seed))
    keep = " {{ message }}" if "{{ message }}" in asked else ""
    return in_tags(request, f"Sort it well, as variant {number} says.{keep}")


def says(text: str) -> Reply:
    """Return an optimizer model that gives the same reply to everything."""
    return lambda _: Completion(text=text)


def repeats(text: str) -> Reply:
    """Return an optimizer model that writes the same text for everything."""
    return lambda request: in_tags(request, text)


def lost(_: Request) -> None:
    """Lose the reply."""


def half_lost(request: Request) -> Completion | None:
    """Lose every other reply."""
    return improving(request) if (request.seed or 0) % 2 else None


def refused(_: Request) -> Completion:
    """Refuse to write anything."""
    return Completion(text="", refusal="I cannot help with that.")


def always(value: float) -> Quality:
    """Return a task model to which all texts are worth the same."""
    return lambda *_: value


WORLDS = (
    World(name="the optimizer model improves", reply=improving, quality=worth),
    World(
        name="there are two regions, earlier versions and an embeddings model",
        reply=improving,
        quality=worth,
        template=TWICE_MARKED,
        earlier=("Put the message away.", "Which drawer?"),
        embeds=True,
    ),
    World(
        name="there is a region of examples",
        reply=improving,
        quality=worth,
        template=WITH_EXAMPLES,
    ),
    World(name="nothing is marked", reply=improving, quality=worth, template=UNMARKED),
    World(name="there is one case", reply=improving, quality=worth, train=1),
    World(name="there are two cases", reply=improving, quality=worth, train=2),
    World(
        name="the budget buys three proposals",
        reply=improving,
        quality=worth,
        proposals=3,
    ),
    World(name="all scores are 0", reply=improving, quality=always(0.0)),
    World(name="all scores are equal", reply=improving, quality=always(0.5)),
    World(name="all scores are 1", reply=improving, quality=always(1.0)),
    World(
        name="every candidate is rejected",
        reply=improving,
        quality=worth,
        told="rejected",
    ),
    World(
        name="every candidate leaves the race",
        reply=improving,
        quality=worth,
        told="left a race",
    ),
    World(
        name="the optimizer model repeats itself",
        reply=repeats("Sort it."),
        quality=worth,
    ),
    World(
        name="the optimizer model repeats the prompt",
        reply=repeats("Sort the message into its drawer."),
        quality=worth,
    ),
    World(name="the optimizer model chats", reply=says("Let me think."), quality=worth),
    World(name="the optimizer model says nothing", reply=says(""), quality=worth),
    World(
        name="the optimizer model opens tags only",
        reply=says("<new_text>Sort it.\n<new_text>"),
        quality=worth,
    ),
    World(name="the optimizer model refuses", reply=refused, quality=worth),
    World(name="every reply is lost", reply=lost, quality=worth),
    World(name="every other reply is lost", reply=half_lost, quality=worth),
)
"""What every strategy has to get on with; the first one is as worlds should be."""
