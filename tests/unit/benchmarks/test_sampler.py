"""Each stage of a request is the one of its module."""

from importlib.util import find_spec

import pytest
from benchmarks.sampler import STAGES, THROUGH, stage_of


@pytest.mark.parametrize(
    ("module", "function", "stage"),
    [
        ("mailgate.gateway.verdict_cache", "find", "key and look in the verdict cache"),
        ("mailgate.classify.hints", "read", "who asks: traits and classification"),
        ("mailgate.http.request", "parse_request_head", "head of the request, read"),
        ("mailgate.http.request", "parse_response_head", "head of the answer, read"),
        ("mailgate.http.grammar", "split", None),
        ("mailgate.somewhere.new", "work", "mailgate.somewhere.new"),
        ("asyncio.events", "run", None),
    ],
)
def test_a_function_has_the_stage_of_the_longest_name(module: str, function: str, stage: str | None) -> None:
    assert stage_of(module, function) == stage


@pytest.mark.parametrize("name", [*STAGES, *THROUGH])
def test_every_named_module_is_there(name: str) -> None:
    assert find_spec(name.partition(":")[0])
