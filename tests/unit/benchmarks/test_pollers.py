"""Browsers with the extension send what the extension sends, and the gate that is measured would believe it."""

import json
import re
from datetime import timedelta
from unittest.mock import Mock

import pytest
from benchmarks import pollers
from benchmarks.gate import PUBLIC_URL
from benchmarks.pollers import Browser, Pollers
from tests.unit.store.examples import NOW

from mailgate.attest import mint
from mailgate.attest.keys import KeySet, parse_jwks
from mailgate.attest.report import SelfReport
from mailgate.attest.verifier import ReplayGuard, Verifier

ISSUER = mint.make_key(b"issuer" * 8, "issuer")


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    monkeypatch.setattr(pollers, "COUNT", 3)
    pollers.browsers.cache_clear()
    return pollers.browsers()[0]


def verifier() -> Verifier:
    keys: dict[str, KeySet] = {PUBLIC_URL: parse_jwks(mint.jwks(ISSUER))}
    return Verifier(
        issuers=keys,
        audience=PUBLIC_URL,
        own=PUBLIC_URL,
        match_app=lambda _os, _each: None,
        replay=ReplayGuard(),
    )


def field(record: str, name: str) -> bytes:
    found = re.search(rf"\r\n{name}: ([^\r]+)", record)
    assert found
    return found[1].encode()


def test_a_token_counts_without_a_proof_and_a_report_with_one(browser: Browser) -> None:
    record = browser.look(browser.token(ISSUER, NOW))
    url = PUBLIC_URL + pollers.STATUS
    found = (
        verifier().verify([field(record, "Device-Attestation")], [], method="GET", url=url, now=NOW).result
    )
    assert found is not None
    assert (found.refused, found.user) == (None, browser.person.name)
    record = browser.say(NOW, "")
    proved = verifier().verify_key(
        [field(record, "DPoP")], method="POST", url=PUBLIC_URL + pollers.ATTEST, now=NOW
    )
    assert proved.result is not None
    assert proved.result.key_thumbprint == browser.enrolled[0]
    assert SelfReport.model_validate(json.loads(record.partition("\r\n\r\n")[2])).bearer


def test_a_question_comes_again_with_the_mark_of_its_answer(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_to = Mock(return_value=Mock(headers={"ETag": 'W/"1"'}))
    monkeypatch.setattr(pollers, "answer_to", answer_to)
    sent = Pollers(1, ISSUER)
    assert not sent.ends_soon()
    asked = [each.args[1] for each in answer_to.call_args_list]
    assert [each.encode() for each in sent.looks] == asked[:3] == asked[3:]
    assert [field(each, "If-None-Match") for each in sent.again] == [b'W/"1"'] * 3
    sent.made_at -= timedelta(minutes=9)
    assert sent.ends_soon()
