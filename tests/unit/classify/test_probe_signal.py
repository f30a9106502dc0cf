"""What the browser probe found, weighed with the rest."""

import pytest

from mailgate.classify import classify
from mailgate.classify.probe_readings import ProbeFinding
from mailgate.classify.probe_signal import HEADER, probe_header, read_probe
from mailgate.classify.reading import Reading
from mailgate.model import Assurance, Client, Finding, Kind, Reason, RequestFacts, Signal

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


@pytest.mark.parametrize(
    ("found", "observed", "header"),
    [
        (IPAD, False, "tablet;by=mac-with-touch;os=ipados"),
        (IPAD, True, "tablet;by=mac-with-touch;os=ipados;observe"),
        (ProbeFinding("desktop", "no-touch"), False, "desktop;by=no-touch"),
        (ProbeFinding("desktop", "no-touch"), True, "desktop;by=no-touch;observe"),
    ],
)
def test_a_finding_as_a_header(found: ProbeFinding, observed: bool, header: str) -> None:
    assert probe_header(found, observed=observed) == header


OBSERVED = "it only observes, so the claim counts"
NO_MAC = "no Mac has a touch screen, but an iPad that claims to be one has"


@pytest.mark.parametrize(
    ("header", "reading", "signal", "finding"),
    [
        ("tablet;by=mac-with-touch;os=ipados", Reading("tablet", os="ipados"), ("mac-with-touch", NO_MAC, Kind.TABLET), None),
        ("tablet;by=mac-with-touch", Reading("tablet"), ("mac-with-touch", NO_MAC, Kind.TABLET), None),
        ("phone", Reading("phone"), ("told", "phone", Kind.PHONE), None),
        ("phone;by=later;os=android", Reading("phone", os="android"), ("later", "phone", Kind.PHONE), None),
        ("desktop;by=no-touch;observe", Reading("desktop"), ("no-touch", "no touch screen", Kind.LAPTOP), None),
        (
            "tablet;by=mac-with-touch;os=ipados;observe",
            Reading(),
            ("mac-with-touch", NO_MAC, Kind.TABLET),
            f"the browser probe finds a tablet: {NO_MAC}; {OBSERVED}",
        ),
        ("phone;by=later;observe", Reading(), ("later", "phone", Kind.PHONE), f"the browser probe finds a phone: later; {OBSERVED}"),
        ("phone;observe", Reading(), ("told", "phone", Kind.PHONE), f"the browser probe finds a phone: told; {OBSERVED}"),
    ],
)  # fmt: skip
def test_a_header_as_a_reading(
    header: str, reading: Reading, signal: tuple[str, str, Kind], finding: str | None
) -> None:
    findings = (Finding(Reason.KIND_CONTRADICTED, finding),) if finding else ()
    assert read_probe(header) == reading._replace(signals=(Signal("probe", *signal),), findings=findings)


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
