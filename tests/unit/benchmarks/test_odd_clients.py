from benchmarks.odd_clients import odd_requests

from mailgate.classify import classify
from mailgate.model import Kind


def test_every_form_is_new_with_every_number_and_one_too_long_to_be_read_is_no_laptop() -> None:
    first, second = dict(odd_requests(1)), dict(odd_requests(2))
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] == second[name]] == []
    agents = [name for name in first if name.startswith("agent of ")]
    assert [name for name in agents if classify(first[name]).kind is Kind.LAPTOP] == []
