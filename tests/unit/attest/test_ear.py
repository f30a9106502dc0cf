import pytest

from mailgate.attest.claims import ClaimMissingError, Claims, ClaimWrongError
from mailgate.attest.ear import read_status, tier_of
from mailgate.attest.errors import EvidenceRefusedError
from mailgate.model import Reason


@pytest.mark.parametrize(
    ("tier", "values"),
    [
        ("none", [-1, 0, 1]),
        ("affirming", [-32, -2, 2, 31]),
        ("warning", [-96, -33, 32, 95]),
        ("contraindicated", [-128, -97, 96, 127]),
    ],
)
def test_tiers_have_the_borders_of_ar4si(tier: str, values: list[int]) -> None:
    assert {tier_of(value) for value in values} == {tier}


def status(said: str, **vector: object) -> str:
    return read_status(Claims({"ear.status": said, "ear.trustworthiness-vector": vector}, "device"))


@pytest.mark.parametrize(
    ("said", "worst"),
    [("affirming", 31), ("affirming", 0), ("warning", 32), ("warning", 2), ("none", 2), ("none", 0)],
)
def test_a_status_may_say_less_than_its_vector(said: str, worst: int) -> None:
    assert status(said, hardware=2, executables=worst) == said


@pytest.mark.parametrize(
    ("said", "worst"),
    [("affirming", 32), ("affirming", -97), ("warning", 96), ("none", 33), ("none", 96)],
)
def test_a_status_may_not_say_more_than_its_vector(said: str, worst: int) -> None:
    with pytest.raises(ClaimWrongError) as caught:
        status(said, hardware=2, unheard_of=worst)
    assert str(caught.value) == "device.ear.status is better than the worst claim of its vector"


@pytest.mark.parametrize("value", [128, -129, 2.0, True, "2", None])
def test_a_vector_claim_is_a_small_whole_number(value: object) -> None:
    with pytest.raises(ClaimWrongError, match=r"hardware must be a whole number from -128 to 127$"):
        status("affirming", hardware=value)


@pytest.mark.parametrize("worst", [-128, 0, 2, 32, 96, 127])
def test_a_contraindicated_device_is_refused(worst: int) -> None:
    with pytest.raises(EvidenceRefusedError) as caught:
        status("contraindicated", hardware=worst)
    assert caught.value.reason is Reason.TOKEN_CONTRAINDICATED
    assert caught.value.detail == "the issuer says that this device must not be trusted"


@pytest.mark.parametrize("said", ["affirming", "warning", "none"])
def test_the_vector_may_be_left_out_and_the_status_may_not(said: str) -> None:
    assert read_status(Claims({"ear.status": said})) == status(said) == said
    with pytest.raises(ClaimMissingError, match=r"^ear\.status is missing$"):
        read_status(Claims({"ear.trustworthiness-vector": {}}))


def test_a_status_is_one_of_four_words() -> None:
    with pytest.raises(ClaimWrongError) as caught:
        status("fine")
    words = "affirming, contraindicated, none, warning"
    assert str(caught.value) == f"device.ear.status must be one of {words}"
