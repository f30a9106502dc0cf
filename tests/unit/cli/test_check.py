import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography.x509 import DNSName
from tests.pki import root
from tests.unit.cli.calls import call

from mailgate.app.doctor import checks
from mailgate.app.doctor.diagnosis import Check, Diagnosis, Examined, State
from mailgate.config.files import ExposedFile

ROOT = Path(__file__).parents[3]
BROKEN = "tests/vectors/broken-configs"


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


run = partial(call, "check")


def test_the_shipped_configuration_is_checked_by_default() -> None:
    result = run()
    assert result.exit_code == 0
    assert "OK config/policy.yaml: 5 rules, version " in result.stdout
    assert result.stdout.splitlines()[-1] == "14 of 14 cases hold"


@pytest.mark.parametrize(
    ("url", "asked", "warns"),
    [
        ("https://mail.example.com:8443", "authz: {dialect: nginx}", True),
        ("https://imap.example.com", "authz_listeners: [{listen: 127.0.0.1:8082, dialect: nginx}]", True),
        ("https://console.example.com", "authz: {dialect: nginx}", False),
        ("https://mail.example.com", "", False),
        ("http://mail.example.com", "authz: {dialect: nginx}", False),
    ],
)
def test_a_console_whose_cookies_another_proxy_gives_the_webmail_is_named(
    tmp_path: Path, url: str, asked: str, warns: bool
) -> None:
    for name in ("apps.yaml", "policy.yaml", "policy.tests.yaml", "mailgate.yaml"):
        (tmp_path / name).write_text((ROOT / BROKEN / "good" / name).read_text())
    settings = tmp_path / "mailgate.yaml"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("public_url:")]
    more = [
        "public_url: https://mail.example.com",
        "hosts: [imap.example.com]",
        f"console: {{url: '{url}'}}",
        asked,
    ]
    settings.write_text("\n".join([*kept, "trusted_proxies: [127.0.0.1/32]", *more]) + "\n")
    result = run(str(settings))
    assert result.exit_code == 0, result.stdout
    assert ("WARNING console.url: a browser sends the session" in result.stdout) is warns


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("", "mail.example.com, web.example.com"),
        ("hosts: [GATE.example.com]", "mail.example.com"),
        ("trusted_proxies: [192.0.2.1]", ""),
    ],
)
def test_a_certificate_for_another_host_than_the_mail_is_named(tmp_path: Path, more: str, named: str) -> None:
    for name in ("apps.yaml", "policy.yaml", "policy.tests.yaml", "mailgate.yaml"):
        (tmp_path / name).write_text((ROOT / BROKEN / "good" / name).read_text())
    issuer = root("Ours", datetime.now(UTC))
    issuer.device(DNSName("gate.example.com"), usage=None).write(tmp_path, "gate")
    settings = tmp_path / "mailgate.yaml"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("public_url:")]
    hosts = "" if more.startswith("hosts") else "hosts: [web.example.com]"
    tls = "tls: {certificate: gate.pem, key: gate.key}"
    settings.write_text("\n".join([*kept, "public_url: https://mail.example.com", tls, hosts, more]))
    said = [line for line in run(str(settings)).stdout.splitlines() if line.startswith("WARNING tls")]
    words = (
        f"WARNING tls.certificate: it does not name {named}, so that browsers refuse it; use one that does"
    )
    assert said == [words] * bool(named)


@pytest.fixture
def with_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that take the store's URL from a file which everybody may read."""
    for name in ("apps.yaml", "policy.yaml", "policy.tests.yaml", "mailgate.yaml"):
        (tmp_path / name).write_text((ROOT / BROKEN / "good" / name).read_text())
    settings = tmp_path / "mailgate.yaml"
    settings.write_text(settings.read_text().replace("sqlite:///var/mailgate.db", "{file: store.url}"))
    (tmp_path / "store.url").write_text("sqlite:///gate.db")
    opened = ExposedFile(tmp_path / "store.url", "read", secret=True)
    monkeypatch.setattr("mailgate.config.exposed_files", lambda *_: iter([opened]))
    return settings


def test_a_secret_that_everybody_may_read_is_said_as_a_start_would(with_a_secret: Path) -> None:
    result = run(str(with_a_secret))
    assert result.exit_code == 1
    secret = with_a_secret.parent / "store.url"
    assert f"{secret}:1:1: holds a secret, and every user of this machine may read it" in result.stdout
    assert "WARNING" not in result.stdout
    assert "1 mistake; nothing is used" in result.stderr
    report = json.loads(run("--json", str(with_a_secret)).stdout)
    assert report["open_files"] == [{"file": str(secret), "others_may": "read", "refused": True}]
    assert not report["ok"]
    assert [each["file"] for each in report["mistakes"]] == [str(secret)]


