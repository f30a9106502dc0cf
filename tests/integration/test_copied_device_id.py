"""Rows that strangers leave who copy the ActiveSync id of a known device: no more than under made-up ones."""

from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from sqlalchemy import create_engine, text
from tests.integration.company import Issuer, Phone
from tests.integration.fleet import PUBLIC
from tests.integration.gate import EVERYONE, Gate, start_gate, wait_for, write_config

from mailgate.store.migrate import store_url
from mailgate.store.stranger_limit import MOST_OF_ONE_NETWORK


def ask(gate: Gate, path: str, headers: dict[str, str]) -> None:
    method = "POST" if path.startswith("/Microsoft-Server") else "GET"
    try:
        urlopen(Request(f"http://{gate.public[0]}:{gate.public[1]}{path}", headers=headers, method=method))
    except HTTPError as error:
        error.close()


def test_a_copied_device_id_leaves_no_more_rows_than_a_made_up_one(tmp_path: Path) -> None:
    issuer = Issuer(b"1" * 32)
    settings = {"attestation": issuer.settings(tmp_path), "public_url": PUBLIC}
    config = write_config(tmp_path, "http://127.0.0.1:9", settings, EVERYONE)
    gate = start_gate(config)
    try:
        phone = Phone(issuer, "lin", eas_ids=("EASLIN1",))
        ask(gate, "/", phone.headers())
        assert wait_for(gate.has_written)
        many = 3 * MOST_OF_ONE_NETWORK
        for number in range(many):
            target = "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=EASLIN1&DeviceType=iPhone&User=x"
            ask(gate, target, {"User-Agent": f"Made-Up/{number} " + "x" * 560})
        assert wait_for(gate.has_written)
        with create_engine(store_url(f"sqlite:///{tmp_path}/mailgate.db")).connect() as connection:
            rows = connection.execute(text("SELECT count(*) FROM clients")).scalar_one()
        assert rows <= MOST_OF_ONE_NETWORK + 1, rows
    finally:
        gate.stop()
