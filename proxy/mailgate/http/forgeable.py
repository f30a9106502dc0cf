"""The table of the fields that a client could forge. There is no other table of them.

With these fields a front proxy, a login before it, a framework or this gate tells the webmail the person, their
certificate, the client's address, and the address or method of the request. Clients have no reason to send them.
``deploy/make_unforged.py`` writes the configurations of the other proxies from this table.

Names are in lower case and with hyphens, as ``trusted_headers.canonical`` makes them. Fields that clients may send are
left out: ``X-Auth-Token``, ``X-User-Identity`` and ``Client-Request-Id`` of Outlook, ``X-MS-PolicyKey``,
``X-Requested-With``.
"""

FAMILIES = {
    # the client's address, and the address and method of the request
    "forwarded": "-for -host -proto -user",
    "x-forward": "-for ed ed-for ed-host ed-proto ed-port ed-server ed-prefix ed-scheme ed-protocol ed-ssl ed-https ed-by "
    "ed-uri ed-url ed-path ed-method ed-ip ed-client-ip ed-proto-version ed-user ed-username ed-preferred-username ed-email "
    "ed-name ed-login ed-groups ed-group ed-roles ed-role ed-access-token ed-id-token ed-authorization ed-client-cert "
    "ed-client-dn ed-client-cert-chain ed-tls ed-tls-client-cert ed-tls-client-cert-info ed-context",
    "x-original-": "uri url path query method for host proto scheme remote-addr forwarded-for forwarded-host",
    "x-originating-": "ip host url",
    "x-rewrite-": "url uri path",
    "x-real-": "ip port host proto scheme method",
    "x-remote-": "user username name email groups roles addr address ip host port ident dn",
    "remote-": "user username name email groups roles addr address ip host port ident realm",
    "http-remote-": "user username name email groups addr ip host ident",
    "http-x-remote-": "user name email groups",
    "x-cluster-": "client-ip",
    "x-proxy": "-user -remote-user user-ip -url -client-cert",
    "proxy-client-": "ip cert",
    "proxy-remote-": "user",
    "wl-proxy-": "client-ip client-cert client-keysize ssl",
    "true-client-": "ip port",
    "http-client-": "ip",
    "http-forwarded": "-for",
    "http-x-forward": "ed ed-for",
    "cf-connecting-": "ip ipv6 o2o",
    "cf-pseudo-": "ipv4",
    "fastly-client": "-ip",
    "x-envoy-original-": "path host dst-host",
    "x-envoy-external-": "address",
    "x-envoy-peer-": "metadata metadata-id",
    "x-http-": "method method-override method-overload host-override verb destinationurl",
    "x-method": "-override",
    "http-method": "-override",
    "x-accel-": "redirect mapping internal",
    "x-sendfile": "-type",
    # client certificates and TLS
    "x-ssl": "-cert -client -client-cert -client-cert-chain -client-verify -client-dn -client-s-dn -client-i-dn -client-subject "
    "-client-issuer -client-cn -client-serial -client-fingerprint -client-sha1 -client-not-before -client-not-after "
    "-client-escaped-cert -client-subject-dn -client-issuer-dn -issuer -subject -subject-dn -cipher -protocol clientcert clientcertsubject",
    "ssl-": "client-cert client-cert-chain client-verify client-s-dn client-i-dn client-subject-dn client-issuer-dn client-dn "
    "client-s-dn-cn client-s-dn-email client-subject client-issuer client-serial client-m-serial client-fingerprint "
    "client-v-start client-v-end client-san-email-0 client-escaped-cert offloaded protocol cipher session-id",
    "x-tls-": "client-cert client-verify client-dn client-subject client-issuer client-fingerprint version cipher",
    "tls-client-": "cert verify dn subject fingerprint",
    "client-cert": "-chain -verify -verified -dn -subject -issuer -serial -fingerprint ificate",
    "client-verif": "y ied ication",
    "client-subject": "-dn",
    "x-client-": "cert cert-chain cert-present cert-verified cert-verify cert-chain-verified cert-dn cert-subject-dn "
    "cert-issuer-dn cert-hash cert-fingerprint cert-serial cert-serial-number certificate dn subject subject-dn issuer "
    "issuer-dn serial fingerprint verify verified ip host port user username tls-version id name version",
    "x-cert": "-dn -subject -issuer -serial -fingerprint -verified ificate",
    "x-peer-cert": "ificate",
    "x-user-cert": "ificate",
    "x-clientcert": "-subject -issuer -serial -status subject issuer serial status ificate",
    "sslclient": "cert certsubject certstatus certissuer certserial certserialnumber certsn certhash certversion certvalid cipher",
    "clientcert": "-subject -issuer subject issuer serial status ificate",
    "nsclient": "cert -cert",
    "ns-client-": "cert ip",
    "cert-": "subject issuer serialnumber cookie flags keysize secretkeysize server-issuer server-subject",
    "x-mtls-": "client-cert client-subject client-dn clientcert",
    "x-amzn-mtls-": "clientcert clientcert-leaf clientcert-subject clientcert-issuer clientcert-serial-number "
    "clientcert-validity",
    "x-arr-": "clientcert ssl",
    "cf-cert-": "presented verified revoked issuer-dn subject-dn issuer-dn-rfc2253 subject-dn-rfc2253 issuer-dn-legacy "
    "subject-dn-legacy serial issuer-serial fingerprint-sha1 fingerprint-sha256 not-before not-after issuer-ski ski",
    "cf-client-": "cert-der-base64 cert-chain-der-base64 cert-sha256",
    # the person whom a login before the webmail has found
    "x-auth-request-": "user email groups preferred-username access-token redirect",
    "x-auth-user": "name id -name -id -email",
    "x-auth-group": "s",
    "x-auth-role": "s",
    "x-auth-sub": "ject",
    "x-auth-given": "-name name",
    "x-auth-family": "-name",
    "x-auth-full": "-name name",
    "x-auth-display": "-name name",
    "x-auth-preferred": "-username",
    "x-auth-remote": "-user",
    "x-auth-claim": "s -sub -email",
    "x-authenticated": "-user -userid -user-id -username -email -groups -scope user",
    "authenticated-": "user userid email groups",
    "auth-user": "name id -name -id -email",
    "auth-given": "name -name",
    "auth-display": "name -name",
    "auth-group": "s",
    "auth-role": "s",
    "auth-sub": "ject",
    "auth-remote": "-user",
    "auth-ssl": "-subject -issuer -serial -verify -fingerprint -cert",
    "x-sso-": "user username userid user-id user-name user-email uid upn login mail email name groups roles remote-user",
    "x-token-sub": "ject",
    "x-token-user": "-id -email -name -roles -groups -dn",
    "x-ntlm-": "user username domain workstation",
    "x-kerberos-": "user username principal name realm",
    "x-krb": "-user -principal 5-user 5-principal",
    "x-spnego-": "user principal",
    "x-gssapi-": "user name",
    "x-windows-": "user username identity",
    "x-logon": "-user user",
    "x-iisnode-": "auth-user logon-user remote-user auth-type",
    "logon-": "user",
    "keycloak-": "username email name subject id given-name family-name realm roles groups access-token",
    "x-keycloak-": "user username email groups roles",
    "x-sandstorm-": "user-id username user-picture user-pronouns preferred-handle permissions tab-id session-id session-type "
    "base-path api",
    "ynh-user": "-email -fullname",
    "webauth-": "user token-creation ldap-uid ldap-mail",
    "cosign-": "service factor",
    "x-webauth-": "user email name groups role login profile-picture tailnet",
    "x-authentik-": "username name email groups uid entitlements jwt meta-jwks meta-outpost meta-provider meta-app",
    "x-authelia-": "url user",
    "x-credential-": "identifier username userid",
    "x-consumer-": "id username custom-id groups",
    "x-oidc-": "user sub email name groups",
    "oidc-": "access-token id-token claim-sub claim-email claim-name claim-preferred-username claim-upn claim-groups",
    "x-jwt-claim": "s -sub -email -groups",
    "x-saml-": "user email name groups",
    "x-ldap-": "user dn email groups",
    "x-vouch-": "user success idp-idtoken idp-accesstoken idp-claims-email idp-claims-groups",
    "x-pomerium-": "jwt-assertion jwt-assertion-for claim-email claim-user claim-groups claim-name authorization",
    "x-goog-authenticated-": "user-email user-id",
    "x-goog-iap-": "jwt-assertion",
    "x-apigateway-": "api-userinfo event context",
    "x-endpoint-api-": "userinfo",
    "x-amzn-ava-": "user-context",
    "x-amzn-request-": "context",
    "x-appengine-user-": "email id nickname ip organization is-admin",
    "x-amzn-oidc-": "data identity accesstoken",
    "cf-access-": "authenticated-user-email jwt-assertion client-id client-secret token",
    "x-ms-client-principal": "-id -name -idp",
    "x-ms-token-": "aad-access-token aad-id-token aad-refresh-token aad-expires-on",
    "x-ms-forwarded-": "client-ip",
    "x-ms-adfs-": "proxy-client-ip",
    "ms-aspnetcore-": "token clientcert winauthtoken user",
    "tailscale-": "user-login user-name user-profile-pic headers-info app-capabilities",
    "teleport-": "jwt-assertion",
    "gap-": "auth signature",
    "shib-": "session-id identity-provider authentication-method authentication-instant session-index application-id "
    "handler cookie-name assertion-count",
    "x-shib-": "user mail",
    "mellon-": "name-id uid mail",
    "cas-": "user",
    "sm-": "user userdn universalid usergroups authtype serversessionid",
    "iv-": "user user-l groups creds remote-address server-name",
    "oam-": "remote-user remote-user-groups identity-domain last-reauthentication-time",
    "osso-": "user-dn user-guid subscriber",
    "ct-remote-": "user",
    "impersonate-": "user group uid",
    "x-impersonate": "-user",
    "x-webobjects-": "remote-user remote-host remote-addr remote-ident auth-type server-url server-name server-port server-protocol",
    "x-rps": "-cat puid orgidpuid",
    "x-wlid-": "membername puid",
    "x-isfrom": "cafe backend",
    "x-originalrequest": "host hostschemeport",
    "msexchlogon": "account mailbox",
    "msexchtarget": "mailbox",
    "$ws": "at cc cs is ot pr ra rh ru sc sn sp ss si",
    # families of which no longer name is known
    **dict.fromkeys(
        "proxy-user client-ip method-override client-dn x-auth-email x-auth-name x-auth-principal x-auth-cert"
        " x-auth-mail x-auth-login x-auth-uid x-auth-upn x-auth-cn x-auth-dn x-auth-account x-auth-identity"
        " x-auth-realm x-auth-domain auth-mail auth-email auth-login auth-name auth-uid auth-cn auth-sn"
        " auth-dn x-anonymous-consumer x-jwt-assertion x-jwt-payload x-ms-proxy x-commonaccesstoken".split(),
        "",
    ),
    # what the gate itself tells the webmail and the proxies that ask it
    "x-device-": "decision reason class assurance user reference status id type state kind os model owner managed platform",
    "x-mailgate-": "user kind effect decision reason device imap-id certificate",
    "mailgate-": "probe kind user verdict-key",
}
"""Families of names by their beginning, each with the ends of its known names.

A proxy that cannot remove names by their beginning removes each known name. If another name of a family comes with a
question, the gate refuses the request (``gateway/authz/verdict_key.py``).
"""

