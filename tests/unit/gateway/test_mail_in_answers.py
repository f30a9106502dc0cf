"""What a webmail of one script puts into the form of an answer of Autodiscover is no answer of Autodiscover.

``docs/protocols.md``: passed on is "XML whose every element is of its namespaces".
"""

import json

import pytest

from mailgate.gateway.autodiscover import is_json_directions, is_xml_directions

OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MAIL = "Dear Ada, your salary is on page two. "
XML = {
    "elements without a namespace": f"<Autodiscover><Mailbox><Mail>{MAIL * 50}</Mail></Mailbox></Autodiscover>",
    "elements of a made-up schema": f'<Autodiscover xmlns="{OUTLOOK}"><Mail>{MAIL}</Mail></Autodiscover>',
    "a comment": f'<Autodiscover xmlns="{OUTLOOK}"><!-- {MAIL} --></Autodiscover>',
    "an instruction": f'<?mail {MAIL}?><Autodiscover xmlns="{OUTLOOK}"/>',
    "an attribute": f'<Autodiscover xmlns="{OUTLOOK}" mail="{MAIL}"/>',
    "text between elements": f'<Autodiscover xmlns="{OUTLOOK}">{MAIL}<Response/></Autodiscover>',
    "a SOAP body of text": f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{MAIL * 50}</e:Body></e:Envelope>',
}


@pytest.mark.parametrize("text", XML.values(), ids=XML)
def test_mail_in_the_form_of_directions_is_none(text: str) -> None:
    assert not is_xml_directions(text)


def test_mail_under_the_names_of_version_2() -> None:
    assert not is_json_directions(json.dumps({"Protocol": MAIL, "Url": MAIL}))
    many = ", ".join([f'"Url": "{MAIL * 40}"'] * 50)
    assert not is_json_directions("{" + many + "}")
