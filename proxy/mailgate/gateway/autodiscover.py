"""Recognises an answer of Autodiscover by the names and the form of everything in it. Its content type does not count.

A page, a mailbox and an answer of Exchange Web Services are not recognised: they have other elements.
"""

import json
import re
from typing import NamedTuple, NoReturn
from xml.parsers.expat import ExpatError, ParserCreate

_WITHIN = "http://schemas.microsoft.com/exchange/autodiscover/"
_OUTLOOK_OR_PHONE = frozenset(
    _WITHIN + space
    for space in (
        "responseschema/2006",
        "responseschema/2006a",
        "outlook/responseschema/2006",
        "outlook/responseschema/2006a",
        "mobilesync/responseschema/2006",
        "mobilesync/responseschema/2006a",
    )
)
_SOAP = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_ENVELOPES = frozenset(
    {"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"}
)
_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.w3.org/2001/XMLSchema"
"""Microsoft's own servers declare a prefix for it and use none of its names."""

NAMESPACES = _OUTLOOK_OR_PHONE | _ENVELOPES | {_SOAP, _ADDRESSING, _INSTANCE, _SCHEMA}


class Names(NamedTuple):
    """The elements of a namespace: the ones that hold elements, and the ones that hold text."""

    holders: frozenset[str]
    leaves: frozenset[str]


_PLAIN = Names(
    frozenset(
        """
        Autodiscover Response User Account Protocol Internal External MailStore AddressBook PublicFolderInformation
        AlternativeMailbox NetworkRequirements Error Action Settings Server
        """.split()
    ),
    frozenset(
        """
        DisplayName LegacyDN DeploymentId AutoDiscoverSMTPAddress EMailAddress Culture DefaultABView
        AccountType Action Image ServiceHome RedirectUrl RedirectURL RedirectAddr Redirect MicrosoftOnline ConsumerMailbox
        Type Server ServerDN ServerVersion ServerExclusiveConnect MdbDN AD PublicFolderServer Port DirectoryPort ReferralPort
        ASUrl EwsUrl EmwsUrl EwsPartnerUrl SharingUrl SiteMailboxCreationURL OOFUrl OABUrl UMUrl OWAUrl
        EcpUrl EcpUrl-um EcpUrl-aggr EcpUrl-mt EcpUrl-ret EcpUrl-sms EcpUrl-publish EcpUrl-photo EcpUrl-connect
        EcpUrl-tm EcpUrl-tmCreating EcpUrl-tmHiding EcpUrl-tmEditing EcpUrl-extinstall
        LoginName DomainRequired DomainName SPA AuthPackage CertPrincipalName SSL Encryption AuthRequired UsePOPAuth SMTPLast
        TTL GroupingInformation InternalUrl ExternalUrl SmtpAddress OwnerSmtpAddress IPv4Start IPv4End IPv6Start IPv6End
        Url Name ServerData ErrorCode Message DebugData Status
        """.split()
    ),
)
"""``Action`` and ``Server`` hold elements for phones, and text for Outlook."""

_SETTINGS = Names(
    frozenset(
        """
        ServerVersionInfo Response UserResponses UserResponse UserSettings UserSetting UserSettingErrors UserSettingError
        GetUserSettingsResponseMessage GetDomainSettingsResponseMessage GetFederationInformationResponseMessage
        GetOrganizationRelationshipSettingsResponseMessage DomainResponses DomainResponse DomainSettings DomainSetting
        DomainSettingErrors DomainSettingError Domains TokenIssuers TokenIssuer OrganizationRelationshipSettingsCollection
        OrganizationRelationshipSettings DomainNames AlternateMailboxes AlternateMailbox ProtocolConnections ProtocolConnection
        WebClientUrls WebClientUrl DocumentSharingLocations DocumentSharingLocation SupportedFileExtensions
        """.split()
    ),
    frozenset(
        """
        MajorVersion MinorVersion MajorBuildNumber MinorBuildNumber Version ErrorCode ErrorMessage RedirectTarget SettingName
        Name Value Type DisplayName LegacyDN Server SmtpAddress OwnerSmtpAddress Hostname Port EncryptionMethod
        AuthenticationMethods Url ServiceUrl LocationUrl FileExtension ExternalAccessAllowed AnonymousAccessAllowed
        CanModifyPermissions IsDefault Domain ApplicationUri Endpoint Uri DeliveryReportEnabled FreeBusyAccessEnabled
        FreeBusyAccessLevel MailTipsAccessEnabled MailTipsAccessLevel MailboxMoveEnabled TargetApplicationUri
        TargetAutodiscoverEpr TargetSharingEpr
        """.split()
    ),
)

_HEADERS = Names(
    frozenset({"ReplyTo", "From", "FaultTo"}),
    frozenset({"Action", "To", "RelatesTo", "MessageID", "Address"}),
)
_ENVELOPE = Names(frozenset({"Envelope", "Header", "Body"}), frozenset())

PLAIN = dict.fromkeys(_OUTLOOK_OR_PHONE, _PLAIN)
"""The names of a document whose root is ``Autodiscover``, by namespace."""
ENVELOPED = {**dict.fromkeys(_ENVELOPES, _ENVELOPE), _ADDRESSING: _HEADERS, _SOAP: _SETTINGS}
"""The names of a document whose root is a SOAP envelope, by namespace."""

