"""A step comes at once if what it takes is known."""

from mailgate.gateway.waiting import settled, then


async def soon(value: int) -> int:
    return value


async def test_a_step_with_what_is_known_is_done_now() -> None:
    assert then(3, str) == "3"


async def test_a_step_with_what_is_found_later_is_done_then() -> None:
    steps: list[int] = []
    later = then(soon(3), steps.append)
    assert steps == []
    assert await later is None
    assert steps == [3]


async def test_a_value_or_a_promise_of_it_is_settled() -> None:
    assert [await settled(3), await settled(soon(4))] == [3, 4]
