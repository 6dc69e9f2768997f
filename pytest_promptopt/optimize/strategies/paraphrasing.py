"""The same passage in other words: the smallest step that a search can take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.strategies.children import Wanted

if TYPE_CHECKING:
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Candidate

META_PROMPT = "paraphrase.j2"


def paraphrase_of(base: Candidate, region: Region) -> Wanted:
    """Want one region of a candidate reworded; no score and no case is shown.

    Source:
        Zhou et al., arXiv:2211.01910 (APE), section 3.3: variants of the candidates
        that are kept, asked for without evidence.
    """
    return Wanted(
        region=region,
        base=base,
        operator="paraphrase",
        meta_prompt=META_PROMPT,
        values={"text": base.texts[region.address].strip()},
        parents=(base.key,),
    )
