"""Numbers that are read where they are kept."""

from tests.unit.gateway.gates import value

from mailgate.app.numbers import watch_numbers, watch_rules


def test_every_number_is_the_one_of_this_moment(service):
    watch_numbers(service.gate, service.store.ledger, service.keeper)

    def shown():
        names = ("ledger_written", "ledger_spooled", "ledger_dropped", "ledger_passed_over", "policy_serial", "policy_held")  # fmt: skip
        return [value(service.gate, f"mailgate_{name}") for name in names]

    assert shown() == [1, 2, 0, 3, 5, 0]
    service.store.ledger.counts.dropped, service.store.ledger.passed_over = 7, 8
    service.keeper.held, service.keeper.current.activation.serial = "the files are held", 6
    assert shown() == [1, 2, 7, 8, 6, 1]
    assert value(service.gate, "mailgate_activesync_hanging") == 0
    assert value(service.gate, "mailgate_crl_next_update_seconds") == 0


def test_how_many_rules_linger_is_read_at_this_moment(service):
    found = {"pilot": "only reports"}
    watch_rules(service.gate.metrics, lambda: found)
    assert value(service.gate, "mailgate_rules_lingering") == 1
    found.clear()
    assert value(service.gate, "mailgate_rules_lingering") == 0
