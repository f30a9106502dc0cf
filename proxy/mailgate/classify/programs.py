"""The names of programs that work without a person at a screen, and of native mail clients."""

from mailgate.classify.table import Table, TableRule

BOTS = Table(
    (
        TableRule(
            "headless",
            "bot",
            "Browsers that no person looks at.",
            r"""
            HeadlessChrome | PhantomJS | SlimerJS | Puppeteer | Playwright | ~Selenium
            Electron-?Headless | Lighthouse | PageSpeed
            """,
        ),
        TableRule(
            "not-a-bot",
            "",
            "These are no bots: Cubot makes phones, and a person sits in front of a program for reading feeds or one that was made with"
            " Electron or with Delphi's browser (bsalsa).",
            r"~CUBOT | ~Electron/\d | bsalsa\.com | ~FeedStation/ | ~FeedDemon/ | ~NetNewsWire/ | ~Update/[\d.]+;winhttp",
        ),
        TableRule(
            "crawler",
            "bot",
            "Crawlers, checkers and previewers name themselves or give the address of their operator.",
            r"""
            bot(?:[ /;,)_-]|$) | ~bot~ | crawl | spider | slurp | scrap(?:er|y|e)~ | archiver | fetcher
            libwww-perl | check[-_ ]?link | (?:link|site|url|seo)[-_ ]?check | monitor(?:ing|ed)?~
            mediapartners | feedfetcher | facebookexternalhit | ~Qwantify | validator
            ~ping(?:dom|erbot) | uptime | \+https?:// | \(compatible;[^)]*https?:// | GoogleImageProxy
            GoogleAgent | Synthetics~ | ~bingpreview | transcoder | WhatsApp/[\d.]+$ | embedly
            (?:link|web|site|url)[- ]?preview | Safari/[\d.]+ \(compatible; | like Gecko; ?compatible; | ~PTST[/ ]
            Catchpoint | RuxitSynthetic | wkhtmlto(?:pdf|image)
            """,
        ),
    )
)

TOOLS = Table(
    (
        TableRule(
            "command-line",
            "tool",
            "Programs typed on a command line, by their own first word.",
            r"""
            ^(?:curl|Wget2?|HTTPie|xh|aria2|fetch|lftp|cadaver|davfs2|litmus|vdirsyncer|pimsync|khal|rclone|swaks|ab|siege|hey|wrk|k6|vegeta|ApacheBench|nmap|sqlmap|Nikto|libwww-perl-daemon|git|rsync|openssl|nc|telnet)(?:[/ ]|$)
            """,
        ),
        TableRule(
            "library",
            "tool",
            "Libraries send their own name as the first word.",
            r"""
            ^(?:python[-_ ]?(?:requests|urllib3?|httpx|aiohttp)?|Python|aiohttp|httpx|requests|Go-http-client|Go[ -]|Java|Apache-HttpClient|Apache-HttpAsyncClient|Jakarta|libcurl|libwww-perl|lwp|PHP|GuzzleHttp|Symfony|WordPress|Ruby|Faraday|rest-client|HTTParty|Typhoeus|mechanize|node|node-fetch|axios|got|undici|superagent|needle|request|Deno|Bun|reqwest|hyper|ureq|isahc|Dart|okhttp|Ktor|RestSharp|Refit|WinHttp|WinHTTP|Microsoft-WinHttp|WinInet|Microsoft URL Control|\.NET|PowerShell|PycURL|Zend|Snoopy|perl|Perl|Lua|Erlang|hackney|Scala|akka-http|spray-can|unirest|Vert\.x|Netty|Reactor|Feign|JDK|Jersey|Axis|gSOAP|NSPlayer-tool|neon|serf|Indy|Mojolicious|AnyEvent|EventMachine|HTTP_Request2?|cpp-httplib|libsoup|QNetwork|Embarcadero)(?:[-_/ .:]|$)
            """,
        ),
        TableRule(
            "workbench",
            "tool",
            "Tools with which developers try out APIs.",
            r"""
            PostmanRuntime | ~Postman/ | ~insomnia/ | ~Paw/ | Fiddler | SoapUI | JMeter | Rapid API
            bruno-runtime | Thunder Client | WindowsPowerShell | ~Burp | Charles/ | hoppscotch
            """,
        ),
    )
)

