import os

from tests.unit.connectors.around import settings_of

from mailgate.config.sources import EverySource, FileSettings
from mailgate.connectors.file_changes import FileChanges


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
