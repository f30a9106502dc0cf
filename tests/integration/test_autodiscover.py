"""Autodiscover through a real gate, before a real nginx that answers with files, as many mail servers without Exchange do."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import aiohttp
import pytest
from tests.integration.gate import PHONE_RULES, Gate, start_gate, write_config
from tests.integration.nginx import Nginx, nginx
from yarl import URL

PUBLIC = "https://mail.example.com"
INNER_HOST = "127.0.0.1"
JSON_PATH = "/autodiscover/autodiscover.json/v1.0/"
SETTINGS = r"""
    types { text/xml xml; application/json json; }
    location ~* ^/autodiscover/autodiscover\.xml$ {
      error_page 405 =200 /files/autodiscover.xml;
      rewrite ^ /files/autodiscover.xml break;
    }
    location ~* ^/autodiscover/autodiscover\.svc$ {
      error_page 405 =200 /files/autodiscover.xml;
      rewrite ^ /files/autodiscover.xml break;
    }
    location ~* ^/autodiscover/autodiscover\.json(/v1\.0/.*)?$ {
      error_page 405 =200 /files/autodiscover.json;
      rewrite ^ /files/autodiscover.json break;
    }
    location /files/ { internal; gzip_types text/xml application/json; gzip_min_length 1; }
"""
"""A POST is answered with the file as well: nginx itself has no answer to one but 405."""

MOBILE = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006">
    <Culture>en:en</Culture>
    <User><DisplayName>Zoë</DisplayName><EMailAddress>ada@example.com</EMailAddress></User>
    <Action><Settings>
      <Server><Type>MobileSync</Type><Url>{inner}/Microsoft-Server-ActiveSync</Url><Name>{inner}/Microsoft-Server-ActiveSync</Name></Server>
      <Server><Type>CertEnroll</Type><Url>{inner}/CertEnroll</Url><Name/><ServerData>CertEnrollTemplate</ServerData></Server>
    </Settings></Action>
  </Response>
</Autodiscover>"""
"""[MS-ASCMD] 2.2.1.1, 4.2.3."""
REDIRECT_PHONE = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006">
    <User><EMailAddress>ada@example.com</EMailAddress></User><Action><Redirect>ada@{host}</Redirect></Action>
  </Response>
</Autodiscover>"""
OUTLOOK = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <User><DisplayName>Ada</DisplayName></User>
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
      {account}
    </Account>
  </Response>
</Autodiscover>"""
EXCH = """<Protocol><Type>EXCH</Type><Server>6d9a1b54@{host}</Server><MdbDN>/o=example/cn=mail</MdbDN>
  <ASUrl>{inner}/EWS/Exchange.asmx</ASUrl><EwsUrl>{inner}/EWS/Exchange.asmx</EwsUrl>
  <OABUrl>{inner}/OAB/d29844a9/</OABUrl></Protocol>"""
EXPR = """<Protocol>
  <Type>EXPR</Type>
  <Server>{host}</Server><SSL>On</SSL><AuthPackage>Basic</AuthPackage>
  <CertPrincipalName>msstd:{host}</CertPrincipalName><ASUrl>{inner}/EWS/Exchange.asmx</ASUrl></Protocol>"""
WEB = """<Protocol><Type>WEB</Type>
  <Internal><OWAUrl AuthenticationMethod="Basic, Fba">{inner}/owa/</OWAUrl><Protocol><Type>EXCH</Type><ASUrl>{inner}/EWS/Exchange.asmx</ASUrl></Protocol></Internal>
  <External><OWAUrl AuthenticationMethod="Fba">https://mail.example.com/owa/</OWAUrl></External></Protocol>"""
MAPI = """<Protocol Type="mapiHttp" Version="1">
  <MailStore><InternalUrl>{inner}/mapi/emsmdb/?MailboxId=41@example.com&amp;a=b</InternalUrl></MailStore>
  <AddressBook><ExternalUrl>{inner}/mapi/nspi/?MailboxId=41@example.com</ExternalUrl></AddressBook></Protocol>"""
