import pytest


@pytest.mark.prompt("prompts.yaml:desk.triage", syntax="format", cases="cases.yaml")
def test_an_entry_of_a_file(case, output):
    assert output == case.expected


@pytest.mark.prompt("urgent.prompt.yml", cases="urgent.prompt.yml")
def test_a_prompt_file_with_its_own_cases_and_model_parameters(case, output):
    assert output == case.expected
