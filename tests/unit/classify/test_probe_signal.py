"""What the browser probe found, weighed with the rest."""

import pytest

from mailgate.classify import classify
from mailgate.classify.probe_readings import ProbeFinding
from mailgate.classify.probe_signal import HEADER, probe_header, read_probe
from mailgate.classify.reading import Reading
from mailgate.model import Assurance, Client, Kind, Reason, RequestFacts

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
IPAD = ProbeFinding("tablet", "mac-with-touch", "ipados")


def client(header: str | None) -> Client:
    told = {} if header is None else {HEADER: header}
    return classify(RequestFacts(headers={"user-agent": MAC} | told))


def test_without_the_probe_a_claim_stays_a_claim() -> None:
    claimed = client(None)
    assert (claimed.kind, claimed.assurance, claimed.probed) == (Kind.LAPTOP, Assurance.CLAIMED, False)


@pytest.mark.parametrize("observed", [True, False])
def test_a_computer_that_was_found_makes_the_claim_consistent(observed: bool) -> None:
    found = client(probe_header(ProbeFinding("desktop", "no-touch"), observed=observed))
    assert (found.kind, found.assurance, found.probed) == (Kind.LAPTOP, Assurance.CONSISTENT, True)
    assert found.findings == ()


def test_a_handheld_that_was_found_counts_and_contradicts() -> None:
    found = client(probe_header(IPAD, observed=False))
    assert (found.kind, found.handheld, found.form, found.os) == (Kind.TABLET, True, "tablet", "ipados")
    assert (found.assurance, found.contradicted, found.probed) == (Assurance.CLAIMED, True, False)
    assert "no Mac has a touch screen" in found.findings[0].detail
    assert found.browser == "Safari"


def test_while_it_is_only_observed_it_leaves_a_finding() -> None:
    found = client(probe_header(IPAD, observed=True))
    assert (found.kind, found.assurance, found.probed) == (Kind.LAPTOP, Assurance.CLAIMED, False)
    assert [finding.reason for finding in found.findings] == [Reason.KIND_CONTRADICTED]
    assert [s.says for s in found.signals if s.source == "probe"] == [Kind.TABLET]


def test_what_is_neither_is_no_laptop() -> None:
    found = client(probe_header(ProbeFinding("device", "coarse-without-touch"), observed=False))
    assert (found.kind, found.handheld, found.contradicted) == (Kind.OTHER, False, True)


@pytest.mark.parametrize(
    "header", ["", "desktop ", "Desktop", "castle", "desktop;by=A", "desktop;x", "desktop\n", "é" * 9999]
)
def test_what_is_no_finding_of_the_probe_says_nothing(header: str) -> None:
    assert read_probe(header) == Reading()


def test_a_form_alone_is_enough_for_a_case_in_a_file() -> None:
    assert client("desktop").probed
    assert client("tablet").kind is Kind.TABLET
