import os

import pytest
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import devices_of, ends_in, runtime, settings_of, setup

from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.line import FileSettings, PostSettings
from mailgate.connectors import ReceivesPosts, Trouble, connector_for
from mailgate.connectors.file import FileChanges
from mailgate.errors import LinesRefusedError

LINES = f'{{"id": "1", "apps": ["{MARKER}"], "reported_at": "2026-11-24T09:00:00Z"}}\n{{"id": "2"}}\n'


def made(around=None, **values):
    settings = settings_of(FileSettings, {"type": "file", "path": "devices.jsonl"} | values)
    return connector_for(setup(Exchanges("jamf", ""), around), settings)


def posted():
    settings = settings_of(PostSettings, {"type": "post"}, api_key="hunter2")
    connector = connector_for(setup(Exchanges("jamf", "")), settings)
    assert isinstance(connector, ReceivesPosts)
    return connector, settings


async def test_a_file_is_read_and_its_number_of_lines_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devices.jsonl").write_text(LINES)
    around = runtime()
    records = await devices_of(made(around))
    assert [record.id for record in records] == ["1", "2"]
    assert around.tally.total == 2
    assert MARKER not in repr(records)


@pytest.mark.parametrize("said", [{"path": "devices.CSV"}, {"path": "devices.txt", "format": "csv"}], ids=str)
async def test_a_csv_file_is_known_by_its_name_or_its_settings(tmp_path, monkeypatch, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / said["path"]).write_text("id\n7\n")
    assert [record.id for record in await devices_of(made(**said))] == ["7"]


async def test_a_file_with_a_mistake_names_no_device_at_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devices.jsonl").write_text(LINES + "{}\n")
    with pytest.raises(LinesRefusedError):
        await anext(made().devices(None))


async def test_a_file_that_is_not_there_is_a_trouble(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ends_in(Trouble.FILE) as caught:
        await devices_of(made())
    assert "no such file" in str(caught.value)


def test_only_a_file_that_is_complete_tells_what_is_gone():
    assert (made().lists_all, made(complete=True).lists_all) == (False, True)


async def test_posted_lines_may_be_json_or_csv():
    connector, settings = posted()
    assert [each.id for each in await connector.receive({}, LINES.encode())] == ["1", "2"]
    headers = {"content-type": "text/csv; charset=utf-8"}
    assert [each.id for each in await connector.receive(headers, b"id\n3\n")] == ["3"]
    assert not settings.scheduled()
    assert await devices_of(connector) == []


async def test_a_call_with_a_mistake_is_not_taken_at_all():
    connector, _ = posted()
    with pytest.raises(LinesRefusedError):
        await connector.receive({}, (LINES + "{}").encode())


def test_a_file_counts_as_changed_once_it_rests(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "devices.csv"
    settings = {
        "hr": settings_of(FileSettings, {"type": "file", "path": "devices.csv"}),
        "mdm": EverySource(),
    }
    watching = FileChanges()
    found = [watching.changed(settings)]
    path.write_text("id\n1\n")
    found += [watching.changed(settings), watching.changed(settings), watching.changed(settings)]
    path.write_text("id\n1\n2\n")
    found.append(watching.changed(settings))
    path.write_text("id\n1\n2\n3\n")  # it is still being written
    found += [watching.changed(settings), watching.changed(settings)]
    os.unlink(path)
    found += [watching.changed(settings), watching.changed(settings)]
    assert found == [set(), set(), {"hr"}, set(), set(), set(), {"hr"}, set(), set()]