SOAP = """<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
  <GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Response>
    <UserResponses><UserResponse><UserSettings>
      <UserSetting i:type="StringSetting"><Name>ExternalEwsUrl</Name><Value>{inner}/EWS/Exchange.asmx</Value></UserSetting>
      <UserSetting i:type="StringSetting"><Name>InternalEwsUrl</Name><Value>{inner}/EWS/Exchange.asmx</Value></UserSetting>
    </UserSettings></UserResponse></UserResponses>
  </Response></GetUserSettingsResponseMessage>
</s:Body></s:Envelope>"""
"""[MS-OXWSADISC] 3.1.4.2."""
IMAP = "<Protocol><Type>IMAP</Type><Server>{host}</Server><Port>993</Port><SSL>on</SSL></Protocol>"
ELSEWHERE = "<ServiceHome>https://example.net/help</ServiceHome>"


@dataclass(frozen=True)
class Discovery:
    """A gate that lets only clean phones in, and the files of the nginx behind it."""

    gate: Gate
    upstream: Nginx

    def serves(self, name: str, content: str) -> None:
        """Let a file be the answer; its addresses are those of the nginx itself."""
        data = self.in_terms_of(content, self.upstream.url, INNER_HOST)
        (self.upstream.root / "files" / name).write_text(data)

    @staticmethod
    def in_terms_of(content: str, inner: str, host: str) -> str:
        return content.replace("{inner}", inner).replace("{host}", host)


@pytest.fixture(scope="module")
def discovery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Discovery]:
    with nginx(tmp_path_factory.mktemp("nginx") / "run", SETTINGS) as upstream:
        (upstream.root / "files").mkdir()
        directory = tmp_path_factory.mktemp("gate")
        gate = start_gate(write_config(directory, upstream.url, {"public_url": PUBLIC}, PHONE_RULES))
        try:
            yield Discovery(gate, upstream)
        finally:
            assert gate.stop() == 0


async def ask(
    client: aiohttp.ClientSession, discovery: Discovery, target: str, method: str = "POST"
) -> tuple[aiohttp.ClientResponse, str]:
    url = "http://{}:{}".format(*discovery.gate.public) + target
    headers = {
        "User-Agent": "Apple-iPhone15C2/2107.102",
        "Accept-Encoding": "gzip",
        "Content-Type": "text/xml",
    }
    async with client.request(
        method, url, headers=headers, data="<Autodiscover/>" if method == "POST" else None
    ) as response:
        text = await response.text()
        assert response.status == 200
        assert response.headers["Content-Length"] == str(len(text.encode()))
        assert "Content-Encoding" not in response.headers
        return response, text


@pytest.mark.parametrize("path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_phone_is_led_to_the_gate(
    client: aiohttp.ClientSession, discovery: Discovery, path: str, method: str
) -> None:
    discovery.serves("autodiscover.xml", MOBILE)
    response, text = await ask(client, discovery, path, method)
    assert response.content_type == "text/xml"
    assert text == Discovery.in_terms_of(MOBILE, PUBLIC, "")
    urls = [each.text for each in ElementTree.fromstring(text.encode()).iter() if each.tag.endswith("}Url")]
    assert urls == [f"{PUBLIC}/Microsoft-Server-ActiveSync", f"{PUBLIC}/CertEnroll"]


@pytest.mark.parametrize(
    "account", [EXPR, WEB, MAPI, EXPR + WEB + MAPI], ids=["EXPR", "WEB", "mapiHttp", "all"]
)
async def test_outlook_is_led_to_the_gate(
    client: aiohttp.ClientSession, discovery: Discovery, account: str
) -> None:
    document = OUTLOOK.replace("{account}", account)
    discovery.serves("autodiscover.xml", document)
    _, text = await ask(client, discovery, "/autodiscover/autodiscover.xml")
    assert text == Discovery.in_terms_of(document, PUBLIC, "mail.example.com")


