"""Exact tests and intervals in the standard library, each with its source.

Two questions need two tests. "Did this committed suite get worse?" permutes the
trials inside each case (:func:`stratified_p`); "is the prompt better on cases nobody
has seen?" flips whole cases (:func:`sign_flip_p`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.lazily import resolve_lazily

if TYPE_CHECKING:
    from pytest_promptopt.stats.agreement import Kappa, cohen_kappa
    from pytest_promptopt.stats.intervals import (
        accuracy_interval,
        clopper_pearson_interval,
        difference_interval,
        effective_cases,
        t_quantile,
        weighted_mean,
        wilson_interval,
    )
    from pytest_promptopt.stats.limits import (
        alpha_for_look,
        holm,
        smallest_confirmable_gain,
    )
    from pytest_promptopt.stats.non_inferiority import (
        fewest_cases,
        non_inferiority_p,
    )
    from pytest_promptopt.stats.permutation import Side, sign_flip_p, stratified_p
    from pytest_promptopt.stats.power import (
        smallest_detectable_drop,
        within_case_variance,
    )

__all__ = [
    "Kappa",
    "Side",
    "accuracy_interval",
    "alpha_for_look",
    "clopper_pearson_interval",
    "cohen_kappa",
    "difference_interval",
    "effective_cases",
    "fewest_cases",
    "holm",
    "non_inferiority_p",
    "sign_flip_p",
    "smallest_confirmable_gain",
    "smallest_detectable_drop",
    "stratified_p",
    "t_quantile",
    "weighted_mean",
    "wilson_interval",
    "within_case_variance",
]

resolve_lazily(
    __name__,
    {
        "agreement": ("Kappa", "cohen_kappa"),
        "intervals": (
            "accuracy_interval",
            "clopper_pearson_interval",
            "difference_interval",
            "effective_cases",
            "t_quantile",
            "weighted_mean",
            "wilson_interval",
        ),
        "limits": ("alpha_for_look", "holm", "smallest_confirmable_gain"),
        "non_inferiority": ("fewest_cases", "non_inferiority_p"),
        "permutation": ("Side", "sign_flip_p", "stratified_p"),
        "power": ("smallest_detectable_drop", "within_case_variance"),
    },
)