_WORD = "[A-Za-z0-9]{1,24}"
_ATTRIBUTES = {
    ("", "Type"): _WORD,
    ("", "Version"): "[0-9]{1,2}",
    ("", "AuthenticationMethod"): rf"{_WORD}(?:, ?{_WORD}){{0,5}}",
    ("", "Time"): "[0-9:.TZ+-]{1,40}",
    ("", "Id"): "[0-9]{1,20}",
    (_INSTANCE, "type"): "(?:[A-Za-z0-9]{1,8}:)?[A-Za-z]{1,48}",
    (_INSTANCE, "nil"): "true|false|[01]",
    **{(space, "mustUnderstand"): "true|false|[01]" for space in _ENVELOPES},
}


def is_attribute(space: str, name: str, value: str) -> bool:
    """Whether the schemas have this attribute with this value, which is a word or a number and never a text."""
    pattern = _ATTRIBUTES.get((space, name))
    return pattern is not None and re.fullmatch(pattern, value) is not None


_SEPARATOR = "\n"
"""Stands between the namespace of an element and its name. No namespace contains it."""
_MAX_ELEMENTS = 1000
"""The most elements of an answer. Exchange sends a hundred, and seven more for every other mailbox that the person may open."""
_MAX_VALUE = 1024
"""The longest text of a leaf, in characters. Addresses are the longest, with about two hundred."""
_MAX_DOCUMENT = 32 * 1024
"""The most characters of all leaves, attributes and prefixes together."""
_MAX_ENCODING = 40
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}")

_ANSWER = frozenset({"protocol", "url"})
_ERROR = frozenset({"errorcode", "errormessage"})
_PROTOCOLS = frozenset({"activesync", "autodiscoverv1", "ews", "rest", "substrate", "substratesearchservice"})
"""The protocols that clients ask for by version 2, in lower case. Other protocols are services of Microsoft's own cloud."""
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_ERROR_CODE = re.compile(r"[A-Za-z0-9]{1,64}")


def is_xml_directions(text: str) -> bool:
    """Whether it is a complete document, every name is in Autodiscover's schemas, and only leaves hold text."""
    parser = ParserCreate(namespace_separator=_SEPARATOR)
    seen = _Document()
    parser.buffer_text = True
    parser.XmlDeclHandler = seen.declaration
    parser.StartNamespaceDeclHandler = seen.namespace
    parser.StartElementHandler = seen.start
    parser.CharacterDataHandler = seen.text
    parser.EndElementHandler = seen.end
    parser.CommentHandler = parser.ProcessingInstructionHandler = parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except (ExpatError, _ForeignError, ValueError):
        return False
    return True


class _ForeignError(Exception):
    """The document holds something that no answer of Autodiscover has."""


def _refuse(*_: object) -> NoReturn:
    raise _ForeignError


def _check(holds: bool) -> None:
    if not holds:
        raise _ForeignError


class _Open:
    """An open element: whether it may hold elements, whether it may hold text, and its text so far."""

    def __init__(self, *, holder: bool, leaf: bool) -> None:
        self.holder, self.leaf, self.text = holder, leaf, ""


class _Document:
    """Follows a document as it is parsed. Every method raises _ForeignError for something that belongs in no answer."""

    def __init__(self) -> None:
        self._names = PLAIN
        self._open: list[_Open] = []
        self._elements = self._characters = 0

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        _check(len(encoding or "") <= _MAX_ENCODING)

    def namespace(self, prefix: str | None, space: str | None) -> None:
        """Accept the declaration of a namespace of the schemas, with a prefix that holds no text."""
        _check(space in NAMESPACES and (prefix is None or _PREFIX.fullmatch(prefix) is not None))
        self._count(prefix or "")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Accept the start of an element of the schemas. The element around it must be one that holds elements and no text."""
        space, _, local = name.rpartition(_SEPARATOR)
        if not self._open:
            self._names = ENVELOPED if local == "Envelope" else PLAIN
            _check(local in ("Envelope", "Autodiscover"))
        else:
            parent = self._open[-1]
            _check(parent.holder and not parent.text)
            parent.leaf = False
        _check(space in self._names)
        holder, leaf = (local in names for names in self._names[space])
        _check(holder or leaf)
        self._attributes(attributes)
        self._elements += 1
        _check(self._elements <= _MAX_ELEMENTS)
        self._open.append(_Open(holder=holder, leaf=leaf))

    def text(self, data: str) -> None:
        """Accept text. Only a leaf may have more than white space."""
        within = self._open[-1]
        within.text = (within.text + data).lstrip()
        _check(not within.text or within.leaf)
        _check(len(within.text.rstrip()) <= _MAX_VALUE)

    def end(self, _name: str) -> None:
        self._count(self._open.pop().text)

    def _attributes(self, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            space, _, local = name.rpartition(_SEPARATOR)
            _check(is_attribute(space, local, value))
            self._count(value)

    def _count(self, text: str) -> None:
        self._characters += len(text)
        _check(self._characters <= _MAX_DOCUMENT)


def is_json_directions(text: str) -> bool:
    """Whether it is one JSON object with the names of an answer or an error of version 2, each once and with a short value."""
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return False
    if not isinstance(pairs, _Pairs):
        return False
    told = {name.lower(): value for name, value in pairs if isinstance(value, str)}
    if len(told) != len(pairs) or any(len(value) > _MAX_VALUE for value in told.values()):
        return False
    if told.keys() == _ERROR:
        return _ERROR_CODE.fullmatch(told["errorcode"]) is not None
    known = told.keys() == _ANSWER and told["protocol"].lower() in _PROTOCOLS
    return known and _URL.fullmatch(told["url"]) is not None


class _Pairs(list[tuple[str, object]]):
    """Every name and value of an object. A repeated name is kept, since both of its values would be passed on."""
