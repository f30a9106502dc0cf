"""All namespaces, elements and attributes that an answer of Autodiscover may have.

The elements come from [MS-OXDSCLI] 2.2.4 (Outlook), [MS-ASCMD] 6.2 and 6.4 (phones), [MS-OXWSADISC] 6 (SOAP), and from the
Autodiscover part of Microsoft's reference of Exchange Web Services. Elements that occur in questions only are left out, and so
is a SOAP fault, whose elements have no namespace.
"""

import re
from typing import NamedTuple

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
"""The namespaces that a document may declare."""


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
