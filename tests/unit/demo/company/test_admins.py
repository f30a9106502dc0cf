"""Admins: tokens that prove who somebody is, in files for their owner's eyes alone."""

import secrets
from pathlib import Path

from tests.unit.demo.company.conftest import settings_in

from mailgate.demo.company.admins import added_settings, make_admins
from mailgate.rollout.guard import guard_of
from mailgate.rollout.person import proven


def test_each_token_is_that_of_its_admin(tmp_path: Path) -> None:
    tokens = make_admins(tmp_path, secrets.token_bytes)
    settings = settings_in(tmp_path).settings
    for name, path in tokens.items():
        assert path.stat().st_mode & 0o777 == 0o600
        assert proven(settings.admins, path.read_text()) == name


def test_one_admin_can_approve_what_the_other_has_planned(tmp_path: Path) -> None:
    make_admins(tmp_path, secrets.token_bytes)
    guard = guard_of(settings_in(tmp_path).settings)
    assert guard
    assert guard.counting(guard.approvers, "ada") == ["grace"]


def test_without_a_company_the_settings_are_as_they_are(tmp_path: Path) -> None:
    assert added_settings(tmp_path) == {}
    assert not settings_in(tmp_path).settings.admins
