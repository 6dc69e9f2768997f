"""Which strategy a search runs when nobody names one.

A pure function of what is known before the first call. Its conditions are those that
the papers had themselves; none was tuned on landscapes of ours.

Source:
    Examples alone: nothing else may be changed. Several prompts and failures that say
    why: Agrawal et al., "GEPA", arXiv:2507.19457, section 3 (compound systems, textual
    feedback, few rollouts). A population: Guo et al., "EvoPrompt", arXiv:2309.08532,
    section 4.1 (10 texts to begin with, 10 rounds). A start that says nothing: Zhou et
    al., "APE", arXiv:2211.01910, section 3 (an instruction from pairs of input and
    answer alone). Scores only, short texts: Yang et al., "OPRO", arXiv:2309.03409,
    section 4, whose code drops texts of more than 500 characters. Longer ones: Tang et
    al., "GPO", arXiv:2402.17564, section 3 (changes of a few words).
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_promptopt.wording import count

FOUNDERS = 4
"""Earlier versions that make a population beside the start, of five at most."""

GENERATIONS = 100
"""Candidates of a population of 10 over 10 rounds."""

BARE_WORDS = 5
"""A start of so few words says hardly more than that there is an input."""

INDUCED = 50
"""Instructions that APE writes from pairs before it chooses among them."""

SHORT = 500
"""Characters of the longest text that OPRO's code lets pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a search before its first call.

    Attributes:
        regions: Texts that may be rewritten, 0 or more.
        examples: Regions that hold whole train cases.
        prompts: Prompts that work together in each case, at least 1.
        words: Words of all texts that may be rewritten.
        characters: Characters of the longest of them.
        cases: Train cases.
        answered: How many of them say what is right.
        reasons: Whether a model or a function judges the replies and says why.
        earlier: Earlier versions that git has.
        proposals: Candidates that the budget buys; ``None``: it has no limit.
    """

    regions: int
    examples: int = 0
    prompts: int = 1
    words: int
    characters: int
    cases: int
    answered: int = 0
    reasons: bool = False
    earlier: int = 0
    proposals: int | None = None

    def buys(self, proposals: int) -> bool:
        """Tell whether the budget buys so many candidates."""
        return self.proposals is None or self.proposals >= proposals


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A strategy, and why it was taken.

    Attributes:
        strategy: Its name.
        reason: The rest of a sentence behind "chosen because".
    """

    strategy: str
    reason: str


def choose(known: Known) -> Choice:
    """Choose a strategy; the first rule that holds decides.

    Args:
        known: What is known.

    Returns:
        The same choice for the same facts, in any process.
    """
    if not known.regions and known.examples:
        return Choice(
            strategy="examples", reason="nothing but examples may be changed here"
        )
    if known.prompts > 1:
        told = count(known.prompts, "prompt")
        return Choice(
            strategy="reflect",
            reason=f"{told} work together, and what went wrong tells which to change",
        )
    if known.earlier >= FOUNDERS and known.buys(GENERATIONS):
        told = count(known.earlier, "earlier version")
        return Choice(
            strategy="evoprompt-de",
            reason=f"{told} and the start make a population, and the budget "
            f"buys {GENERATIONS} candidates or more",
        )
    induced = known.answered == known.cases > 0 and known.buys(INDUCED)
    if known.words <= BARE_WORDS and induced:
        told = count(known.words, "word")
        return Choice(
            strategy="ape",
            reason=f"the start has {told}, and every case has its right answer",
        )
    return _by_feedback(known)


def _by_feedback(known: Known) -> Choice:
    """Choose by what a failure says, and by the length of the text."""
    if known.reasons or 2 * known.answered >= known.cases > 0:
        return Choice(
            strategy="reflect", reason="failures say why: the right answer or a reason"
        )
    if known.characters > SHORT:
        return Choice(
            strategy="gpo",
            reason=f"failures do not say why, and a text of {known.characters:,} "
            "characters is better changed than replaced",
        )
    return Choice(
        strategy="opro",
        reason="failures do not say why, so that scores have to do, and the text "
        "is short",
    )
