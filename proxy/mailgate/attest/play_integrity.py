"""Play Integrity, a second word about the reporter on Android: Google Play has delivered this app, to a phone that Google knows.

The app asks the phone's Play services for a token (a "classic request"). Where the company keeps the keys of these tokens itself, they are
read here, and no server is asked. Steps 19 to 24 follow those of `android_key`; the first that fails decides.

Source: developer.android.com, "Decrypt and verify the integrity verdict" and "Integrity verdicts".
"""

import re
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import timedelta

from joserfc import jwe
from joserfc.errors import DecodeError, JoseError
from joserfc.jwk import ECKey, OctKey

from mailgate.attest import Refused
from mailgate.attest.dpop import WINDOW
from mailgate.attest.hardware import ExpectedEvidence
from mailgate.attest.jose import base64url, parse_compact
from mailgate.model import AttestedApp, Reason

_MAX_TOKEN, _MAX_AGE = 16_384, timedelta(minutes=5)
_WRAPPED, _SIGNED = ("A256KW", "A256GCM"), "ES256"


def read_keys(decryption: str, verification: str) -> tuple[OctKey, ECKey]:
    """The keys as the Play Console gives them: base64 of 32 bytes, and of a public key on P-256 in DER. Raises ValueError or JoseError."""
    secret = b64decode(decryption, validate=True)
    public = ECKey.import_key(b64decode(verification, validate=True))
    if len(secret) != 32 or public.curve_name != "P-256":
        raise ValueError("keys of another size")
    return OctKey.import_key(secret), public


@dataclass(frozen=True, slots=True)
class PlayIntegrity:
    """What a token must say."""

    decryption_key: OctKey = field(repr=False)
    verification_key: ECKey = field(repr=False)
    device: str = "MEETS_DEVICE_INTEGRITY"
    """The verdict about the phone that is needed."""
    play_protect: tuple[str, ...] = ()
    """The verdicts of Play Protect that are accepted; if empty, none is needed."""

    def check(self, attested: AttestedApp, expected: ExpectedEvidence) -> None:
        """Check the token for the app that the key's attestation tells. What it leaves out is not so. Raises `Refused`."""
        told = self._opened(expected.integrity)
        name, request, app = attested.name, _part(told, "requestDetails"), _part(told, "appIntegrity")
        age = expected.now.timestamp() - _number(request.get("timestampMillis")) / 1000
        signers = _texts(app.get("certificateSha256Digest"))
        ours = {base64url(bytes.fromhex(each)) for each in attested.signers}
        # an app as Play delivers it names its own key alone, so the token is about the phone that holds the key
        nonce = base64url(expected.challenge + b"." + expected.thumbprint.encode())
        tested = _part(told, "testingDetails").get("isTestingResponse", False)
        protect = _part(told, "environmentDetails").get("playProtectVerdict")
        phone = _texts(_part(told, "deviceIntegrity").get("deviceRecognitionVerdict"))
        for holds, reason, detail in (
            # 21. This app has asked, in this enrolment and about the key that enrols.
            (request.get("requestPackageName") == name, Reason.EVIDENCE_APP_WRONG, "another app asked Play"),
            (_texts([request.get("nonce")]) == {nonce}, Reason.EVIDENCE_CHALLENGE_WRONG, "Play was given another nonce"),
            # 22. In these minutes, and not in a test.
            (age <= _MAX_AGE.total_seconds(), Reason.EVIDENCE_EXPIRED, f"Play's token is older than {_MAX_AGE}"),
            (age >= -WINDOW.total_seconds(), Reason.EVIDENCE_NOT_YET_VALID, "Play's token is of the future"),
            (tested is False, Reason.EVIDENCE_ENVIRONMENT_WRONG, "a test has set what Play says"),
            # 23. Play knows the app, in no older version than the key's attestation tells.
            (app.get("appRecognitionVerdict") == "PLAY_RECOGNIZED", Reason.EVIDENCE_APP_UNRECOGNISED, "expected PLAY_RECOGNIZED"),
            (app.get("packageName") == name, Reason.EVIDENCE_APP_WRONG, "Play recognises another app"),
            (set() < signers <= ours, Reason.EVIDENCE_SIGNER_WRONG, "Play knows the app by other certificates"),
            (_number(app.get("versionCode")) >= attested.version, Reason.EVIDENCE_APP_OUTDATED, f"expected version {attested.version} or newer from Play"),
            # 24. Google recognises the phone.
            (self.device in phone, Reason.EVIDENCE_DEVICE_UNRECOGNISED, f"expected {self.device}"),
            (not self.play_protect or protect in self.play_protect, Reason.EVIDENCE_PLAY_PROTECT, f"expected {' or '.join(self.play_protect)}"),
        ):  # fmt: skip
            if not holds:
                raise Refused(reason, detail)

    def _opened(self, token: str) -> dict[str, object]:
        # 19. There is a token, short enough.
        if not token:
            raise Refused(Reason.EVIDENCE_TOKEN_MISSING, "expected a token of Play Integrity")
        if len(token) > _MAX_TOKEN:
            raise Refused(Reason.EVIDENCE_OVERSIZE, f"expected at most {_MAX_TOKEN} characters")
        # 20. It is one for the company's key, signed by Google's key for it.
        try:
            opened = jwe.decrypt_compact(token, self.decryption_key, algorithms=_WRAPPED).plaintext
            signed = parse_compact((opened or b"").decode("ascii"), forbidden=("crit",))
            if signed.header.get("alg") != _SIGNED:
                raise ValueError(_SIGNED)
        except DecodeError as error:
            raise Refused(Reason.EVIDENCE_UNTRUSTED, "for another decryption key") from error
        except (JoseError, ValueError) as error:
            detail = f"expected a token with {', '.join(_WRAPPED)} and {_SIGNED}"
            raise Refused(Reason.EVIDENCE_MALFORMED, detail) from error
        if not signed.is_signed_by(self.verification_key, _SIGNED):
            raise Refused(Reason.EVIDENCE_UNTRUSTED, "not signed for the verification key")
        return dict(signed.payload)


def _part(told: dict[str, object], name: str) -> dict[str, object]:
    """A part of a verdict; empty if Google left it out."""
    part = told.get(name)
    return part if isinstance(part, dict) else {}


def _texts(value: object) -> set[str]:
    """The texts of a list, without the padding that base64 may have."""
    return {str(each).rstrip("=") for each in value} if isinstance(value, list) else set()


def _number(value: object) -> int:
    """A whole number, which Google writes as text; -1 for anything else."""
    return int(str(value)) if re.fullmatch(r"[0-9]{1,19}", str(value)) else -1
