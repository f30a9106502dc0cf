import pytest

from mailgate.gateway.pages.reasons import SAME_WORDS, WORDINGS, explain_reason, wording_of
from mailgate.model import DEVICE_FINDINGS, Reason


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("apps", [(), ("TikTok",), ("TikTok", "WeChat")])
def test_every_reason_has_words(reason: Reason, apps: tuple[str, ...]) -> None:
    title, detail = explain_reason(reason, apps, "No mail on phones")
    assert title
    assert detail
    assert "%(" not in title + detail


def test_only_what_was_refused_as_proof_shares_a_text() -> None:
    shared = {reason for reason in Reason if reason not in WORDINGS} - set(SAME_WORDS) - DEVICE_FINDINGS
    families = {reason.split("-")[0] for reason in shared - {Reason.KEY_IN_TWO_PLACES}}
    assert families == {"token", "proof", "certificate", "evidence", "assertion"}
    for reason in shared:
        invalid = (
            Reason.CERTIFICATE_INVALID if reason.startswith("certificate-") else Reason.ATTESTATION_INVALID
        )
        assert wording_of(reason) == wording_of(invalid)
    found = {wording_of(reason) for reason in DEVICE_FINDINGS}
    assert found == {wording_of(Reason.DEVICE_CONTRADICTED)}


def test_texts_of_different_reasons_differ() -> None:
    titles = [wording.title for wording in WORDINGS.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("reason", "apps", "rule", "begins"),
    [
        (Reason.PROHIBITED_APP, ("TikTok",), "", "TikTok was found on this device."),
        (Reason.PROHIBITED_APP, ("A", "B", "C"), "", "A, B, and C were found on this device."),
        (Reason.PROHIBITED_APP, (), "", "A listed app was found on this device."),
        (Reason.PROHIBITED_APP, ("100%(apps)s {0}",), "", "100%(apps)s {0} was found on this device."),
        (Reason.RULE_MATCHED, ("TikTok",), "Night rest", "The rule says: Night rest"),
        (Reason.RULE_MATCHED, ("TikTok",), "", "A rule for company mail decides"),
    ],
)
def test_the_detail_names_what_is_known(
    reason: Reason, apps: tuple[str, ...], rule: str, begins: str
) -> None:
    assert explain_reason(reason, apps, rule).detail.startswith(begins)
