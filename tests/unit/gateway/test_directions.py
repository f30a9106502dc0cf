"""What is an answer of Autodiscover, and what only comes from its address."""

import pytest

from mailgate.gateway.directions import is_json_directions, is_xml_directions

OWN = "http://schemas.microsoft.com/exchange/autodiscover"
PHONE = f"""<?xml version="1.0" encoding="utf-16"?>
<!-- by hand -->
<Autodiscover xmlns="{OWN}/responseschema/2006"><Response xmlns="{OWN}/mobilesync/responseschema/2006">
<User><DisplayName>Zoë</DisplayName></User></Response></Autodiscover>"""
ERROR = f"""<Autodiscover xmlns="{OWN}/responseschema/2006"><Response><Error Time="1" Id="2"><ErrorCode>600</ErrorCode>
</Error></Response></Autodiscover>"""
PREFIXED = f'<a:Autodiscover xmlns:a="{OWN}/responseschema/2006"><a:Response/></a:Autodiscover>'
SOAP = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"
xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><UserSetting i:type="StringSetting"/></GetUserSettingsResponseMessage>
</s:Body></s:Envelope>"""
EWS = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<m:GetItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><m:Body>mail</m:Body></m:GetItemResponse>
</s:Body></s:Envelope>"""


@pytest.mark.parametrize(
    "text",
    [PHONE, ERROR, PREFIXED, SOAP, "<Autodiscover><Response/></Autodiscover>"],
    ids=["phone", "error", "prefixed", "soap", "plain"],
)
def test_an_answer_of_autodiscover(text):
    assert is_xml_directions(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail",
        "<html><body>mail</body></html>",
        '<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"/>',
        f'<!DOCTYPE Autodiscover [<!ENTITY a "mail">]><Autodiscover xmlns="{OWN}/responseschema/2006">&a;</Autodiscover>',
        '<Autodiscover xmlns="urn:mail"/>',
        f'<autodiscover xmlns="{OWN}/responseschema/2006"/>',
        '<Autodiscover><html xmlns="http://www.w3.org/1999/xhtml">mail</html></Autodiscover>',
        "<mail><Autodiscover/></mail>",
        "<Autodiscover/><html>mail</html>",
        "<Autodiscover>",
        "<Autodiscover/>mail",
        "mail<Autodiscover/>",
        EWS,
        SOAP.replace("</s:Body>", "<html>mail</html></s:Body>"),
        SOAP.replace("2010/Autodiscover", "2010/Autodiscovery"),
        '{"Url": "https://mail.example.com"}',
        "<Autodiscover>\ud800</Autodiscover>",
        "<a>" * 100_000,
    ],
)
def test_what_is_none(text):
    assert not is_xml_directions(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"Protocol":"ActiveSync","Url":"https://mail.example.com/Microsoft-Server-ActiveSync"}',
        '{"ErrorCode": "ProtocolNotSupported", "ErrorMessage": "No."}',
        r'{"url":"https:\/\/mail.example.com\/"}',
    ],
)
def test_version_2(text):
    assert is_json_directions(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '"mail"',
        '[{"Url": "x"}]',
        '{"Url": "x", "Subject": "mail"}',
        '{"Url": {"Url": "mail"}}',
        '{"Url": ["mail"]}',
        '{"Url": 1}',
        '{"Url": "mail", "Url": ["x"]}',
        '{"Url": "' + "mail" * 600 + '"}',
        '{"Url": "x"} mail',
        "[" * 100_000,
    ],
)
def test_what_is_no_version_2(text):
    assert not is_json_directions(text)
