"""Reports on their way into the store."""

import pytest
from tests.unit.store.examples import CATALOG, NOW, minutes, proof

from mailgate.model import AttestationResult
from mailgate.store import Store
from mailgate.store.reports import report_of


@pytest.mark.parametrize(
    "given_proof",
    [
        proof("tiktok", "chess", eas_ids=("ApplX1", "\u00e9")),
        proof(at=None, expires=None, kind=None, managed=None, key_thumbprint=""),
        proof(complete=False, user="\ud800"),
    ],
)
def test_a_spooled_report_is_read_back_whole(store: Store, given_proof: AttestationResult) -> None:
    report = report_of(given_proof, CATALOG, NOW)
    slot, read = store.reports._from_line(store.reports._to_line(report.key, report))
    assert (slot, read) == (report.key, report)
    assert (read.first_seen, read.last_seen) == (NOW, NOW)


def test_only_listed_apps_and_no_future() -> None:
    report = report_of(proof("tiktok", "unlisted", at=NOW + minutes(9)), CATALOG, NOW)
    assert (report.apps, report.reported_at) == (frozenset({"tiktok"}), NOW)
