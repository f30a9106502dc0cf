"""An ActiveSync client that says it is a desktop's, and calls itself by the name of an app or package that phones alone have.

"A mobile system or a mail app of phones in the user agent disputes a desktop's claim", and unknown is never laptop: a list of
names always lacks the next one, so what no computer's program is known to send disputes it as well.
"""

import pytest

from mailgate.classify import classify
from mailgate.model import RequestFacts

QUERY = "/Microsoft-Server-ActiveSync?Cmd=Sync&User=ada&DeviceId=AB12&DeviceType="
PHONES = [
    "com.xiaomi.mail/12", "com.vivo.email/9", "com.ohos.email/5", "com.microsoft.office.outlook/4.2531", "com.good.gcs/3.20",
    "MiuiMail/12", "OnePlus Mail/4", "Xperia Email/10", "GrapheneOS Mail", "WorkspaceONEBoxer/24.01", "Email+/3.20", "Ivanti Email+/4.0",
    "TfA/8.0", "R2Mail2/2.4", "MailWise/1.4", "Squeaky Mail/1", "Acompli/1.0", "NitroDesk/9", "RoadSync/5", "MailForExchange/3.0",
    "Moxier/2", "TeamsMobile/1", "Alimail-Mobile/3", "OWA for Devices/2", "Dekko/0.3", "Traveler/10", "IBM Verse/12",
    "Apple-Vision1C1/2201", "Apple-RealityDevice14C1/2201",
]  # fmt: skip


@pytest.mark.parametrize("agent", PHONES)
@pytest.mark.parametrize("claimed", ["WindowsOutlook15", "TbSync", "Thunderbird"])
def test_a_name_that_no_computer_has_disputes_a_computer(agent: str, claimed: str) -> None:
    facts = RequestFacts(method="POST", target=QUERY + claimed, headers={"user-agent": agent})
    assert classify(facts).kind != "laptop"


COMPUTERS = [
    "", "Outlook/15.0 (15.0.4420.1017; MSI; x86)", "Outlook/16.0 (16.0.19426.20076; x86)", "Outlook/16.0", "Microsoft.Outlook.15",
    "Microsoft Outlook 16.0", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17126; Pro)", "MSFT-WIN-4/10.0.19041",
    "MSFT-WIN-3/6.2.9200", "Thunderbird ActiveSync", "Thunderbird ActiveSync/4.9", "eM Client/10.1", "eMClient/9.2.1628", "Evolution/3.56.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0", "Mailbird/3.0", "The Bat! 11",
]  # fmt: skip


@pytest.mark.parametrize("agent", COMPUTERS)
@pytest.mark.parametrize("claimed", ["WindowsOutlook15", "TbSync", "Thunderbird"])
def test_programs_of_computers_are_believed(agent: str, claimed: str) -> None:
    facts = RequestFacts(method="POST", target=QUERY + claimed, headers={"user-agent": agent})
    client = classify(facts)
    assert (client.kind, client.contradicted) == ("laptop", False)


@pytest.mark.parametrize(
    "agent",
    ["MSFT-WP/10.0.15254", "MSFT-PPC/5.2.5082", "MSFT-SPhone/5.2.5082", "Lotus Notes Traveler/9", "x", "?"],
)
def test_a_text_in_which_nothing_is_found_is_a_contradiction(agent: str) -> None:
    client = classify(RequestFacts(method="POST", target=QUERY + "TbSync", headers={"user-agent": agent}))
    assert (client.kind != "laptop", client.contradicted) == (True, True)


@pytest.mark.parametrize(
    "said",
    [
        '("name" "com.xiaomi.mail" "os" "Windows")',
        '("name" "Email" "vendor" "Huawei" "os" "Windows" "model" "LYA-L29")',
        '("name" "x" "os" "Windows" "model" "SM-S911B")',
        '("name" "x" "os" "macOS" "model" "iPad13,4")',
        '("OS" "Windows" "os" "Android")',
    ],
)
def test_an_imap_id_with_a_model_or_a_package_of_a_phone_is_no_laptop(said: str) -> None:
    assert classify(RequestFacts(scheme="imap", headers={"imap-id": said})).kind != "laptop"
