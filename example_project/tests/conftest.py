"""A search strategy of the shop's own: --promptopt-strategy=complaints."""

from pytest_promptopt.optimize import Asker, Drafts, History, NextStep, field
from pytest_promptopt.records import Origin

ASKED = """\
Some of the problems below were answered wrongly. Rewrite the passage so that they come
out right, and all the others too.

<current>
{current}
</current>

{wrong}

The passage has at most {words} words. Put it between <new_text> and </new_text>.
"""


class Complaints:
    """Shows what went wrong with the best text so far, and asks for a better one."""

    name = "complaints"

    def search(self, task):
        history, drafts, asker = History(task), Drafts(task), Asker(task)
        yield from history.score([task.incumbent], [Origin(operator="start")])
        for step in range(task.steps):
            yield NextStep()
            best = history.ranked()[0]
            region = task.regions[step % len(task.regions)]
            replies = yield asker.ask(asked(task, region.address, best), times=6)
            new = yield from drafts.read(replies, region, prose=ASKED)
            made = {"operator": "rewrite", "parents": (best.candidate.key,)}
            yield from history.score(
                [
                    task.rewritten(best.candidate, region.address, draft.text)
                    for draft in new
                ],
                [Origin(**made, reply=replies[draft.reply].text) for draft in new],
            )


def asked(task, address, best):
    wrong = [case for case in task.cases if best.scores.get(case.id) == 0.0]
    shown = [
        "<example>\n"
        + field("input", task.exemplar(case, address))
        + "\n"
        + field("expected", str(case.expected))
        + "\n"
        + field("got", best.outputs[case.id])
        + "\n</example>"
        for case in wrong[:8]
    ]
    return ASKED.format(
        current=field("text", best.candidate.texts[address].strip()),
        wrong="\n".join(shown),
        words=task.word_limit[address],
    )


def pytest_promptopt_strategy(name):
    return Complaints() if name == "complaints" else None
