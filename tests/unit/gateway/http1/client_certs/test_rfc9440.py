import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.gateway.http1.client_certs import UnreadableError
from mailgate.gateway.http1.client_certs.rfc9440 import read_client_cert, read_client_cert_chain

BYTES = st.binary(min_size=1, max_size=200)


def item(data: bytes) -> bytes:
    return b":%b:" % b64encode(data)


@given(BYTES)
def test_a_byte_sequence_is_read_with_and_without_padding(data) -> None:
    assert read_client_cert(item(data)) == data
    assert read_client_cert(b" %b " % item(data).replace(b"=", b"")) == data


@given(st.lists(BYTES, min_size=1, max_size=5))
def test_a_list_keeps_its_order(certificates) -> None:
    assert read_client_cert_chain(b", ".join(map(item, certificates))) == certificates
    assert read_client_cert_chain(b",\t".join(map(item, certificates))) == certificates


@pytest.mark.parametrize(
    "value",
    [b"", b":", b"::", b"TUk=", b":TUk=", b"TUk=:", b":TUk=:;a=1", b":TUk=:, :TUk=:", b":T Uk=:", b":TU-_:",
     b":T:", b":TUk===:", b'"TUk="', b":TUk=: :", b":=:", b":TUk=TUk=:"],
)  # fmt: skip
def test_what_is_no_single_byte_sequence_is_refused(value) -> None:
    with pytest.raises(UnreadableError):
        read_client_cert(value)


@pytest.mark.parametrize("value", [b"", b":TUk=:,", b",:TUk=:", b":TUk=:;a, :TUk=:", b":TUk=: :TUk=:"])
def test_what_is_no_list_of_them_is_refused(value) -> None:
    with pytest.raises(UnreadableError):
        read_client_cert_chain(value)


@given(st.binary(max_size=80))
def test_nothing_else_is_raised_and_nothing_else_is_read(value) -> None:
    try:
        read_client_cert(value)
    except UnreadableError:
        return
    assert re.fullmatch(rb" *:[A-Za-z0-9+/]+=*: *", value)
