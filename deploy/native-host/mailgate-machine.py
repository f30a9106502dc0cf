#!/usr/bin/python3
"""Tells the company's browser extension what this Linux computer says of its disk, its screen lock, its firewall and its serial number.

Browsers start it for one message and read one answer (native messaging: a length in four bytes, then JSON). It changes nothing, asks nobody
else, and runs as the person who uses the browser, so it sees no more than they do. What it cannot tell is null, never false.

    mailgate-machine.py --install ID [ID…]   writes where browsers look for it, for the extensions with these ids, of Chromium or Firefox
"""

import json
import os
import re
import struct
import subprocess
import sys
from configparser import ConfigParser, Error
from pathlib import Path

NAME = "mailgate.machine"
CHROMIUM_ID = re.compile("[a-p]{32}")
CHROMIUMS = ("etc/chromium", "etc/opt/chrome", "etc/opt/edge")
FIREFOX = "usr/lib/mozilla"


def run(*command):
    """The output of a command; None if it is not there, fails, is not allowed or hangs."""
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=2, env=os.environ | {"LC_ALL": "C"}
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return ran.stdout if ran.returncode == 0 else None


def read(path):
    """The text of a file; empty if it is not there or may not be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def disk_encrypted(lsblk, home="/home", mounts=""):
    """Whether the disk of the system, and that of people's files if it is another, lies on an encrypted layer of the kernel.

    A disk that encrypts itself, or a file system that does, is not seen, so only a plain partition of an ordinary file system is false.

    :param mounts: the kernel's list of what is mounted, since a pool or a server that holds people's files is no disk of lsblk
    """
    found = {}
    try:
        for device in json.loads(lsblk or "")["blockdevices"]:
            _mounted(device, False, found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if "/" not in found:
        return None  # an overlay or a pool, which lsblk does not lead to a disk
    places = {"/", *(words[1] for words in map(str.split, mounts.splitlines()) if len(words) > 1)}
    theirs = next(str(each) for each in (Path(home), *Path(home).parents) if str(each) in places)
    parts = [found["/"], found.get("/home", True), found.get(theirs)]
    return False if False in parts else None if None in parts else True


_ORDINARY = {"ext2", "ext3", "ext4", "xfs", "btrfs"}


def _mounted(device, encrypted, found):
    encrypted = encrypted or device.get("type") == "crypt"
    for place in device.get("mountpoints") or ():
        if place:
            known = True if encrypted else False if device.get("fstype") in _ORDINARY else None
            found[place] = known if found.get(place, known) is known else None
    for below in device.get("children") or ():
        _mounted(below, encrypted, found)


def screen_lock(desktop, gsettings, kde):
    """Whether the screen locks by itself, by the settings of GNOME (and what is made of it) or KDE.

    :param gsettings: the value of a key of a schema, or None
    """
    names = {name.lower() for name in desktop.split(":")}
    if names & {"gnome", "unity", "budgie"}:
        locks, idle = (
            gsettings("org.gnome.desktop.screensaver", "lock-enabled"),
            gsettings("org.gnome.desktop.session", "idle-delay"),
        )
        if (locks or "").strip() == "false" or (idle or "").split() == ["uint32", "0"]:
            return False
        return True if (locks or "").strip() == "true" and (idle or "").startswith("uint32 ") else None
    if "kde" in names:
        settings = ConfigParser(strict=False, interpolation=None)
        try:
            settings.read_string(kde.replace("[$i]", ""))  # an admin's mark that nobody may change it
            return settings.getboolean("Daemon", "Autolock", fallback=True)
        except (Error, ValueError):
            return None
    return None


def firewall(ufw, firewalld, rules):
    """Whether a firewall is switched on: ufw by its settings, firewalld by its own word, or rules of the kernel that drop what comes in.

    :param rules: those of nftables; None if they may not be read. Without them nothing is false
    """
    if "ENABLED=yes" in ufw.replace('"', "").splitlines() or (firewalld or "").strip() == "running":
        return True
    if rules is None:
        return None
    chains = [_verdicts(each) for each in re.split(r"^\s*chain ", rules, flags=re.MULTILINE)[1:]]
    coming_in = [words for hook, words in chains if hook == "input"]
    if any("jump" in words or "goto" in words for words in coming_in):
        coming_in += [words for hook, words in chains if not hook]
    return any(not words.isdisjoint(("drop", "reject")) for words in coming_in)


def _verdicts(chain):
    """Where a chain of rules is hooked in, empty if others lead to it, and the words of its rules without texts."""
    hook = re.search(r" hook (\w+)", chain)
    return hook[1] if hook else "", set(re.findall(r"\w+", re.sub('"[^"]*"', "", chain.partition("{")[2])))


def answer():
    """What is known of this computer."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "disk_encrypted": disk_encrypted(
            run("lsblk", "--json", "--output", "NAME,TYPE,FSTYPE,MOUNTPOINTS"),
            Path.home().resolve(),
            read("/proc/self/mounts"),
        ),
        "screen_lock": screen_lock(
            os.environ.get("XDG_CURRENT_DESKTOP", ""),
            lambda schema, key: run("gsettings", "get", schema, key),
            read("/etc/xdg/kscreenlockerrc") + "\n" + read(home / "kscreenlockerrc"),
        ),
        "firewall": firewall(
            read("/etc/ufw/ufw.conf"), run("firewall-cmd", "--state"), run("nft", "list", "ruleset")
        ),
        # only root may read this one, unless an admin allows it
        "serial": read("/sys/class/dmi/id/product_serial").strip()[:64],
    }


def manifest(program, **allowed):
    about = {
        "name": NAME,
        "description": "Tells the company's extension about this computer",
        "path": str(program),
        "type": "stdio",
    }
    return json.dumps(about | allowed, indent=2) + "\n"


def install(extensions, root):
    """Write the files by which browsers find this program, for the extensions with these ids. Returns their paths."""
    program = Path(__file__).resolve()
    origins = [f"chrome-extension://{each}/" for each in extensions if CHROMIUM_ID.fullmatch(each)]
    others = [each for each in extensions if not CHROMIUM_ID.fullmatch(each)]
    wanted = dict.fromkeys(CHROMIUMS, manifest(program, allowed_origins=origins)) if origins else {}
    wanted |= {FIREFOX: manifest(program, allowed_extensions=others)} if others else {}
    for folder, text in wanted.items():
        path = Path(root, folder, "native-messaging-hosts", f"{NAME}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        yield path


def main(arguments):
    if arguments[:1] == ["--install"] and arguments[1:]:
        for path in install(arguments[1:], os.environ.get("DESTDIR", "/")):
            print(path)
        return 0
    asked = sys.stdin.buffer.read(4)
    if len(asked) < 4:
        return 2  # no browser asks
    text = json.dumps(answer()).encode()
    sys.stdout.buffer.write(struct.pack("=I", len(text)) + text)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
