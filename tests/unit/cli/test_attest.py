import json
import stat
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from tests.unit.attest.hardware_evidence import ANCHORS, read
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import stopped_at
from tests.unit.config.minimal import MINIMAL
from tests.vectors import build_certificate_vectors as vectors

from mailgate.attest.jose import parse_compact
from mailgate.attest.keys import parse_jwks
from mailgate.attest.verifier import ReplayGuard, Verifier
from mailgate.cli import attest
from mailgate.model import Kind, Reason

PRIVATE_FILES = {"device.private.jwk", "issuer.private.jwk"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    return partial(call, "attest")


@pytest.fixture
def run_with_keys(run):
    assert run("keys").exit_code == 0
    return run


def test_private_keys_are_for_their_owner_alone(run_with_keys) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path("var/demo/keys").iterdir()}
    assert set(modes) == PRIVATE_FILES | {"issuer.jwks.json"}
    assert {modes[name] for name in PRIVATE_FILES} == {0o600}


def test_keys_are_not_replaced_unasked(run_with_keys) -> None:
    before = Path("var/demo/keys/issuer.jwks.json").read_text()
    refused = run_with_keys("keys")
    assert (refused.exit_code, "--force" in refused.stderr) == (1, True)
    assert Path("var/demo/keys/issuer.jwks.json").read_text() == before
    assert run_with_keys("keys", "--force").exit_code == 0
    assert Path("var/demo/keys/issuer.jwks.json").read_text() != before


def test_two_headers_are_printed_for_curl(run_with_keys) -> None:
    lines = run_with_keys("mint", "--app", "tiktok").stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["Device-Attestation", "DPoP"]


@pytest.mark.parametrize("app_there", [True, False])
def test_a_minted_token_is_believed_once(run_with_keys, app_there: bool) -> None:
    made = run_with_keys("mint", *(["--app", "tiktok"] if app_there else [])).stdout
    headers = dict(line.split(": ") for line in made.splitlines())
    gate = Verifier(
        issuers={"https://mdm.example.com": parse_jwks(Path("var/demo/keys/issuer.jwks.json").read_text())},
        audience="http://localhost:8080",
        match_app=lambda system, identifier: identifier,
        replay=ReplayGuard(),
    )
    sent = [headers["Device-Attestation"].encode()], [headers["DPoP"].encode()]
    request = {"method": "GET", "url": "http://localhost:8080/?a", "now": datetime.now(UTC)}
    first, second = (gate.verify(*sent, **request).result for _ in range(2))
    assert first.kind is Kind.PHONE
    assert first.apps.present == ({"tiktok"} if app_there else set())
    assert second.refused is Reason.PROOF_REPLAYED


def test_json_says_what_was_signed(run_with_keys) -> None:
    options = "--app a --app b --user u@example.com --eas-id E1 --partial --no-managed"
    options += " --form tablet --os ipados --os-version 18 --lifetime 10m --subject s"
    options += " --url https://m.example.com:8443/a?b --json"
    made = json.loads(run_with_keys("mint", *options.split()).stdout)
    claims = made["claims"]
    assert (claims["aud"], claims["sub"], claims["user"]) == (
        "https://m.example.com:8443",
        "s",
        "u@example.com",
    )
    assert (claims["form"], claims["os"], claims["os_version"]) == ("tablet", "ipados", "18")
    assert (claims["managed"], claims["eas_ids"], claims["exp"] - claims["iat"]) == (False, ["E1"], 600)
    assert (claims["apps"]["listed"], claims["apps"]["complete"]) == (["a", "b"], False)


def test_a_curl_config_says_where_and_how(run_with_keys) -> None:
    config = run_with_keys("mint", "--curl", "--method", "POST").stdout
    assert config.startswith(
        'url = "http://localhost:8080/"\nrequest = "POST"\nheader = "Device-Attestation: '
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mint", "--keys", "nowhere"], "mailgate attest keys --out nowhere"),
        (["mint", "--issuer-key", "."], "cannot be read"),
        (["mint", "--lifetime", "soon"], "not a duration; use one like"),
        (["mint", "--url", "mail"], "use an address"),
        (["mint", "--issuer-key", "var/demo/keys/issuer.jwks.json"], "use a private JWK"),
        (["keys", "--out", "var/demo/keys/issuer.jwks.json/x"], "cannot write"),
    ],
)
def test_an_unusable_option_is_exit_code_2(run_with_keys, arguments: list[str], says: str) -> None:
    result = run_with_keys(*arguments)
    assert (result.exit_code, says in result.stderr) == (2, True), result.stderr


def test_a_proof_holds_the_nonce_that_the_gate_gave(run_with_keys) -> None:
    made = run_with_keys("mint", "--nonce", "n-1").stdout
    proof = dict(line.split(": ") for line in made.splitlines())["DPoP"]
    assert parse_compact(proof).payload["nonce"] == "n-1"
    plain = dict(line.split(": ") for line in run_with_keys("mint").stdout.splitlines())["DPoP"]
    assert "nonce" not in parse_compact(plain).payload


