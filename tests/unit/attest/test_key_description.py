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


def test_a_whole_description() -> None:
    assert read_description(description(serial="R5CX10TESTED")) == KeyDescription(
        level=1,
        challenge=CHALLENGE,
        origin=0,
        root_of_trust=RootOfTrust(locked=True, boot_state=0),
        os_version=160000,
        os_patch=202611,
        vendor_patch=20261105,
        boot_patch=20261105,
        serial="R5CX10TESTED",
        model="Phone 9",
    )


@pytest.mark.parametrize(("level", "key_level", "lower"), [(2, 1, 1), (1, 2, 1), (2, 0, 0), (0, 2, 0)])
def test_the_lower_level_counts(level, key_level, lower) -> None:
    assert read_description(description(level=level, key_level=key_level)).level == lower


def test_what_only_the_software_says_is_not_read() -> None:
    told = description(
        origin=None, boot=None, by_software=explicit(702, integer(0)) + explicit(704, root_of_trust())
    )
    read = read_description(told)
    assert (read.origin, read.root_of_trust) == (None, None)


@given(st.integers(0, 30) | st.integers(31, 2**32 - 1))
def test_the_number_of_a_tag_may_be_long(number) -> None:
    known = {1, 2, 3, 10, 503, 702, 704, 705, 706, 713, 717, 718, 719}
    if number in known:
        return
    assert read_description(description(more=explicit(number, tlv(b"\x05")))).origin == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        description() + b"\0",
        description()[:-1],
        tlv(b"\x30"),
        description(more=explicit(702, integer(0))),
        description(by_software=explicit(701, integer(1))),
        description(more=tlv(b"\x05")),
        description(more=tlv(b"\x9f\x86\x00", b"")),
        description(level=200),
        description(boot=enumerated(0)),
        description(boot=root_of_trust() + b"\0"),
        description(boot=root_of_trust().replace(b"\x01\x01\xff", b"\x01\x01\x01")),
        description(boot=tlv(b"\x30", octets(b""), tlv(b"\x01", b"\xff"), integer(0))),
        description(boot=tlv(b"\x30", octets(b""), tlv(b"\x01", b"\xff"))),
        description(serial="a\nb"),
        description(serial="a" * 65),
        description(origin=2**31),
    ],
)
def test_anything_else_is_refused(data) -> None:
    with pytest.raises(DescriptionError):
        read_description(data)


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
