from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError
from tests.pki import root

from mailgate.config.certificates import read_certificates


def test_every_certificate_of_a_file(tmp_path: Path) -> None:
    one, two = root("One"), root("Two")
    (tmp_path / "both.pem").write_bytes(one.pem + b"a comment\n" + two.pem)
    assert read_certificates(tmp_path / "both.pem", "roots") == (one.certificate, two.certificate)


@pytest.mark.parametrize(
    "text", ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_none_is_a_mistake_with_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.pem").write_text(text)
    with pytest.raises(PydanticCustomError) as caught:
        read_certificates(tmp_path / "file.pem", "roots")
    assert (caught.value.context or {})["key"] == "roots"