@pytest.mark.parametrize(
    "path", ["..%2F..%2F..%2Fletters@example.com", "%2e%2e%2f..%2f..%2fletters@example.com"]
)
async def test_no_spelling_leads_a_phone_to_mail(
    client: aiohttp.ClientSession, discovery: Discovery, path: str
) -> None:
    """nginx decodes a path and takes it together before it looks for what is there."""
    (discovery.upstream.root / "letters@example.com").write_text("Dear Ada")
    url = URL("http://{}:{}".format(*discovery.gate.public) + JSON_PATH + path, encoded=True)
    async with client.get(url, headers={"User-Agent": "Apple-iPhone15C2/2107.102"}) as response:
        assert (response.status, response.headers["X-Device-Reason"]) == (403, "posture-missing")
    direct = URL(discovery.upstream.url + JSON_PATH + path, encoded=True)
    async with client.get(direct) as response:
        assert await response.text() == "Dear Ada"


async def test_outlook_for_mac_is_led_to_the_gate(
    client: aiohttp.ClientSession, discovery: Discovery
) -> None:
    discovery.serves("autodiscover.xml", SOAP)
    _, text = await ask(client, discovery, "/autodiscover/autodiscover.svc")
    assert text == Discovery.in_terms_of(SOAP, PUBLIC, "")


@pytest.mark.parametrize("account", [EXCH, IMAP, ELSEWHERE], ids=["EXCH", "IMAP", "elsewhere"])
async def test_addresses_of_other_protocols_are_left_alone(
    client: aiohttp.ClientSession, discovery: Discovery, account: str
) -> None:
    """The mailbox server of EXCH, and the servers of IMAP, POP3 and SMTP: they are reached by protocols of their own."""
    document = OUTLOOK.replace("{account}", account)
    discovery.serves("autodiscover.xml", document)
    _, text = await ask(client, discovery, "/autodiscover/autodiscover.xml")
    assert text == Discovery.in_terms_of(document, PUBLIC, INNER_HOST)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (REDIRECT_PHONE, Discovery.in_terms_of(REDIRECT_PHONE, "", "127.0.0.1")),
        (
            OUTLOOK.replace("settings", "redirectAddr").replace("{account}", "<RedirectAddr>ada@{host}</RedirectAddr>"),
            OUTLOOK.replace("settings", "redirectAddr").replace("{account}", "<RedirectAddr>ada@127.0.0.1</RedirectAddr>"),
        ),
        (
            OUTLOOK.replace("{account}", "<RedirectUrl>https://example.net/autodiscover/autodiscover.xml</RedirectUrl>"),
            OUTLOOK.replace("{account}", "<RedirectUrl>https://example.net/autodiscover/autodiscover.xml</RedirectUrl>"),
        ),
        (
            OUTLOOK.replace("{account}", "<RedirectUrl>{inner}/autodiscover/autodiscover.xml</RedirectUrl>"),
            OUTLOOK.replace("{account}", f"<RedirectUrl>{PUBLIC}/autodiscover/autodiscover.xml</RedirectUrl>"),
        ),
    ],
    ids=["phone", "address", "elsewhere", "here"],
)  # fmt: skip
async def test_a_redirect_leads_where_it_led_unless_around_the_gate(
    client: aiohttp.ClientSession, discovery: Discovery, document: str, expected: str
) -> None:
    discovery.serves("autodiscover.xml", document)
    _, text = await ask(client, discovery, "/autodiscover/autodiscover.xml")
    assert text == expected


@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        ("ActiveSync", "/Microsoft-Server-ActiveSync"),
        ("AutodiscoverV1", "/autodiscover/autodiscover.xml"),
        ("Ews", "/EWS/Exchange.asmx"),
    ],
)
@pytest.mark.parametrize(
    "target",
    [
        "/autodiscover/autodiscover.json?Email=ada%40example.com&Protocol={protocol}&RedirectCount=1",
        "/Autodiscover/Autodiscover.json/v1.0/ada@example.com?Protocol={protocol}",
    ],
)
async def test_version_2_leads_to_the_gate(
    client: aiohttp.ClientSession, discovery: Discovery, protocol: str, path: str, target: str
) -> None:
    discovery.serves("autodiscover.json", f'{{"Protocol":"{protocol}","Url":"{{inner}}{path}"}}')
    response, text = await ask(client, discovery, target.format(protocol=protocol), "GET")
    assert response.content_type == "application/json"
    assert json.loads(text) == {"Protocol": protocol, "Url": PUBLIC + path}
