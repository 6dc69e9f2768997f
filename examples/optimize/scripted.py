"""Plays the model, so that the tables need neither a key nor a network.

It is no language model. It sees nothing but the text of a request, and varies one of
the solutions that stand there at random: it moves a pair along a line through two of
them, and turns round or moves a stretch of a tour.
"""

from __future__ import annotations

import hashlib
import random
import re

from pytest_promptopt import Completion, Request

ATTEMPT = re.compile(r"<attempt>\nvalue: (-?\d+)\ntext:\n  (.+)\n</attempt>")
PAIR = re.compile(r"w=(-?\d+), b=(-?\d+)")


class Scripted:
    """Answers requests of OPRO for solutions."""

    free = True
    stand_in = "scripted: random changes, no language model"

    def complete(self, request: Request) -> Completion:
        """Answer one request: equal ones alike."""
        text = request.messages[-1].content
        key = hashlib.sha256(f"{request.seed}\n{text}".encode()).hexdigest()
        draws = random.Random(key)
        shown = [found for _, found in ATTEMPT.findall(text)]
        if PAIR.fullmatch(shown[-1]):
            new = self._pair(shown, draws)
        else:
            new = self._tour(shown, draws)
        return Completion(text=f"Perhaps this one: <new_text>{new}</new_text>")

    def _pair(self, shown: list[str], draws: random.Random) -> str:
        pairs = [tuple(map(int, PAIR.fullmatch(one).groups())) for one in shown]
        base, (w, b) = draws.choice(pairs), draws.choice(pairs[-3:])
        far = draws.choice((0.0, 0.5, 1.0))
        new_w = w + far * (w - base[0]) + draws.randint(-1, 1)
        new_b = b + far * (b - base[1]) + draws.randint(-2, 2)
        return f"w={round(new_w)}, b={round(new_b)}"

    def _tour(self, shown: list[str], draws: random.Random) -> str:
        tour = draws.choice(shown[-3:]).split(",")
        start, end = sorted(draws.sample(range(1, len(tour) + 1), 2))
        stretch, rest = tour[start:end], tour[:start] + tour[end:]
        if draws.random() < 0.5:
            return ",".join(tour[:start] + stretch[::-1] + tour[end:])
        spot = draws.randint(1, len(rest))
        return ",".join(rest[:spot] + stretch + rest[spot:])
