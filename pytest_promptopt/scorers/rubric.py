"""The rubric of a judge: a prompt of its own, rendered with what is to be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError, TemplateError
from pytest_promptopt.records import Request, digest
from pytest_promptopt.scorers.grading import case_fault, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.prompts.prompt import Prompt
    from pytest_promptopt.records import Case

EXPECTED = "expected"
"""The variable of the case's expected answer, where a rubric may see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """What a judge is asked, as a template.

    Attributes:
        prompt: The template.
        scorer: What messages call the scorer, e.g. ``"judge"``.
        texts: Variables that the judge's scorer fills in, and that must be used.
        hidden: Variables that would tell the judge what it must not know.
        settings: Model settings, sent as they are.
    """

    prompt: Prompt
    scorer: str
    texts: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse a rubric that does not show the judge what it is to judge.

        Raises:
            TemplateError: A variable is missing, or is used that must not be; at the
                rubric's file and line.
        """
        first = self.prompt.sources[0]
        for name in self.texts:
            if name not in self.prompt.variables:
                what = "the reply" if name == "output" else f"the {name} text"
                raise TemplateError.at(
                    first.path,
                    first.line,
                    f"the rubric of {self.scorer!r} does not use {name!r}, so that the "
                    f"judge would not see {what}",
                    f"write {{{{ {name} }}}} where it belongs",
                )
        for name in self.hidden:
            if name in self.prompt.variables:
                both = " and ".join(f"{{{{ {text} }}}}" for text in self.texts)
                raise TemplateError.at(
                    first.path,
                    first.line,
                    f"the rubric of {self.scorer!r} uses {name!r}, which would tell "
                    "the judge which text is which",
                    f"show {both} only, which change places",
                )

    def check_cases(self, cases: Sequence[Case]) -> None:
        """Refuse cases that the rubric cannot be rendered for.

        Raises:
            ScorerError: One has an input of a name that the scorer fills in, or lacks
                what the rubric uses.
        """
        needed = self.prompt.variables - {*self.texts, *self.hidden, EXPECTED}
        for case in cases:
            self._check_names(case)
            for name in sorted(needed - set(case.inputs)):
                raise case_fault(
                    case,
                    self.scorer,
                    f"finds no field {name!r}, which {self.prompt.label} uses",
                    f"add {name!r} to the case, or take it out of the rubric",
                )
            if EXPECTED in self.prompt.variables and not case.has_expected:
                self._check_without_expected(case)

    def request(self, case: Case, texts: Mapping[str, str]) -> Request:
        """Return what the judge is sent: the rubric as it is rendered, nothing more.

        Args:
            case: Its inputs are variables, and ``expected`` if it has one.
            texts: What the scorer fills in.

        Raises:
            ScorerError: The case has an input of a name that the scorer fills in.
            TemplateError: The rubric does not render.
        """
        self._check_names(case)
        return Request(
            messages=self.prompt.render(self._variables(case, texts)),
            settings=self.settings,
            seed=0,
        )

    def to_json(self) -> list[Any]:
        """Return what decides what is sent, beside the case."""
        return [self.prompt.fingerprint, dict(self.settings)]

    def _variables(self, case: Case, texts: Mapping[str, str]) -> dict[str, Any]:
        shown_inputs = {
            name: value
            for name, value in case.inputs.items()
            if name not in self.hidden
        }
        if case.has_expected and EXPECTED not in self.hidden:
            shown_inputs[EXPECTED] = case.expected
        return {**shown_inputs, **texts}

    def _check_names(self, case: Case) -> None:
        for name in (*self.texts, EXPECTED):
            if name in case.inputs:
                raise case_fault(
                    case,
                    self.scorer,
                    f"fills in {name!r} itself, and the case has a field of that name",
                    "rename the field, in the cases and in the prompt",
                )

    def _check_without_expected(self, case: Case) -> None:
        """Refuse a case without ``expected`` where the rubric does not ask for one."""
        texts = dict.fromkeys(self.texts, "-")
        try:
            self.prompt.render(self._variables(case, texts))
        except TemplateError as error:
            try:
                self.prompt.render({**self._variables(case, texts), EXPECTED: "-"})
            except TemplateError:
                return  # it fails on the stand-in texts, which says nothing
            raise case_fault(
                case,
                self.scorer,
                f"finds no field 'expected', which {self.prompt.label} uses",
                "add 'expected' to the case, or write {% if expected is defined %} in "
                "the rubric",
            ) from error


def checked_settings(request: Any, scorer: str) -> Mapping[str, Any]:
    """Return what a user wrote as ``request=``.

    Raises:
        ScorerError: It is no mapping of names to what JSON can hold.
    """
    settings = {} if request is None else request
    try:
        if isinstance(settings, Mapping) and all(isinstance(k, str) for k in settings):
            digest(dict(settings))
            return dict(settings)
    except (TypeError, ValueError, RecursionError):
        pass
    raise ScorerError(
        f"{scorer}: request={shown(request)} is no mapping of model settings that JSON "
        "can hold",
        'write request={"temperature": 0}',
    )
