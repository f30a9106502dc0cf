"""The reasons."""

import re

import pytest

from mailgate.model import DEVICE_FINDINGS, FOUND_BESIDE, Reason


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_a_kebab_case_word_and_named_like_it(reason):
    """The same word in log, header, page, metric and test."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", reason.value)
    assert reason.name == reason.value.upper().replace("-", "_")


def test_every_contradiction_of_sources_is_a_device_finding() -> None:
    assert {
        "device-name-contradicted", "device-kind-contradicted", "device-os-contradicted", "device-owner-contradicted"
    } == DEVICE_FINDINGS  # fmt: skip


def test_findings_beside_headers_and_proofs_have_their_words() -> None:
    assert {reason: (each.reason, each.detail) for reason, each in FOUND_BESIDE.items()} == {
        "device-of-another": (
            "device-of-another",
            "the device belongs to another person than the one who logs in",
        ),
        "two-devices": ("two-devices", "the certificate is of another device than the request names"),
        "key-in-two-places": (
            "key-in-two-places",
            "the key is used from two networks or browsers at once: it may have been copied",
        ),
    }
