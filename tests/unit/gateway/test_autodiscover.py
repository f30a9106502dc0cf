"""What is an answer of Autodiscover, and what only comes from its address."""

import pytest

from mailgate.gateway.autodiscover import is_json_directions, is_xml_directions

OWN = "http://schemas.microsoft.com/exchange/autodiscover"
PHONE = f"""<?xml version="1.0" encoding="utf-16"?>
<Autodiscover xmlns="{OWN}/responseschema/2006"><Response xmlns="{OWN}/mobilesync/responseschema/2006">
<User><DisplayName>Zoë</DisplayName></User></Response></Autodiscover>"""
ERROR = f"""<Autodiscover xmlns="{OWN}/responseschema/2006"><Response><Error Time="1" Id="2"><ErrorCode>600</ErrorCode>
</Error></Response></Autodiscover>"""
PREFIXED = f'<a:Autodiscover xmlns:a="{OWN}/responseschema/2006"><a:Response/></a:Autodiscover>'
SOAP = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"
xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><UserSetting i:type="StringSetting"/></GetUserSettingsResponseMessage>
</s:Body></s:Envelope>"""
OUTLOOK = f"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns="{OWN}/responseschema/2006"><Response xmlns="{OWN}/outlook/responseschema/2006a">
<User><DisplayName>Ada</DisplayName><LegacyDN>/o=example/cn=ada</LegacyDN><DeploymentId>30c3a927</DeploymentId></User>
<Account><AccountType>email</AccountType><Action>settings</Action><MicrosoftOnline>False</MicrosoftOnline>
<Protocol Type="mapiHttp" Version="1"><MailStore><InternalUrl>
  https://mail.example.com/mapi/emsmdb/?MailboxId=41@example.com
</InternalUrl></MailStore></Protocol>
<Protocol><Type>WEB</Type><Internal><OWAUrl AuthenticationMethod="Basic, Fba">https://mail.example.com/owa/</OWAUrl>
<Protocol><Type>EXCH</Type><EcpUrl-sms>?p=sms</EcpUrl-sms></Protocol></Internal></Protocol>
<AlternativeMailbox><Type>Delegate</Type><OwnerSmtpAddress>team@example.com</OwnerSmtpAddress></AlternativeMailbox>
<PublicFolderInformation><SmtpAddress>folders@example.com</SmtpAddress></PublicFolderInformation>
</Account></Response></Autodiscover>"""
"""[MS-OXDSCLI] 4.2 and 4.4."""
SETTINGS = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://www.w3.org/2005/08/addressing">
<s:Header><a:Action s:mustUnderstand="1">http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/GetUserSettingsResponse</a:Action>
<h:ServerVersionInfo xmlns:h="http://schemas.microsoft.com/exchange/2010/Autodiscover"
 xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><h:MajorVersion>15</h:MajorVersion></h:ServerVersionInfo></s:Header>
<s:Body><GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"
 xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Response><ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses><UserResponse>
<RedirectTarget i:nil="true"/><UserSettingErrors/><UserSettings>
<UserSetting i:type="ProtocolConnectionCollectionSetting"><Name>ExternalImap4Connections</Name><ProtocolConnections>
<ProtocolConnection><Hostname>mail.example.com</Hostname><Port>993</Port><EncryptionMethod>SSL</EncryptionMethod></ProtocolConnection>
</ProtocolConnections></UserSetting></UserSettings></UserResponse></UserResponses></Response></GetUserSettingsResponseMessage></s:Body>
</s:Envelope>"""
"""[MS-OXWSADISC] 4."""
EWS = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<m:GetItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><m:Body>mail</m:Body></m:GetItemResponse>
</s:Body></s:Envelope>"""


@pytest.mark.parametrize(
    "text",
    [PHONE, ERROR, PREFIXED, SOAP, OUTLOOK, SETTINGS],
    ids=["phone", "error", "prefixed", "soap", "outlook", "settings"],
)
def test_an_answer_of_autodiscover_is_recognised(text):
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
        "<Autodiscover><Response/></Autodiscover>",
        PHONE.replace("<User>", "<!-- mail --><User>"),
        PHONE.replace("<User>", "<?mail mail?><User>"),
        PHONE.replace("<User>", "<User>mail"),
        PHONE.replace("</User>", "mail</User>"),
        PHONE.replace("</User>", "<![CDATA[mail]]></User>"),
        PHONE.replace("<User>", "<User mail='mail'>"),
        PHONE.replace("<User>", "<User Type='your mail'>"),
        PHONE.replace("<User>", "<User xml:lang='mail'>"),
        PHONE.replace("<User>", "<User xmlns:a='urn:mail'>"),
        PHONE.replace("<User>", f"<User xmlns:{'mail' * 9}='{OWN}/responseschema/2006'>"),
        PHONE.replace("<User>", "<User xmlns=''>"),
        PHONE.replace("utf-16", "mail" * 20),
        PHONE.replace("Zoë", "<DisplayName>Zoë</DisplayName>"),
        PHONE.replace("Zoë", "x" * 1025),
        PHONE.replace("<User>", "<Subject>mail</Subject><User>"),
        PHONE.replace("<User>", "<EcpUrl-mail/><User>"),
        PHONE.replace("/mobilesync/responseschema/2006", "/mobilesync/responseschema/2006/mail"),
        PHONE.replace("</User>", "<DisplayName/>" * 1000 + "</User>"),
        PHONE.replace("</User>", f"<DisplayName>{'x' * 1000}</DisplayName>" * 40 + "</User>"),
        OUTLOOK.replace("settings<", "settings<Settings/><"),
        OUTLOOK.replace("Basic, Fba", "Dear Ada"),
        SOAP.replace("StringSetting", "Your mail"),
        SOAP.replace("<GetUser", "<Autodiscover/><GetUser"),
        SOAP.replace("</s:Body>", "<html>mail</html></s:Body>"),
        SOAP.replace("2010/Autodiscover", "2010/Autodiscovery"),
        '{"Url": "https://mail.example.com"}',
        "<Autodiscover>\ud800</Autodiscover>",
        "<a>" * 100_000,
    ],
)
def test_another_xml_answer_is_no_directions(text):
    assert not is_xml_directions(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"Protocol":"ActiveSync","Url":"https://mail.example.com/Microsoft-Server-ActiveSync"}',
        '{"ErrorCode": "ProtocolNotSupported", "ErrorMessage": "No."}',
        r'{"protocol":"ews","url":"https:\/\/mail.example.com\/"}',
    ],
)
def test_an_answer_of_version_2_is_recognised(text):
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
        '{"Url": "https://mail.example.com/"}',
        '{"Protocol": "ActiveSync"}',
        '{"Protocol": "ActiveSync", "Url": "mail.example.com"}',
        '{"Protocol": "ActiveSync", "Url": "https://mail.example.com/ Dear Ada"}',
        '{"Protocol": "ActiveSync", "Url": "https://mail.example.com/", "url": "https://mail.example.com/"}',
        '{"Protocol": "ActiveSync", "Url": "https://mail.example.com/", "ErrorCode": "x"}',
        '{"Protocol": "Dear Ada", "Url": "https://mail.example.com/"}',
        '{"Protocol": "ActiveSync", "Url": "https://mail.example.com/' + "x" * 1024 + '"}',
        '{"ErrorCode": "Dear Ada", "ErrorMessage": "No."}',
        '{"ErrorCode": "No", "ErrorMessage": "' + "x" * 1025 + '"}',
        "[" * 100_000,
    ],
)
def test_another_json_answer_is_no_directions(text):
    assert not is_json_directions(text)
