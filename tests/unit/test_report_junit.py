"""What a JUnit file says of a prompt test, whatever it is called."""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from report_results import compared, result

from pytest_promptopt.records import Verdict
from pytest_promptopt.report.junit import properties, suite_properties


def test_what_is_not_known_has_no_property() -> None:
    one = result(Verdict(outcome="error", cause="setup"), cost=None, calls=0)

    assert properties(one) == [
        ("promptopt.verdict", "error"),
        ("promptopt.cause", "setup"),
        ("promptopt.calls", "0"),
    ]


@given(st.text())
def test_any_node_id_gives_a_file_that_can_be_read(text: str) -> None:
    one = result(compared("fail", "worse"), nodeid=text)

    suite = ET.Element("testsuite")
    for name, value in suite_properties([one]):
        assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in name)
        ET.SubElement(suite, "property", name=name, value=value)

    assert len(ET.fromstring(ET.tostring(suite, encoding="unicode"))) == 8
