import json
import os
from datetime import UTC, datetime
from io import BytesIO

import pytest
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import devices_of, ends_in, settings_of, setup, tools

from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.line import FileSettings, PostSettings
from mailgate.connectors import connector_for
from mailgate.connectors.file import (
    MAX_LINE,
    MAX_MISTAKES,
    FileChanges,
    check_rows,
    read_rows,
    report_of_line,
)
from mailgate.connectors.protocol import ReceivesPosts
from mailgate.devices.trust import report_by
from mailgate.errors import LinesRefusedError, Trouble
from mailgate.model import AppsReport, Compliance, Enrolment, Kind, ManagementVerdict

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
    around = tools()
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


AT = "2026-11-24T09:00:00Z"
A_TIME = "use one like 2026-12-01T09:00:00Z"
THUMBPRINT = "A" * 43


def rows(text, *, is_csv=False):
    return list(read_rows(BytesIO(text.encode()), is_csv=is_csv))


def mistakes(text, *, is_csv=False):
    with pytest.raises(LinesRefusedError) as caught:
        check_rows(read_rows(BytesIO(text.encode()), is_csv=is_csv))
    return list(map(str, caught.value.mistakes))


def record(text, *, is_csv=False):
    [row] = rows(text, is_csv=is_csv)
    assert row.device is not None, row.mistakes
    return report_of_line(row.device, setup(Exchanges("jamf", "")))


FULL = report_by(
    source="mdm",
    device_id="d1",
    owner="ada@example.com",
    kind=Kind.PHONE,
    os="ios",
    os_version="26.1",
    managed=True,
    status="affirming",
    apps=AppsReport(
        frozenset({"tiktok", "moomoo"}),
        True,
        datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
        asked=frozenset({"tiktok"}),
    ),
    expires=datetime(2026, 11, 25, 9, 0, tzinfo=UTC),
    serial="F2LEXAMPLE01",
    udid="00008120",
    directory="4F0C1C6E6F2B4A7E9B1D2F3A5C7E9D01",
    eas_ids=("A1", "B2"),
    certificates=(THUMBPRINT,),
    enrolment=Enrolment.DEVICE_ENROLMENT,
    verdict=ManagementVerdict(Compliance.GRACE, datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
)


def test_a_line_of_json_is_read_whole():
    line = {
        "id": "d1",
        "owner": "ada@example.com",
        "kind": "phone",
        "os": "iOS",
        "os_version": "26.1",
        "managed": True,
        "status": "affirming",
        "apps": [
            "com.zhiliaoapp.musically",
            {"name": "Moomoo"},
            MARKER,
            {"id": "com.example.x", "name": MARKER},
        ],
        "apps_complete": True,
        "asked": ["com.zhiliaoapp.musically", MARKER],
        "enrolment": "device-enrolment",
        "compliance": "grace",
        "compliance_at": AT,
        "reported_at": AT,
        "expires_at": "2026-11-25T09:00:00Z",
        "serial": "F2LEXAMPLE01",
        "udid": "00008120",
        "directory": "4f0c1c6e-6f2b-4a7e-9b1d-2f3a5c7e9d01",
        "eas_ids": ["A1", "B2"],
        "certificates": [THUMBPRINT],
    }
    assert record(json.dumps(line)) == FULL


CSV = (
    "id,owner,kind,os,os_version,managed,status,apps,apps_complete,reported_at,expires_at,serial,udid,directory,eas_ids,certificates,asked,"
    "enrolment,compliance,compliance_at\r\n"
    f'd1,ada@example.com,phone,iOS,26.1,yes,affirming,"com.zhiliaoapp.musically; Moomoo;{MARKER}",TRUE,{AT},'
    f"2026-11-25T09:00:00Z,F2LEXAMPLE01,00008120,{{4F0C1C6E-6F2B-4A7E-9B1D-2F3A5C7E9D01}},A1;B2,{THUMBPRINT},"
    f"com.zhiliaoapp.musically;{MARKER},device-enrolment,grace,{AT}\r\n"
)


@pytest.mark.parametrize("text", [CSV, "\ufeff" + CSV], ids=["as it is", "with a byte order mark"])
def test_a_row_of_csv_is_read_whole(text):
    assert record(text, is_csv=True) == FULL


def test_the_order_of_columns_is_free_and_an_empty_cell_says_nothing():
    found = record('OS, id ,owner\n,"d ""1"", x",\n\n', is_csv=True)
    assert (found.id, found.os, found.owner, found.reported_at) == ('d "1", x', "", "", None)


@pytest.mark.parametrize(
    ("text", "is_csv", "reports"),
    [
        ('{"id": "d1"}', False, False),
        (f'{{"id": "d1", "apps": [], "reported_at": "{AT}"}}', False, True),
        (f"id,apps,reported_at\nd1,,{AT}", True, False),
        (f"id,apps,reported_at\nd1,-,{AT}", True, True),
    ],
    ids=["JSON, no apps", "JSON, an empty list", "CSV, an empty cell", "CSV, a dash"],
)
def test_a_device_without_apps_has_no_report_and_an_empty_list_has_one(text, is_csv, reports):
    assert bool(record(text, is_csv=is_csv).reported_at) is reports


def test_apps_are_not_all_apps_unless_that_is_said():
    found = record(f'{{"id": "d1", "apps": [], "reported_at": "{AT}"}}')
    assert found.reported_at
    assert not found.apps_complete


@pytest.mark.parametrize(("text", "is_csv"), [('{"id": "d1", "gone": true}', False), ("id,gone\nd1,1", True)])
def test_a_device_may_be_gone(text, is_csv):
    assert record(text, is_csv=is_csv).gone


def test_blank_lines_are_none():
    assert check_rows(read_rows(BytesIO(b'\xef\xbb\xbf{"id": "1"}\n\n  \r\n{"id": "2"}'), is_csv=False)) == 2


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{", "line 1: not JSON; write one object a line"),
        ("[1]", "line 1: not an object; write one object a line"),
        ('{"owner": "x"}', "line 1, id: the key `id` is missing; add it to every line"),
        ('{"id": ""}', "line 1, id: it is empty; enter some text"),
        ('{"id": 7}', "line 1, id: `7` is a number; use a text"),
        (
            '{"id": "1"}\n\n{"id": "2", "kimd": "phone"}',
            "line 3, kimd: the key `kimd` is not known; did you mean `kind`?",
        ),
        ('{"id": "1", "kind": "fone"}', "line 1, kind: `fone` is not known here; did you mean `phone`?"),
        ('{"id": "1", "managed": "yes"}', "line 1, managed: `yes` is a text; use true or false"),
        ('{"id": "1", "apps": []}', "line 1: `apps` needs `reported_at`; add the time when the apps were"),
        (
            '{"id": "1", "reported_at": "2026-11-24T09:00:00"}',
            "line 1, reported_at: no time zone; use one like 2026-12-01T09:00:00Z",
        ),
        ('{"id": "1", "id": "2"}', "line 1, id: the key is repeated; keep one"),
        (
            '{"id": "1", "reported_at": "2026-11-24T09:00:00Z", "apps": ["TikTok"], "apps": []}',
            "line 1, apps: the key is repeated; keep one",
        ),
        (
            '{"id": "1", "reported_at": "2026-11-24T09:00:00Z", "apps": [{"id": "a", "id": "b"}]}',
            "line 1, id: the key is repeated; keep one",
        ),
        ('{"id": "1", "reported_at": "24.11.2026"}', f"line 1, reported_at: not a time; {A_TIME}"),
        (
            '{"id": "1", "reported_at": "9999-12-31T23:59:59-08:00"}',
            f"line 1, reported_at: not a time; {A_TIME}",
        ),
        (
            '{"id": "1", "expires_at": "0001-01-01T00:00:00+08:00"}',
            f"line 1, expires_at: not a time; {A_TIME}",
        ),
        ('{"id": "1", "expires_at": 1795552967}', f"line 1, expires_at: not a time; {A_TIME}"),
        ('{"id": "1", "certificates": ["x"]}', "line 1, certificates: `x` has the wrong form"),
        (" " * (MAX_LINE + 2), "line 1: longer than 1048576 bytes; write one device a line"),
    ],
)
def test_a_wrong_line_of_json_says_where_and_what(text, mistake):
    assert any(each.startswith(mistake) for each in mistakes(text)), mistakes(text)


