import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.build_certificate_vectors import (
    CHALLENGE,
    description,
    enumerated,
    explicit,
    integer,
    octets,
    root_of_trust,
    tlv,
)

from mailgate.attest.key_description import DescriptionError, KeyDescription, RootOfTrust, read_description


def test_a_whole_description_is_read() -> None:
    assert read_description(description(serial="R5CX10TESTED")) == KeyDescription(
        schema=300,
        level=1,
        challenge=CHALLENGE,
        application=None,
        origin=0,
        root_of_trust=RootOfTrust(locked=True, boot_state=0),
        os_version=160000,
        os_patch=202611,
        vendor_patch=20261105,
        boot_patch=20261105,
        serial="R5CX10TESTED",
        model="Phone 9",
    )


def test_missing_fields_are_none_or_empty() -> None:
    names = ("os_version", "os_patch", "vendor_patch", "boot_patch", "origin", "boot")
    assert read_description(description(model="", **dict.fromkeys(names))) == KeyDescription(
        schema=300,
        level=1,
        challenge=CHALLENGE,
        application=None,
        origin=None,
        root_of_trust=None,
        os_version=0,
        os_patch=0,
        vendor_patch=0,
        boot_patch=0,
        serial="",
        model="",
    )


@pytest.mark.parametrize("number", [0, 1, 2**31 - 1])
def test_a_number_has_31_bits_and_a_text_64_characters(number: int) -> None:
    read = read_description(description(os_version=number, serial="é" * 64, model="a b"))
    assert (read.os_version, read.serial, read.model) == (number, "é" * 64, "a b")


@pytest.mark.parametrize(("locked", "state"), [(True, 0), (False, 1), (False, 127)])
def test_the_boot_loader_says_what_it_started(locked: bool, state: int) -> None:
    read = read_description(description(boot=root_of_trust(locked, state)))
    assert read.root_of_trust == RootOfTrust(locked, state)


@pytest.mark.parametrize(
    ("level", "key_level", "lower"), [(2, 1, 1), (1, 2, 1), (2, 0, 0), (0, 2, 0), (127, 127, 127)]
)
def test_the_lower_level_counts(level, key_level, lower) -> None:
    assert read_description(description(level=level, key_level=key_level)).level == lower


def test_fields_enforced_by_software_alone_are_not_read() -> None:
    told = description(
        origin=None, boot=None, by_software=explicit(702, integer(0)) + explicit(704, root_of_trust())
    )
    read = read_description(told)
    assert (read.origin, read.root_of_trust) == (None, None)


@given(st.integers(0, 30) | st.integers(31, 2**32 - 1))
def test_the_number_of_a_tag_may_be_long(number) -> None:
    known = {1, 2, 3, 10, 503, 702, 704, 705, 706, 717, 718, 719}
    if number in known:
        return
    tag = explicit(number, octets(b"x"))
    assert read_description(description(more=tag)).serial == ("x" if number == 713 else "")
    with pytest.raises(DescriptionError, match=rf"^expected \[{number}\] once$"):
        read_description(description(more=tag + tag))


NO_DER = "expected a KeyDescription in DER"
NO_ENUMERATED = "expected an ENUMERATED of 0 to 127"
NO_TAG = "expected explicit tags"


def booted(state: bytes) -> bytes:
    return description(boot=tlv(b"\x30", octets(bytes(32)), tlv(b"\x01", b"\xff"), state, octets(bytes(32))))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", NO_DER),
        (description() + b"\0", NO_DER),
        (description()[:-1], NO_DER),
        (tlv(b"\x30"), NO_DER),
        (description(more=explicit(702, integer(0))), "expected [702] once"),
        (description(by_software=explicit(701, integer(1))), "expected [701] once"),
        (description(more=tlv(b"\x05")), NO_TAG),
        (description(more=tlv(b"\x85")), NO_TAG),
        (description(more=tlv(b"\xe5")), NO_TAG),
        (description(more=tlv(b"\x9f\x86\x00", b"")), NO_TAG),
        (description(by_software=tlv(b"\x05")), NO_TAG),
        (description(level=128), NO_ENUMERATED),
        (description(level=200), NO_ENUMERATED),
        (description(key_level=128), NO_ENUMERATED),
        (booted(integer(0)), NO_ENUMERATED),
        (booted(tlv(b"\x0b", b"\0")), NO_ENUMERATED),
        (booted(tlv(b"\x0a", b"\0\0")), NO_ENUMERATED),
        (booted(tlv(b"\x0a")), NO_ENUMERATED),
        (booted(enumerated(128)), NO_ENUMERATED),
        (description(boot=enumerated(0)), NO_DER),
        (description(boot=root_of_trust() + b"\0"), NO_DER),
        (description(boot=root_of_trust().replace(b"\x01\x01\xff", b"\x01\x01\x01")), NO_DER),
        (description(boot=tlv(b"\x30", octets(b""), tlv(b"\x01", b"\xff"))), NO_DER),
        (description(serial="a\nb"), "expected a text in [713]"),
        (description(serial="a" * 65), "expected a text in [713]"),
        (description(model="a" * 65), "expected a text in [717]"),
        (description(more=explicit(713, octets(b"\xff"))), NO_DER),
        (description(more=explicit(713, integer(1))), NO_DER),
        (description(origin=2**31), "expected a number in [702]"),
        (description(origin=-1), "expected a number in [702]"),
        (description(os_patch=2**32), "expected a number in [706]"),
    ],
)
def test_anything_else_is_refused(data, says) -> None:
    with pytest.raises(DescriptionError) as caught:
        read_description(data)
    assert str(caught.value) == says


@given(st.binary(max_size=200))
def test_bytes_raise_nothing_else(data) -> None:
    with pytest.raises(DescriptionError):
        read_description(data)


@given(st.data())
def test_a_changed_byte_raises_nothing_else(data) -> None:
    whole = bytearray(description(serial="R5CX10TESTED"))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_description(bytes(whole))
    except DescriptionError:
        return
