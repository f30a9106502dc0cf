"""The helper that tells the extension about the computer: what it makes of what the system says, and how browsers read it."""

import json
import os
import stat
import struct
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from tests.servers import PATIENCE

HELPERS = Path(__file__).parents[2] / "deploy/native-host"
LINUX, MACOS = HELPERS / "mailgate-machine.py", HELPERS / "mailgate-machine.sh"
_spec = spec_from_file_location("mailgate_machine", LINUX)
assert _spec
assert _spec.loader
helper: Any = module_from_spec(_spec)
_spec.loader.exec_module(helper)


def part(
    name: str, place: str | None = None, fstype: str | None = "ext4", kind: str = "part", *below: Any
) -> Any:
    return {"name": name, "type": kind, "fstype": fstype, "mountpoints": [place], "children": list(below)}


def crypt(name: str, place: str | None = None, *below: Any) -> Any:
    return part(f"luks-{name}", None, "crypto_LUKS", "part", part(name, place, "btrfs", "crypt", *below))


def volume(place: str) -> Any:
    return part("vg-lv", place, "ext4", "lvm")


@pytest.mark.parametrize(
    ("devices", "encrypted"),
    [
        ([part("sda", None, None, "disk", part("sda1", "/boot"), crypt("root", "/"))], True),
        ([part("sda", None, None, "disk", crypt("pv", None, volume("/"), volume("/home")))], True),
        ([part("sda", None, None, "disk", part("sda1", "/boot"), part("sda2", "/"))], False),
        ([crypt("root", "/"), part("sdb1", "/home")], False),
        ([part("sda1", "/"), crypt("home", "/home")], False),
        # what lsblk does not lead to, or a file system that may encrypt by itself
        ([part("sda1", "/boot")], None),
        ([crypt("root", "/"), part("sdb1", "/")], None),
        ([part("sda1", "/", "zfs_member")], None),
        ([part("sda1", "/", None)], None),
        ([crypt("root", "/"), part("sdb1", "/home", "zfs_member")], None),
        ([{"name": "sda", "type": "disk", "mountpoints": None}], None),
        ([], None),
        (["odd"], None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_disk_is_not_encrypted_only_where_that_is_seen(devices: Any, encrypted: bool | None) -> None:
    assert helper.disk_encrypted(json.dumps({"blockdevices": devices})) is encrypted


@pytest.mark.parametrize(
    ("mounts", "encrypted"),
    [
        ("", True),
        ("/dev/dm-0 / btrfs rw 0 0\nproc /proc proc rw 0 0\n", True),
        ("/dev/dm-0 / btrfs rw 0 0\ntank/homes /homes zfs rw 0 0\n", None),
        ("/dev/dm-0 / btrfs rw 0 0\nfiles:/ada /homes/ada nfs4 rw 0 0\n", None),
        ("/dev/dm-0 / btrfs rw 0 0\nfiles:/joe /homes/joe nfs4 rw 0 0\n", True),
        ("/dev/dm-0 / btrfs rw 0 0\n/dev/sdb1 /homes/ada ext4 rw 0 0\n", False),
        ("\n \nodd\n", True),
    ],
)
def test_peoples_files_that_lie_on_no_disk_of_lsblk_are_not_taken_for_encrypted(
    mounts: str, encrypted: bool | None
) -> None:
    devices = [crypt("root", "/"), part("sdb1", "/homes/ada" if "sdb1" in mounts else None)]
    said = json.dumps({"blockdevices": devices})
    assert helper.disk_encrypted(said, "/homes/ada", mounts) is encrypted


@pytest.mark.parametrize("said", [None, "", "no json", "[]", "{}", '{"blockdevices": null}', "[" * 5000])
def test_no_answer_of_the_system_is_unknown(said: str | None) -> None:
    assert helper.disk_encrypted(said) is None


@pytest.mark.parametrize(
    ("desktop", "locks", "idle", "kde", "lock"),
    [
        ("ubuntu:GNOME", "true\n", "uint32 300\n", "", True),
        ("GNOME", "false\n", "uint32 300\n", "", False),
        ("GNOME", "true\n", "uint32 0\n", "", False),
        ("GNOME", None, None, "", None),
        ("GNOME", "true\n", None, "", None),
        ("GNOME", None, "uint32 300\n", "", None),
        ("KDE", None, None, "", True),
        ("KDE", None, None, "[Daemon]\nAutolock=false\n", False),
        ("KDE", None, None, "[Daemon]\nTimeout=5\n", True),
        ("KDE", None, None, "[Daemon]\nAutolock[$i]=false\n", False),
        ("KDE", None, None, "[Daemon]\nAutolock=perhaps\n", None),
        ("KDE", None, None, "no settings", None),
        ("XFCE", "true\n", "uint32 300\n", "", None),
        ("", "false\n", "uint32 0\n", "", None),
    ],
)
def test_a_screen_lock_is_known_of_desktops_whose_settings_are(
    desktop: str, locks: str | None, idle: str | None, kde: str, lock: bool | None
) -> None:
    told = {"lock-enabled": locks, "idle-delay": idle}
    assert helper.screen_lock(desktop, lambda _schema, key: told[key], kde) is lock


DROPPING = (
    "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n"
)
REJECTING = (
    "table inet f {\n\tchain i {\n\t\ttype filter hook input priority 0; policy accept;\n\t\treject\n\t}\n}\n"
)
FORWARDING = (
    "table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority 0; policy accept;\n%s\t}\n"
    "\tchain FORWARD {\n\t\ttype filter hook forward priority 0; policy drop;\n\t}\n\tchain OTHER {\n\t\tcounter drop\n\t}\n}\n"
)
OPEN = "table inet f {\n\tchain i {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}\n"


@pytest.mark.parametrize(
    ("ufw", "firewalld", "rules", "on"),
    [
        ("ENABLED=yes\n", None, None, True),
        ('# ENABLED=no\nENABLED="yes"\n', None, None, True),
        ("", "running\n", None, True),
        ("", None, DROPPING, True),
        ("ENABLED=no\n", None, REJECTING, True),
        ("ENABLED=no\n", None, OPEN, False),
        ("", None, FORWARDING % "", False),
        ("", None, FORWARDING % "\t\tjump OTHER\n", True),
        ("", None, FORWARDING % '\t\ttcp dport 22 accept comment "or drop"\n', False),
        ("", None, FORWARDING % '\t\tcounter packets 0 bytes 0 drop comment "rest"\n', True),
        ("", None, "", False),
        ("ENABLED=no\n", "not running\n", None, None),
        ("# ENABLED=yes\n", None, None, None),
        ("", None, None, None),
    ],
)
def test_a_firewall_is_off_only_where_the_rules_of_the_kernel_may_be_read(
    ufw: str, firewalld: str | None, rules: str | None, on: bool | None
) -> None:
    assert helper.firewall(ufw, firewalld, rules) is on


def test_a_command_that_is_not_there_fails_or_hangs_says_nothing(tmp_path: Path) -> None:
    assert helper.run("mailgate-no-such-command") is None
    assert helper.run("false") is None
    assert helper.run("echo", "ok") == "ok\n"
    assert helper.read(tmp_path) == helper.read(tmp_path / "missing") == ""


def asked(program: Path, **environment: str) -> dict[str, Any]:
    """The answer as a browser reads it."""
    ran = subprocess.run(
        [program, "chrome-extension://x/"], input=struct.pack("=I", 2) + b"{}", capture_output=True, timeout=PATIENCE,
        env=os.environ | environment, check=True,
    )  # fmt: skip
    length = struct.unpack("=I", ran.stdout[:4])[0]
    assert len(ran.stdout) == 4 + length
    told: dict[str, Any] = json.loads(ran.stdout[4:])
    return told


def test_a_browser_gets_one_answer_of_known_words(tmp_path: Path) -> None:
    told = asked(LINUX, HOME=str(tmp_path))
    assert list(told) == ["disk_encrypted", "screen_lock", "firewall", "serial"]
    assert all(told[name] in (True, False, None) for name in list(told)[:3])
    assert isinstance(told["serial"], str)
    assert subprocess.run([LINUX], stdin=subprocess.DEVNULL, capture_output=True).returncode == 2


ON = {
    "fdesetup": "echo FileVault is On.",
    "sysadminctl": "echo 'sysadminctl[1:2] screenLock delay is 300 seconds' >&2",
    "socketfilterfw": "echo 'Firewall is enabled. (State = 1)'",
    "ioreg": """echo '    "IOPlatformSerialNumber" = "C02X1"'""",
}
OFF = {
    "fdesetup": "echo FileVault is Off.",
    "sysadminctl": "echo 'sysadminctl[1:2] screenLock is off' >&2",
    "socketfilterfw": "echo 'Firewall is disabled. (State = 0)'",
    "ioreg": """echo '    "IOPlatformSerialNumber" = "A\\"B"'""",
}


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        (ON, [True, True, True, "C02X1"]),
        (OFF, [False, False, False, ""]),
        (
            ON | {"fdesetup": "echo FileVault is On.; echo Encryption in progress: 32"},
            [None, True, True, "C02X1"],
        ),
        (dict.fromkeys(ON, "echo something else"), [None, None, None, ""]),
        (dict.fromkeys(ON, "exit 1"), [None, None, None, ""]),
    ],
)
def test_a_mac_says_what_its_own_commands_say(
    tmp_path: Path, commands: dict[str, str], told: list[Any]
) -> None:
    for name, script in commands.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    assert [*asked(MACOS, PATH=f"{tmp_path}:{os.environ['PATH']}").values()] == told


def test_browsers_find_the_helper_where_it_installs_itself(tmp_path: Path) -> None:
    own = json.loads((HELPERS.parents[1] / "extension/manifest.json").read_text())
    ids = ["abcdefgh" * 4, own["browser_specific_settings"]["gecko"]["id"], "mailgate@mail.example.com"]
    into = os.environ | {"DESTDIR": str(tmp_path)}
    ran = subprocess.run([LINUX, "--install", *ids], capture_output=True, text=True, check=True, env=into)
    folders = ("etc/chromium", "etc/opt/chrome", "etc/opt/edge", "usr/lib/mozilla")
    paths = [tmp_path / folder / "native-messaging-hosts/mailgate.machine.json" for folder in folders]
    assert ran.stdout.split() == [str(path) for path in paths]
    *chromium, firefox = [json.loads(path.read_text()) for path in paths]
    assert {(each["name"], each["type"]) for each in (*chromium, firefox)} == {("mailgate.machine", "stdio")}
    assert all(each["allowed_origins"] == [f"chrome-extension://{ids[0]}/"] for each in chromium)
    assert firefox["allowed_extensions"] == ids[1:]
    assert Path(firefox["path"]).stat().st_mode & stat.S_IXUSR