@pytest.mark.parametrize(
    ("app", "mistake"),
    [
        ('{"nam": "TikTok"}', "the key `nam` is not known; did you mean `name`? use one of `id`, `name`,"),
        ('{"id": 7}', "`7` is a number; use a text"),
        ("7", "`7` is a number; use a text"),
        (f'"{"y" * 501}"', "it is too long; use at most 500"),
    ],
)
def test_a_wrong_app_is_one_mistake_in_the_words_of_its_form(app, mistake):
    [told] = mistakes(f'{{"id": "1", "reported_at": "{AT}", "apps": ["TikTok", {app}]}}')
    assert told.startswith(f"line 1, apps: {mistake}")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "line 1, id: the column `id` is missing; write the names of columns in the first row"),
        ("id,seriel\n1,2", "line 1, seriel: no column is called `seriel`; did you mean `serial`?"),
        ("id,id\n1,2", "line 1, id: the column is repeated; keep one"),
        ("id,os\n1", "line 2: 1 cells; write 2, as in the first row"),
        ("id,managed\n1,maybe", "line 2, managed: `maybe` is a text; use true or false"),
        ('id\n"1', "line 2: not CSV (unexpected end of data); write it by RFC 4180"),
        ('id\n"1"x', "line 2: not CSV ("),
    ],
)
def test_a_wrong_row_of_csv_says_where_and_what(text, mistake):
    assert any(each.startswith(mistake) for each in mistakes(text, is_csv=True)), mistakes(text, is_csv=True)


def test_csv_in_another_encoding_is_refused():
    with pytest.raises(LinesRefusedError, match="mistakes; nothing was imported") as caught:
        check_rows(read_rows(BytesIO(b"id\n\xff"), is_csv=True))
    assert "not UTF-8; save it as CSV in UTF-8" in str(caught.value.mistakes[0])


def test_many_mistakes_are_counted_and_the_first_are_told():
    with pytest.raises(LinesRefusedError) as caught:
        check_rows(read_rows(BytesIO(b"{}\n" * 300), is_csv=False))
    assert (caught.value.count, len(caught.value.mistakes)) == (300, MAX_MISTAKES)
    assert len(caught.value.details) == MAX_MISTAKES


def test_the_logged_error_quotes_no_line():
    with pytest.raises(LinesRefusedError) as caught:
        check_rows(read_rows(BytesIO(f'{{"id": "1", "kind": "{MARKER}"}}'.encode()), is_csv=False))
    assert MARKER not in str(caught.value)
