import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.pki import root

from mailgate.config import files, load_bundle, load_settings
from mailgate.config.files import MAX_READS
from mailgate.errors import ConfigError

GOOD = Path(__file__).parents[2] / "vectors/broken-configs/good"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    return tmp_path


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_bundle(folder / "mailgate.yaml", {})
    return [str(mistake).removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


def test_a_bundle_is_everything(folder: Path) -> None:
    bundle = load_bundle(folder / "mailgate.yaml", {})
    assert [rule.id for rule in bundle.policy.rules] == ["laptop-browser"]
    assert bundle.policy.catalog.lists == {"prohibited": ("tiktok",)}
    assert {path.name for path in bundle.paths} == {path.name for path in GOOD.iterdir()}
    assert load_settings(folder / "mailgate.yaml", {}) == bundle.settings


def test_files_may_have_other_names_and_cases_are_optional(folder: Path) -> None:
    (folder / "rules").mkdir()
    (folder / "policy.yaml").rename(folder / "rules/mine.yaml")
    (folder / "policy.tests.yaml").unlink()
    with (folder / "mailgate.yaml").open("a") as settings:
        settings.write("files: {policy: rules/mine.yaml}\n")
    assert load_bundle(folder / "mailgate.yaml", {}).policy_tests.tests == ()
    with (folder / "mailgate.yaml").open("a") as settings:
        settings.write("log: {level: debug}\n")
    text = (folder / "mailgate.yaml").read_text().replace("mine.yaml}", "mine.yaml, policy_tests: none.yaml}")
    (folder / "mailgate.yaml").write_text(text)
    assert "none.yaml:1:1: cannot be read: no such file or directory" in mistakes(folder)[0]


def test_a_syntax_error_hides_no_mistake_of_other_files(folder: Path) -> None:
    (folder / "mailgate.yaml").write_text("listen: [\n")
    (folder / "apps.yaml").write_text("apps: {tiktok: {name: 5}}\n")
    (folder / "policy.yaml").write_text("rules: [{id: a, when: client.kin, effect: allow}]\n")
    (folder / "policy.tests.yaml").write_text("tests: [{name: x}]\n")
    assert [line.partition(":")[0] for line in mistakes(folder)] == [
        "apps.yaml",
        "mailgate.yaml",
        "policy.tests.yaml",
        "policy.yaml",
    ]


def test_without_settings_nothing_else_is_looked_at(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path)) == 1


def test_duplicate_keys_do_not_hide_other_mistakes_of_the_same_file(folder: Path) -> None:
    (folder / "policy.yaml").write_text(
        "rules:\n  - {id: a, id: b, when: client.kin, effect: deny, title:}\n"
    )
    assert [line.split(" ", 1)[0] for line in mistakes(folder)] == [
        "policy.yaml:2:13:",
        "policy.yaml:2:26:",
        "policy.yaml:2:46:",
        "policy.yaml:2:52:",
    ]


def test_a_case_must_name_an_existing_rule(folder: Path) -> None:
    case = "tests: [{name: x, expect: {effect: allow, rule: laptop-browsr}}]\n"
    (folder / "policy.tests.yaml").write_text(case)
    [line] = mistakes(folder)
    assert line.startswith(
        "policy.tests.yaml:1:49: no rule is called `laptop-browsr`; did you mean `laptop-browser`?"
    )


def test_a_case_for_an_app_that_is_not_listed_has_its_place(folder: Path) -> None:
    (folder / "policy.tests.yaml").write_text(
        "tests: [{name: x, device: {apps: [tiktok, tictoc]}, expect: {effect: allow}}]\n"
    )
    [line] = mistakes(folder)
    assert line.startswith("policy.tests.yaml:1:43: `tictoc` is not known here; did you mean `tiktok`?")


def test_every_file_that_a_setting_names_belongs_to_what_is_watched(folder: Path) -> None:
    """Certificates and revocations too, or what they say would hold from the next start on."""
    (folder / "ca.pem").write_bytes(root().pem)
    (folder / "lost.txt").write_text("0A\n")
    shutil.copy(Path(__file__).parent / "issuer.jwks.json", folder)
    with (folder / "mailgate.yaml").open("a") as settings:
        settings.write(
            "attestation:\n  hardware: {apple_device: {roots: ca.pem}}\n"
            "  issuers: [{issuer: https://mdm.example.com, jwks: issuer.jwks.json}]\ntrusted_proxies: [127.0.0.1]\n"
            "client_certificates: {authorities: ca.pem, from_proxies: nginx, revoked_serials: lost.txt}\n"
        )
    watched = {path.name for path in load_bundle(folder / "mailgate.yaml", {}).paths}
    assert watched >= {"ca.pem", "lost.txt", "issuer.jwks.json"}


def test_a_secret_belongs_to_what_is_watched(folder: Path) -> None:
    """Or whoever replaces one that others know would leave the old one in force."""
    (folder / "fleet.secret").write_text("s" * 32)
    with (folder / "mailgate.yaml").open("a") as settings:
        settings.write("\nextension: {fleet_secret: {file: fleet.secret}}\n")
    bundle = load_bundle(folder / "mailgate.yaml", {})
    assert folder / "fleet.secret" in {*bundle.paths} & {*bundle.stamps} & {*bundle.secrets}


@pytest.fixture
def linked(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A link to one of two folders with another rule each; only the second has a list of its own."""
    top = tmp_path_factory.mktemp("checkout")
    for name in ("aaa", "bbb"):
        shutil.copytree(folder, top / name)
        text = (top / name / "policy.yaml").read_text()
        (top / name / "policy.yaml").write_text(text.replace("laptop-browser", f"rule-{name}"))
        text = (top / name / "apps.yaml").read_text()
        (top / name / "apps.yaml").write_text(text.replace("prohibited:", f"list-{name}:"))
    lead(top / "current", "aaa")
    return top / "current"


def lead(link: Path, name: str) -> None:
    link.with_name("new").symlink_to(name)
    link.with_name("new").rename(link)


def after_reading(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[int], None]) -> list[int]:
    """Act whenever a file of this name was read. Returns how often."""
    read, times = files.read_document, list[int]()

    def reading(data: bytes, file: str, **options: Any) -> Any:
        if file.endswith(name):
            times.append(len(times) + 1)
            act(times[-1])
        return read(data, file, **options)

    monkeypatch.setattr(files, "read_document", reading)
    return times


@pytest.mark.parametrize("name", ["mailgate.yaml", "apps.yaml", "policy.yaml"])
@pytest.mark.parametrize("gone", [False, True], ids=["the old folder stays", "the old folder is deleted"])
def test_a_folder_that_is_replaced_while_it_is_read_is_read_as_one(
    linked: Path, monkeypatch: pytest.MonkeyPatch, name: str, gone: bool
) -> None:
    def replace(time: int) -> None:
        if time == 1:
            lead(linked, "bbb")
            if gone:
                shutil.rmtree(linked.with_name("aaa"))

    after_reading(monkeypatch, name, replace)
    bundle = load_bundle(linked / "mailgate.yaml", {})
    assert [rule.id for rule in bundle.policy.rules] == ["rule-bbb"]
    assert [*bundle.policy.catalog.lists] == ["list-bbb"]


def test_a_folder_that_is_replaced_all_the_time_is_not_used(
    linked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = after_reading(monkeypatch, "apps.yaml", lambda time: lead(linked, "aaabbb"[time % 2 * 3 :][:3]))
    with pytest.raises(ConfigError, match="the files were replaced each time that they were read"):
        load_bundle(linked / "mailgate.yaml", {})
    assert len(times) == MAX_READS
