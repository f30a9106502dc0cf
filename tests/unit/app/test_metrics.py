"""Numbers that are read where they are kept."""

import time
from datetime import UTC, datetime

from tests.unit.gateway.gates import value

from mailgate.app import moment_of
from mailgate.app.metrics import watch_backlogs, watch_numbers, watch_rules
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.store import Backlog


def shown(service, *names):
    """What the metrics with these names say now."""
    return [value(service.gate, f"mailgate_{name}") for name in names]


def test_every_number_is_the_one_of_this_moment(service):
    watch_numbers(service.gate, service.store.ledger, service.keeper)
    names = ("ledger_written_total", "ledger_spooled_total", "ledger_dropped_total", "ledger_strangers_not_recorded_total", "policy_serial", "policy_held")  # fmt: skip
    assert shown(service, *names) == [1, 2, 0, 3, 5, 0]
    service.store.ledger.counts.dropped, service.store.ledger.strangers_not_recorded = 7, 8
    service.keeper.held, service.keeper.current.activation.serial = "the files are held", 6
    assert shown(service, *names) == [1, 2, 7, 8, 6, 1]
    service.gate.verdicts.hits, service.gate.verdicts.misses = 4, 5
    others = ("verdicts_hits_total", "verdicts_misses_total", "crl_next_update_timestamp_seconds")  # fmt: skip
    assert shown(service, *others) == [4, 5, 0]


def test_metrics_show_the_backlog_and_since_when(service):
    watch_backlogs(service.gate.metrics, service.store, spool=True)
    names = ("ledger_waiting", "reports_waiting", "store_refuses_since_timestamp_seconds")
    assert shown(service, *names) == [0, 0, 0]
    later, earlier = time.monotonic() - 60, time.monotonic() - 90
    service.store.backlog = Backlog(300, 4, later, "full")
    assert shown(service, *names) == [304, 0, moment_of(later).timestamp()]
    service.store.refused = Backlog(0, 0, earlier, "full")
    assert shown(service, *names) == [304, 0, moment_of(earlier).timestamp()]


def test_only_one_process_counts_the_lines_that_all_of_them_share(service):
    watch_backlogs(service.gate.metrics, service.store, spool=False)
    service.store.backlog = Backlog(300, 4)
    assert shown(service, "ledger_waiting") == [300]


def test_the_state_of_the_rules_is_read_at_this_moment(service):
    found = {"pilot": "only reports"}
    watch_rules(service.gate.metrics, lambda: found, service.reliefs)
    names = ("rules_lingering", "rules_halted", "rules_break_glass", "exemptions")
    assert shown(service, *names) == [1, 0, 0, 0]
    found.clear()
    at, end = datetime(2026, 11, 24, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
    service.reliefs.current = Reliefs(
        4,
        (
            Relief(1, Cause.HALT, "a", "", "", at),
            Relief(2, Cause.BREAK_GLASS, "b", "", "", at, end),
            Relief(3, Cause.EXEMPTION, "b", "", "", at, end, person="lin"),
            Relief(4, Cause.EXEMPTION, "b", "", "", at, at, person="lin"),
        ),
    )
    assert shown(service, *names) == [0, 1, 1, 1]