HARDWARE = "attestation: {hardware: {android_key: {roots: android.pem}, apple_device: {roots: apple.pem}}}\n"


@pytest.fixture
def run_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command on a vector at the time for which it was made."""
    (tmp_path / "android.pem").write_text(ANCHORS["roots"]["android-key"])
    (tmp_path / "apple.pem").write_text(ANCHORS["roots"]["apple-device"])
    signers = f"package: com.example.reporter, signers: ['{ANCHORS['signer']}'], unseen_profiles: partial"
    (tmp_path / "mailgate.yaml").write_text(MINIMAL + HARDWARE + f"reporter: {{android: {{{signers}}}}}\n")

    monkeypatch.setattr(attest, "datetime", stopped_at(vectors.NOW))
    monkeypatch.chdir(tmp_path)

    def called(content: str, *options: str):
        (tmp_path / "chain.json").write_text(content)
        given = options or ("--challenge", ANCHORS["challenge"])
        return call("attest", "evidence", "chain.json", *given, config=True)

    return called


def sent(name: str) -> str:
    vector = read(name)
    return json.dumps({"format": vector["format"], "chain": vector["chain"]})


def test_the_claims_of_the_hardware_are_printed(run_evidence) -> None:
    result = run_evidence(sent("good-android-tee"))
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "format: android-key",
            "hardware: tee",
            "os: android",
            "os_version: 16.0.0",
            "patch_level: 2026-11",
            "serial: R5CX10TESTED",
            "model: Phone 9",
            "vendor_patch: 2026-11-05",
            "boot_patch: 2026-11-05",
        ],
    )


def test_the_app_that_holds_the_key_is_printed_where_it_is_asked_for(run_evidence) -> None:
    asked = "--challenge", ANCHORS["challenge"], "--reporter"
    result = run_evidence(sent("good-android-reporter"), *asked)
    told = [line for line in result.stdout.splitlines() if line.startswith("app ")]
    assert result.exit_code == 0
    assert told == [
        "app format: android-key",
        "app name: com.example.reporter",
        f"app signers: {ANCHORS['signer']}",
        "app version: 7",
        "app schema: 300",
        "app patch: 202611",
        "app serials: 1028 1015 1014",
    ]
    assert "app name" not in run_evidence(sent("good-android-reporter")).stdout
    refused = run_evidence(sent("evidence-app-wrong"), *asked)
    assert (refused.exit_code, refused.stdout) == (
        1,
        "refused: evidence-app-wrong: another app made the key\n",
    )
    unset = run_evidence(sent("good-apple-acme"), *asked)
    assert (unset.exit_code, "apple-device" in unset.stderr) == (2, True)


def test_a_token_of_play_is_checked_where_it_is_asked_for(run_evidence, tmp_path: Path) -> None:
    asked = "--challenge", ANCHORS["challenge"], "--reporter"
    for name, key in ANCHORS["play_integrity"].items():
        (tmp_path / name).write_text(key)
    settings = tmp_path / "mailgate.yaml"
    play = "play_integrity: {decryption_key: {file: decryption}, verification_key: {file: verification}}"
    settings.write_text(settings.read_text().replace("package:", f"{play}, package:"))
    evidence = {name: read("good-play")[name] for name in ("format", "chain", "play_integrity")}
    assert run_evidence(json.dumps(evidence), *asked).exit_code == 0
    refused = run_evidence(sent("good-play"), *asked)
    assert refused.stdout == "refused: evidence-token-missing: expected a token of Play Integrity\n"


def test_another_key_may_be_named(run_evidence) -> None:
    given = ("--challenge", ANCHORS["challenge"], "--thumbprint", ANCHORS["thumbprint"])
    assert run_evidence(sent("good-apple-device-information"), *given).exit_code == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("evidence-unlocked", "refused: evidence-unlocked: the boot loader is not locked\n"),
        ("evidence-malformed.empty", "refused: evidence-malformed: "),
    ],
)
def test_a_refusal_is_told_with_its_reason_and_exit_code(run_evidence, name: str, told: str) -> None:
    result = run_evidence(sent(name))
    assert (result.exit_code, result.stdout[: len(told)]) == (1, told)


def test_a_refusal_is_told_to_programs_too(run_evidence) -> None:
    result = run_evidence(sent("good-android-tee"), "--challenge", "another", "--json")
    assert (result.exit_code, json.loads(result.stdout)["refused"]) == (1, Reason.EVIDENCE_CHALLENGE_WRONG)


@pytest.mark.parametrize("content", ["", "[]", '{"format": "android-key"}', "x" * (attest.MAX_BYTES + 1)])
def test_a_file_without_evidence_is_a_mistake(run_evidence, content: str) -> None:
    result = run_evidence(content)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith(("give evidence\n", '"nonce": "…"}\n'))


def test_a_missing_file_is_a_mistake(run_evidence, tmp_path: Path) -> None:
    run_evidence("")
    (tmp_path / "chain.json").unlink()
    result = call("attest", "evidence", "chain.json", "--challenge", "x", config=True)
    assert result.exit_code == 2
    assert "chain.json: cannot be read: no such file or directory" in result.stderr
