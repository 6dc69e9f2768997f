"""The offline model: a deterministic stand-in for a language model.

``offline:rules`` needs no key and no network, so that an example, a test suite or a
first look can run at once. **It is not a language model.** It knows no subject, no
label and no search strategy; it sees message text and counts words. A score with it
says that the set-up works, and how a prompt fares under the rules below.

As the model under test
-----------------------
1. *Taking the prompt apart.* System messages instruct. In a user message the input is
   what a fence, a tag pair or a line such as ``Ticket:`` sets off; else what follows
   the last line that reads like an instruction: an announced list, a demand about the
   answer, an imperative about "the text". The input may also come first or in the
   middle. Earlier answered turns and ``Input: ... Label: ...`` pairs are examples.
2. *Allowed answers* are read from lists with one entry a line (``- name: description``
   in the usual dresses), from lists in a sentence ("one of: a, b", "a / b", "is it a or
   b?", quoted names) or from lettered options. Sentences that name one answer alone
   describe it as well.
3. *Choosing.* Each answer scores the word stems that it shares with the input; a stem
   counts by its rarity among the answers. The first four words of a description count
   1, later ones 0.6, words of a name 0.7, words of an example 0.6. **A bare name is
   easily passed over**: unless the description repeats them or the input has the whole
   name, its words go unnoticed for 35 % of the inputs. So a list with good
   descriptions beats a bare list. Ties fall as a hash of the input says; an answer for
   "anything else" takes what fits nowhere. A question with yes or no is yes if the
   input shares a stem with the question.
4. *Form.* The bare answer comes only if the prompt demands it ("only the label",
   "nothing else", "one word", two or more examples). A mere "reply with the label" is
   obeyed four times in five. ``Answer: X`` endings and reply tags are obeyed. Without a
   demand the answer comes in a chatty sentence.
5. *JSON* is given if the prompt asks for it and names keys: in a list, in a sentence or
   in a skeleton. A value is found by what the key's description says: a kind (number,
   decimal, date, e-mail, name, ...), a sample such as ``AB-1234`` or "two letters,
   dash, four digits", values to choose from, words nearby, ``true if ...``, "null if
   missing", a list, keys of its own. Without a description the key's name has to do:
   numbers stay text, and the key is passed over for 25 % of the inputs. Without "only"
   the object comes in a fence or between sentences.
6. *Attention* ends. From 250 words of instructions on, descriptions are overlooked,
   each with a chance that grows to 85 % at 675 words. Every contradiction (two forms
   demanded, an answer described twice in different words) and every "always", "never"
   or "must" beyond the fifth makes the second best answer likelier, by 8 and 3 points,
   at most 50.
7. *Slip.* With the slip rate (3 %; ``offline:rules?slip=0`` switches it off) the second
   best answer or one wrong value is given, decided by messages and seed. All else that
   is left to luck belongs to the input: another prompt does not redraw it.
8. A prompt with neither answers nor a form "cannot judge this kind of prompt". With a
   form but no answers, a word of the input is made up into one; a number is a sum.

As the optimizer model
----------------------
A request is recognised by its blocks of evidence or by a reply tag with an ask for a
text; order and tag names do not matter. The verbs are write, rewrite, merge, fill (a
blank), explain and choose. All luck hangs on messages and seed.

1. It builds on the best of four texts drawn; without scores any will do.
2. It demands the bare answer if the examples' answers are labels, letters or numbers,
   and a JSON object with their keys if they are objects.
3. To an answer's description it adds telling words of the examples that expect it,
   first where its own reading would be wrong; words that speak for another answer go.
   For a key it notes what values and inputs show: kind, shape, choices, words nearby,
   null. Objects whose values do not stand in their inputs are not believed.
4. Notes of better texts are borrowed, notes of worse ones dropped.
5. It fails as models do: of its rewrites 22 % are spoiled on purpose (descriptions
   lost, swapped or put to the wrong answer, clutter, chatter, a name lost), which
   with honest mistakes makes about 40 % worse ones; 15 % change nothing or next to it;
   3 % are malformed. Without evidence it can only paraphrase.

It also runs as an OpenAI-compatible server on 127.0.0.1:
``python -m pytest_promptopt.models.offline --port 0``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.offline.model import OfflineModel, offline_model

if TYPE_CHECKING:
    from pytest_promptopt.models.offline.server import OfflineServer

__all__ = ["OfflineModel", "OfflineServer", "offline_model"]


def __getattr__(name: str) -> Any:
    # The server brings http.server along, which no ordinary run needs.
    if name == "OfflineServer":
        from pytest_promptopt.models.offline.server import OfflineServer

        return OfflineServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
