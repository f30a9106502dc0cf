"""Whether a file still holds what was read from it."""

import os

from mailgate.config.stamps import stamp_of


def test_a_file_that_was_written_or_replaced_has_another_stamp(tmp_path):
    file = tmp_path / "apps.yaml"
    assert stamp_of(file) is None
    file.write_text("one")
    first = stamp_of(file)
    assert stamp_of(file) == first
    file.write_text("three")
    written = stamp_of(file)
    (tmp_path / "new").write_text("seven")
    os.utime(tmp_path / "new", ns=(written[1], written[1]))
    (tmp_path / "new").rename(file)
    assert len({first, written, stamp_of(file)}) == 3
