"""Changed files take effect as a whole, or not at all."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mailgate.errors import ConfigError, Mistake
from mailgate.gateway import reload
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.reload import Reloader

MISTAKE = Mistake("policy.yaml", 3, 7, "no such variable")


class Files:
    """A stand-in for the files on disk: what reading them gives, and what was put in force."""

    def __init__(self):
        self.content = "first"
        self.in_force = []
        self.refused = None
        self.metrics = Metrics()
        self.reloader = Reloader(self.load, self.apply, self.metrics)

    def load(self):
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    async def apply(self, loaded):
        if self.refused:
            raise self.refused
        self.in_force.append(loaded)

    def count(self, result):
        return self.metrics.registry.get_sample_value("mailgate_config_reloads_total", {"result": result})

    @property
    def ok(self):
        return self.metrics.registry.get_sample_value("mailgate_config_ok")


@pytest.fixture
def files():
    return Files()


async def test_good_files_are_put_in_force(files):
    assert await files.reloader.reload()
    assert (files.in_force, files.reloader.mistakes) == (["first"], [])
    assert (files.count("applied"), files.ok) == (1, 1)


async def test_bad_files_change_nothing_and_are_shown_until_they_are_good_again(files):
    files.content = ConfigError([MISTAKE])
    with capture_logs() as logs:
        assert not await files.reloader.reload()
    assert (files.in_force, files.count("rejected"), files.ok) == ([], 1, 0)
    assert files.reloader.mistakes == ["policy.yaml:3:7: no such variable"]
    assert [(line["event"], line["mistakes"]) for line in logs] == [
        ("config-rejected", files.reloader.mistakes)
    ]
    files.content = "second"
    assert await files.reloader.reload()
    assert (files.in_force, files.reloader.mistakes, files.ok) == (["second"], [], 1)


@pytest.mark.parametrize("error", [OSError("disk"), ValueError("secret in the text"), RuntimeError()])
@pytest.mark.parametrize("where", ["load", "apply"])
async def test_whatever_breaks_on_the_way_the_gate_goes_on_with_what_it_has(files, where, error):
    """The watcher must live: else one bad certificate ends every later reload."""
    if where == "load":
        files.content = error
    else:
        files.refused = error
    with capture_logs() as logs:
        assert not await files.reloader.reload()
    assert (files.in_force, files.count("rejected"), files.ok) == ([], 1, 0)
    assert type(error).__name__ in files.reloader.mistakes[0]
    assert "secret" not in str(logs)


class Disk:
    """Stands in for watchfiles: plays these rounds of changes, then ends as a cancelled task does."""

    class Ended(Exception):
        pass

    def __init__(self, *rounds):
        self.rounds = [*rounds]
        self.watched = []

    async def watch(self, *folders, **_):
        self.watched.append(set(folders))
        while self.rounds:
            yield {(1, str(path)) for path in self.rounds.pop(0)}
        raise self.Ended


async def play(monkeypatch, disk, reloader, paths):
    monkeypatch.setattr(reload, "awatch", disk.watch)
    with pytest.raises(Disk.Ended):
        await reloader.watch(paths)


CONFIG = {Path("/etc/gate/mailgate.yaml"), Path("/etc/gate/policy.yaml"), Path("/run/keys/mdm.json")}


@pytest.mark.parametrize(
    ("changed", "reloads"),
    [
        (["/etc/gate/policy.yaml"], 1),
        (["/etc/gate/policy.yaml", "/etc/gate/mailgate.yaml"], 1),
        (["/run/keys/mdm.json"], 1),
        (["/etc/gate/.policy.yaml.swp"], 0),
        (["/etc/gate/..data"], 1),
        (["/etc/gate/README"], 0),
    ],
)
async def test_a_change_of_one_of_the_files_reloads_once(monkeypatch, files, changed, reloads):
    """Also the swapped link ``..data`` of an orchestrator's mounted files."""
    disk = Disk(changed)
    await play(monkeypatch, disk, files.reloader, lambda: CONFIG)
    assert len(files.in_force) == reloads
    assert disk.watched == [{Path("/etc/gate"), Path("/run/keys")}]


async def test_folders_are_watched_anew_when_other_files_are_named(monkeypatch, files):
    def named():
        return CONFIG if not files.in_force else {Path("/srv/policy.yaml")}

    disk = Disk(["/etc/gate/policy.yaml"], ["/srv/policy.yaml"])
    await play(monkeypatch, disk, files.reloader, named)
    assert disk.watched == [{Path("/etc/gate"), Path("/run/keys")}, {Path("/srv")}]
    assert len(files.in_force) == 2


async def test_the_watch_goes_on_after_a_bad_file(monkeypatch, files):
    files.content = ConfigError([MISTAKE])
    disk = Disk(["/etc/gate/policy.yaml"], ["/etc/gate/policy.yaml"])
    await play(monkeypatch, disk, files.reloader, lambda: CONFIG)
    assert files.count("rejected") == 2
