"""What may have been, whichever way a condition that nobody recorded came out."""

from tests.unit.policy.examples import PHONE, access, policy_of

from mailgate.simulate.worlds import moves

SEEN = access(PHONE)


def remote(number: int) -> str:
    return f'request.remote == "10.0.0.{number}"'


def test_a_condition_in_both_policies_comes_out_the_same_way_in_both() -> None:
    one = policy_of({"when": remote(1), "effect": "warn"}, {"effect": "allow"})
    other = policy_of({"when": remote(1)}, {"effect": "allow"})
    assert moves((SEEN, one), (SEEN, other), [remote(1)]) == {("allow", "allow"), ("warn", "block")}


def test_two_conditions_come_out_in_every_way() -> None:
    one = policy_of({"when": remote(1), "effect": "warn"}, {"effect": "allow"})
    other = policy_of({"when": remote(2), "effect": "warn"}, {"effect": "allow"})
    assert len(moves((SEEN, one), (SEEN, other), [remote(1), remote(2)])) == 4


def test_too_many_of_them_are_not_tried() -> None:
    policy = policy_of({"effect": "allow"})
    assert moves((SEEN, policy), (SEEN, policy), [remote(number) for number in range(5)]) == set()
