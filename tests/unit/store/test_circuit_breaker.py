"""Who still asks a store that was silent."""

from tests.unit.clock import Clock

from mailgate.store.circuit_breaker import CircuitBreaker


def test_after_a_silence_nobody_asks_until_a_rest_is_over_and_then_one() -> None:
    clock = Clock(100.0)
    breaker = CircuitBreaker(clock, rest=3)
    asked = breaker.enter()
    assert asked == 100
    clock.now = 102
    breaker.timed_out(asked)
    assert breaker.enter() is None
    clock.now = 105
    assert [breaker.enter(), breaker.enter()] == [105, None]


def test_an_answer_lets_everybody_ask_again() -> None:
    clock = Clock(100.0)
    breaker = CircuitBreaker(clock, rest=3)
    breaker.timed_out(100)
    breaker.answered()
    assert [breaker.enter(), breaker.enter()] == [100, 100]


def test_a_slow_question_while_others_are_answered_is_no_silence() -> None:
    clock = Clock(100.0)
    breaker = CircuitBreaker(clock, rest=3)
    clock.now = 101
    breaker.answered()
    breaker.timed_out(100)
    assert breaker.enter() == 101


def test_without_a_rest_everybody_asks() -> None:
    breaker = CircuitBreaker(Clock(100.0), rest=0)
    breaker.timed_out(100)
    assert breaker.enter() == 100
