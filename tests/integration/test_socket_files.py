"""A Unix socket where a gate is asked: whose file it is, and what becomes of one that is left."""

import socket
import stat
from pathlib import Path

import aiohttp
import pytest
from tests.integration.commands import run
from tests.integration.conftest import LAPTOP, Guard
from tests.integration.gate import PHONE_RULES, write_config
from tests.servers import PATIENCE

WEBMAIL = "http://127.0.0.1:9"
ASKED = {"X-Original-Method": "GET", "X-Original-URI": "/inbox", "X-Forwarded-For": "192.0.2.7"}
ASKED |= {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "mail.example.com", "User-Agent": LAPTOP}


def at(file: Path) -> dict[str, object]:
    return {"authz_listeners": [{"listen": f"unix:{file}", "dialect": "nginx"}]}


async def answers(file: Path) -> bool:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(file))) as session,
        session.get("http://mail.example.com/.mailgate/authz", headers=ASKED) as answer,
    ):
        return answer.status == 200


def refused(folder: Path, file: Path, code: int, **settings: object) -> str:
    """What another gate says that is to listen there too: 2 where the settings are wrong, 1 where somebody is there."""
    folder.mkdir()
    done = run(write_config(folder, WEBMAIL, {**at(file), **settings}, PHONE_RULES), "run")
    assert done.returncode == code
    return done.stderr


async def test_a_socket_left_by_a_killed_gate_is_replaced(guard: Guard, socket_file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_file))
    guarded = guard(PHONE_RULES, **at(socket_file))
    assert await answers(socket_file)
    guarded.gate.process.kill()
    guarded.gate.process.wait(PATIENCE)
    assert stat.S_ISSOCK(socket_file.stat().st_mode)
    guard(PHONE_RULES, **at(socket_file))
    assert await answers(socket_file)


@pytest.mark.parametrize("workers", [1, 2])
async def test_two_gates_do_not_listen_in_one_file(
    guard: Guard, socket_file: Path, tmp_path: Path, workers: int
) -> None:
    guard(PHONE_RULES, **at(socket_file))
    told = refused(tmp_path / "other", socket_file, 1, workers=workers)
    assert "mailgate: not started: " in told
    assert f"Address already in use: '{socket_file}'" in told
    assert await answers(socket_file)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_is_something_else_is_left_alone(socket_file: Path, tmp_path: Path, workers: int) -> None:
    socket_file.write_text("somebody's")
    told = refused(tmp_path / "other", socket_file, 2, workers=workers)
    assert f"{socket_file} is a file that is no socket" in told
    assert socket_file.read_text() == "somebody's"


def test_a_missing_folder_is_named(socket_file: Path, tmp_path: Path) -> None:
    gone = socket_file.parent / "gone" / "questions.sock"
    assert f"{gone.parent} is not there" in refused(tmp_path / "other", gone, 2)