MISSING_SECRETS = """
listen: 127.0.0.1:8080
public_url: https://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:8081
store: {file: secrets/store.url}
tls: {certificate: /nowhere/tls.crt, key: secrets/tls.key}
connectors:
  jamf: {type: jamf, base_url: https://jamf.example.com, client_id: mailgate, client_secret: {file: secrets/jamf}}
  google: {type: google-directory, account: {env: NO_SUCH_ACCOUNT}, delegate: ada@example.com}
  posted: {type: post, api_key: {env: NO_SUCH_TOKEN}}
  macs: {type: apple-mdm, hmac_key: {file: secrets/hmac}}
  one: {type: workspace-one, base_url: https://as1.example.com, username: ada, password: {file: secrets/one}, tenant_code: {env: NO_SUCH_TENANT}}
extension: {fleet_secret: {file: secrets/fleet}}
attestation: {hardware: {android_key: {roots: roots.pem}}}
reporter:
  android:
    package: com.example.reporter
    signers: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]
    unseen_profiles: partial
    play_integrity: {decryption_key: {file: secrets/play}, verification_key: {file: secrets/google}}
"""
NOT_HERE = {
    *(f"the file {name}" for name in ("secrets/store.url", "/nowhere/tls.crt", "secrets/tls.key")),
    *(f"the file secrets/{name}" for name in ("jamf", "play", "google", "hmac", "one", "fleet")),
    *(f"the environment variable NO_SUCH_{name}" for name in ("ACCOUNT", "TOKEN", "TENANT")),
}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Settings whose secrets are on another machine."""
    for name in ("apps.yaml", "policy.yaml", "policy.tests.yaml"):
        (tmp_path / name).write_text((ROOT / BROKEN / "good" / name).read_text())
    (tmp_path / "roots.pem").write_bytes(root("Maker").pem)
    (tmp_path / "mailgate.yaml").write_text(MISSING_SECRETS)
    return tmp_path / "mailgate.yaml"


def test_each_secret_that_is_not_here_is_named_as_not_checked_where_that_is_asked_for(
    elsewhere: Path,
) -> None:
    result = run(str(elsewhere), "--without-secrets")
    assert result.exit_code == 0, result.stdout
    named = {
        line.removeprefix("NOT CHECKED ") for line in result.stdout.splitlines() if "NOT CHECKED" in line
    }
    places = named - NOT_HERE
    assert named >= NOT_HERE
    assert [each.partition(":")[0] for each in places] == ["what a gate opens or writes"]
    report = json.loads(run(str(elsewhere), "--without-secrets", "--json").stdout)
    assert (report["ok"], {*report["not_checked"]}) == (True, named)


def test_without_that_each_of_them_is_a_mistake_as_at_a_start(elsewhere: Path) -> None:
    result = run(str(elsewhere))
    assert (result.exit_code, result.stdout.count("no such file")) == (1, 2)
    assert result.stdout.count("missing or empty") == len(NOT_HERE) - 2
    started = call("run", "--config", str(elsewhere))
    assert started.exit_code == 2
    assert started.stderr.count("missing or empty") == len(NOT_HERE) - 2


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        (("type: jamf,", "type: jam,"), "did you mean `jamf`?"),
        (("{file: secrets/jamf}", "hunter2"), "not a reference"),
        (("public_url", "publicurl"), "did you mean `public_url`?"),
        (("hmac_key:", "api_key: {env: NO_SUCH_KEY}, hmac_key:"), "exactly one way to prove its origin"),
    ],
)
def test_whatever_else_is_wrong_is_found_without_secrets_too(
    elsewhere: Path, change: tuple[str, str], mistake: str
) -> None:
    elsewhere.write_text(MISSING_SECRETS.replace(*change))
    result = run(str(elsewhere), "--without-secrets")
    assert (result.exit_code, mistake in result.stdout) == (1, True), result.stdout


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("{id: a, when: client.handheld, groups: [staff], effect: block}", True),
        ("""{id: a, when: '"staff" in user.groups', effect: block}""", True),
        ("{id: a, when: client.handheld, effect: block}", False),
    ],
    ids=["groups", "condition", "no groups"],
)
@pytest.mark.parametrize("known", [True, False])
def test_rules_for_groups_without_a_groups_file_are_named(
    tmp_path: Path, rule: str, named: bool, known: bool
) -> None:
    for name in ("apps.yaml", "mailgate.yaml"):
        (tmp_path / name).write_text((ROOT / BROKEN / "good" / name).read_text())
    (tmp_path / "policy.yaml").write_text(f"rules: [{rule}]\n")
    if known:
        (tmp_path / "groups.yaml").write_text("groups: {staff: [ada]}\n")
    result, warns = run(str(tmp_path / "mailgate.yaml")), named and not known
    assert result.exit_code == 0, result.stdout
    assert ("WARNING the rules `a` name groups, and there is no groups.yaml" in result.stdout) is warns
    report = json.loads(run("--json", str(tmp_path / "mailgate.yaml")).stdout)
    assert bool(report["without_groups"]) is warns


def test_json_has_every_mistake() -> None:
    result = run("--json", f"{BROKEN}/duplicate-key/mailgate.yaml")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["ok"], len(report["mistakes"])) == (1, False, 1)
    assert report["mistakes"][0] | {"message": ""} == {
        "file": f"{BROKEN}/duplicate-key/policy.yaml",
        "line": 5,
        "column": 5,
        "message": "",
    }


def test_json_has_every_case_with_what_went_wrong() -> None:
    result = run("--json", f"{BROKEN}/failing-case/mailgate.yaml")
    [case] = json.loads(result.stdout)["cases"]
    assert (result.exit_code, case["ok"]) == (1, False)
    assert case["wrong"]["effect"] == {"expected": "allow", "got": "block"}
    assert [trial["rule"] for trial in case["trials"]] == ["laptop-browser"]


def test_settings_that_cannot_be_read_are_a_usage_error() -> None:
    assert run("nowhere.yaml").exit_code == 2


def test_the_check_says_who_can_log_in_to_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAILGATE_STORE", "OIDC_SECRET"):
        monkeypatch.setenv(name, "postgresql://db.example.com/mailgate")
    says = "3 admins; 1 by token; 2 at https://login.example.com/tenant by email; members of 2 groups there"
    settings = "config/examples/console-login/mailgate.yaml"
    assert f"OK the console: {says}\n" in run(settings).stdout
    assert json.loads(run("--json", settings).stdout)["console"] == says
    assert "console" not in run().stdout


def test_listed_apps_for_which_apple_devices_are_not_asked_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("MAILGATE_STORE", "NANOMDM_WEBHOOK_KEY", "NANOMDM_API_KEY"):
        monkeypatch.setenv(name, "sqlite:///gate.db")
    settings = Path("config/examples/connectors/apple-mdm/mailgate.yaml")
    said = "WARNING connectors.apple: no device is clean by it"
    assert said in run(str(settings)).stdout
    assert "tiktok-lite" in run(str(settings)).stdout
    folder = settings.parent.parent.parent.parent.absolute()
    for more, told in (("    ask_for_all: true\n", False), ("", True)):
        text = settings.read_text().replace("../../../", f"{folder}/")
        (tmp_path / "mailgate.yaml").write_text(text.rstrip() + "\n" + more)
        assert (said in run(str(tmp_path / "mailgate.yaml")).stdout) is told


def test_the_greatest_age_of_a_list_that_clears_a_phone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTUNE_SECRET", "s3cret")
    monkeypatch.setenv("MAILGATE_STORE", "sqlite:///gate.db")
    settings = "config/examples/connectors/intune/mailgate.yaml"
    said = "NOTE connectors.intune: its list of a device's apps may be 7d older than it says, and `max_age` counts that: a phone is clean for 1d"
    assert said in run(settings).stdout
    assert "`mailgate connectors sync intune --dry-run` lists those that" in run(settings).stdout
    assert json.loads(run("--json", settings).stdout)["oldest_lists"] == {"intune": "8d"}
    assert "NOTE" not in run().stdout


@pytest.mark.parametrize("reports", [True, False])
def test_listed_apps_that_no_reporter_can_look_for_are_named(tmp_path: Path, reports: bool) -> None:
    for name in ("policy.yaml", "policy.tests.yaml", "mailgate.yaml"):
        (tmp_path / name).write_text((ROOT / BROKEN / "good" / name).read_text())
    apps = "tiktok: {name: TikTok, android: [a.b]}, wechat: {name: WeChat, ios: [c.d]}, chess: {name: Chess}"
    (tmp_path / "apps.yaml").write_text(f"apps: {{{apps}}}\nlists: {{prohibited: [tiktok, wechat]}}\n")
    root("Maker").write(tmp_path, "maker")
    signed = f"signers: ['{'ab' * 32}'], unseen_profiles: partial"
    with (tmp_path / "mailgate.yaml").open("a") as settings:
        settings.write("\nattestation: {hardware: {android_key: {roots: maker.pem}}}\n")
        settings.write(f"reporter: {{android: {{package: a.b, {signed}}}}}\n" if reports else "")
    told = run(str(tmp_path / "mailgate.yaml")).stdout
    named = [line.split()[2] for line in told.splitlines() if line.startswith("WARNING reporter:")]
    assert named == (["wechat"] if reports else []), told


@pytest.mark.parametrize(
    ("choices", "unseen", "told"),
    [
        ("[reporter]", "", "a check app whose answers nobody takes"),
        ("[reporter]", "partial", "a check app whose answers make no phone clean"),
        ("[reporter]", "accept", ""),
        ("[laptop]", "partial", ""),
        ("[laptop]", "", ""),
    ],
)
def test_a_check_app_that_ends_nothing_is_not_offered_unnoticed(
    tmp_path: Path, choices: str, unseen: str, told: str
) -> None:
    for name in ("apps.yaml", "policy.yaml", "policy.tests.yaml", "mailgate.yaml"):
        (tmp_path / name).write_text((ROOT / BROKEN / "good" / name).read_text())
    root("Maker").write(tmp_path, "maker")
    android = f"{{package: a.b, signers: ['{'ab' * 32}'], unseen_profiles: {unseen}}}"
    with (tmp_path / "mailgate.yaml").open("a") as settings:
        settings.write(
            f"\nattestation: {{hardware: {{android_key: {{roots: maker.pem}}}}}}\nchoices: {choices}\n"
        )
        settings.write(f"reporter: {{android: {android}}}\n" if unseen else "")
    said = [
        line for line in run(str(tmp_path / "mailgate.yaml")).stdout.splitlines() if "WARNING choices" in line
    ]
    assert len(said) == bool(told)
    assert told in "".join(said)


GOOD = Diagnosis("store", State.OK, "it answers")
HINT = Diagnosis("webmail", State.OK, "it is Roundcube", "`proxy_whitelist` of Roundcube")
BAD = Diagnosis(
    "gate", State.FAILED, "no gate answers at 127.0.0.1:8081 " * 5, "start it, \x1b[31mand read its log " * 5
)
UNSEEN = Diagnosis("clock", State.UNKNOWN, "no other clock")

doctor_run = partial(call, "doctor")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, config: Path) -> list[Diagnosis]:
    """What the checks see."""
    found: list[Diagnosis] = []

    async def look(gate: Examined) -> AsyncIterator[Diagnosis]:
        assert gate.settings is not None
        for each in found:
            yield each

    monkeypatch.setattr(checks, "CHECKS", (Check("all", look),))
    monkeypatch.setenv("COLUMNS", "80")
    return found


@pytest.mark.parametrize(
    ("found", "code", "last"),
    [
        ([GOOD, HINT], 0, "Nothing is wrong."),
        ([GOOD, UNSEEN], 0, "1 ok, 1 unknown"),
        ([GOOD, BAD, UNSEEN], 1, "1 ok, 1 failed, 1 unknown"),
    ],
    ids=["good", "unknown", "failed"],
)
def test_the_exit_code_is_one_where_anything_fails(seen, config, found, code, last) -> None:
    seen += found
    said = doctor_run(str(config))
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (code, last)
    as_json = doctor_run("--config", str(config), "--json")
    report = json.loads(as_json.stdout)
    assert (as_json.exit_code, report["ok"]) == (code, code == 0)
    assert [(each["state"], each["found"], each["next"]) for each in report["checks"]] == [
        (each.state, each.found, each.next) for each in found
    ]


def test_each_line_fits_and_ends_with_the_next_step(seen, config) -> None:
    seen += [HINT, BAD]
    lines = doctor_run(str(config)).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["ok", "webmail", "it", "is", "Roundcube"]
    assert lines[1].strip() == "-> `proxy_whitelist` of Roundcube"
    assert any(line.strip().startswith("-> start it,") for line in lines)
    assert "\x1b" not in "".join(lines)


def test_settings_that_are_not_there_are_a_wrong_call(tmp_path: Path) -> None:
    said = doctor_run(str(tmp_path / "none.yaml"))
    assert said.exit_code == 2
    assert "none.yaml" in said.stderr