HANDHELD_MAIL_APP = TableRule(
    "handheld-mail-app",
    "mail_app",
    "Mail, calendar and contact clients that exist only for phones and tablets, by name or package. Beside a computer's system or"
    " device type, they are a contradiction.",
    r"""
    Outlook-(?:iOS|Android) | Outlook[ /](?:for )?(?:iOS|Android) | ~OutlookMobile | Thunderbird (?:for |Mobile)Android
    Android-Mail | ~K-9 | ~K9 ?Mail | ~fsck\.k9 | Fair ?Email | ~faircode\. | Aqua ?Mail | ~DAVx | DAVdroid | ~at\.bitfire\.
    CalDAV-Sync | CardDAV-Sync | aCalendar | ~Nine(?:[/-]|$) | ninefolders | MailDroid | TypeApp | ~myMail~ | ~com\.my\.mail
    Airwatch ?(?:Inbox|Boxer) | ~VMware ?Boxer | ~Boxer/ | TouchDown | Good ?for ?Enterprise | BlackBerry ?(?:Work|Hub)
    com\.samsung\. | Samsung ?(?:Email|Mail) | SonyEricssonMail | ~LMHS~ | MotoEmail | HTC ?Mail | ASUS ?Email
    ~(?:Huawei|Honor|Xiaomi|Mi|Vivo|OPPO|LG) ?E?-?mail~ | ~com\.(?:android|lge|htc|huawei|motorola|google\.android)\.
    ~com\.(?:xiaomi|miui|vivo|ohos|oppo|coloros|heytap|oneplus|hihonor|zte|sonymobile|good|microsoft\.office)\.
    Profimail | YahooMobileMail | ~MobileMail | MobileCal | ~exchangesyncd | MailMaster_(?:Android|iOS)
    """,
)

MAIL_APPS = Table(
    (
        HANDHELD_MAIL_APP,
        TableRule(
            "mail-app",
            "mail_app",
            "Other mail, calendar and contact clients by name. Their form is taken from the system that they name, if any.",
            r"""
            Apple-(?:iP|i) | DAVx | Spark(?:Mail)?/ | BlueMail | ~Divide | GoodAccess | ~Boxer | ~myMail | MaaS360 | Email/\d
            Yahoo[! ]?Mail | Gmail/ | InboxBy | Proton ?Mail | Tutanota | ~Tuta~ | Canary ?Mail
            Airmail | Edison ?Mail | EasilyDo | Newton ?Mail | CloudMagic | Dispatch/ | QQ ?Mail | MailMaster
            Secure ?Mail | WorxMail | SecureHub | dataaccessd | remindd | accountsd
            maild~ | ~Mail/[\d.]+ | ~Mimestream | Spike/
            ~Delta ?Chat | ~Titan ?Mail | ~Zoho ?Mail | ~SOGo.?Connector | UniversalOutlook | Notes ?Traveler
            microsoft\.windowscommunicationsapps | ~WindowsMail
            """,
        ),
        TableRule(
            "desktop-mail-app",
            "mail_app",
            "Clients that mostly run on computers; only a named desktop system makes one a laptop.",
            r"""
            Thunderbird | ~Outlook | Microsoft ?Office | MSOffice | ~Evolution | ~KMail | Akonadi
            eM[- ]?Client | Postbox | Mailbird | The Bat! | Lotus-?Notes | ~Notes/ | Claws | Sylpheed
            ~Geary | Mailspring | ~Barca | Incredimail | Entourage | ExchangeWebServices | CalendarAgent
            AddressBook | iCal/ | ~Pegasus | Eudora | Lightning/ | SeaMonkey Mail | Windows-?Live-?Mail
            Windows Live Mail | ~BusyCal | Fantastical | ^MSFT-WIN(?:-\d+)?/
            """,
        ),
    )
)