NAMES = frozenset(
    [
        # the client's address, and the address and method of the request
        "fly-client-ip", "do-connecting-ip", "ali-cdn-real-ip", "cdn-src-ip", "cdn-real-ip", "x-azure-clientip", "x-azure-socketip",
        "x-nf-client-connection-ip", "x-appengine-remote-addr", "x-custom-ip-authorization", "x-true-ip",
        "x-clientip", "x-clientside", "cloudfront-viewer-address", "cloudfront-forwarded-proto", "fastly-ssl", "cf-visitor", "front-end-https",
        "https", "x-https", "x-scheme", "x-url-scheme", "x-protocol", "x-host", "script-name", "path-info", "x-script-name",
        "x-path-info",
        "proxy",  # a CGI application reads it as the variable HTTP_PROXY (CVE-2016-5385)
        # the person
        "x-user", "x-username", "x-userid", "x-useremail", "x-userinfo", "x-usergroups", "x-user-name", "x-user-id", "x-user-email",
        "x-user-mail", "x-user-login", "x-user-group", "x-user-groups", "x-user-role", "x-user-roles", "x-user-info", "x-user-dn",
        "x-email", "x-groups", "x-roles", "x-login", "x-principal", "x-subject", "x-subject-dn", "x-issuer-dn", "x-identity",
        "x-preferred-username", "preferred-username", "x-id-token", "x-user-principal-name", "x-user-principal", "x-user-upn",
        "x-user-uid", "x-user-cn", "x-user-sub", "x-user-claims", "x-user-displayname", "x-user-display-name", "x-user-fullname",
        "x-user-full-name", "x-user-first-name", "x-user-last-name", "x-uid", "x-upn", "x-cn", "x-dn", "x-mail", "x-memberof",
        "x-displayname", "x-display-name", "x-givenname", "x-given-name", "x-family-name", "x-full-name", "x-verified-user",
        "x-verified-email", "x-current-user", "x-logged-in-user", "x-login-user", "x-login-name", "x-nt-user", "x-ad-user",
        # attributes that Shibboleth and SSOwat send under their bare names
        "email", "mail", "name", "uid", "cn", "sn", "upn", "eppn", "displayname", "givenname", "memberof", "userdn", "user-dn",
        "user-email", "affiliation", "unscoped-affiliation", "primary-affiliation", "entitlement", "targeted-id", "persistent-id",
        "subject-id", "pairwise-id", "auth-type",
        # proofs, which only the gate reads
        "device-attestation", "device-proof", "dpop",
    ]
)  # fmt: skip

OWN = ("mailgate-", "x-device-", "x-mailgate-")
"""The gate's own families. Clients believe these fields, so they are removed from the webmail's answers too."""


def _members(family: str, known: str) -> list[str]:
    """The known names of a family. A family that does not end in a hyphen is a name itself."""
    return [*([] if family.endswith("-") else [family]), *(family + each for each in known.split())]


KNOWN = NAMES | {name for family, known in FAMILIES.items() for name in _members(family, known)}
"""Every known name, for proxies that cannot match beginnings."""
