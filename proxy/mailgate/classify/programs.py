"""Programs that ask without a person at a screen, and native mail clients, by the names they send."""

from mailgate.classify.table import Rule, Table

_B = r"(?-u:\b)"

BOTS = Table(
    (
        Rule(
            "headless",
            "bot",
            rf"HeadlessChrome|PhantomJS|SlimerJS|Puppeteer|Playwright|{_B}Selenium|Electron-?Headless|Lighthouse|PageSpeed",
            "Browsers that no person looks at.",
        ),
        Rule("not-a-bot", "", rf"{_B}CUBOT", "Cubot makes phones."),
        Rule(
            "crawler",
            "bot",
            rf"bot(?:[ /;,)_-]|$)|{_B}bot{_B}|crawl|spider|slurp|scrap(?:er|y|e){_B}|archiver|fetcher|(?:link|site|url|seo)[-_ ]?check|monitor(?:ing|ed)?{_B}|mediapartners|feedfetcher|facebookexternalhit|{_B}Qwantify|validator|{_B}ping(?:dom|erbot)|uptime|\+https?://|\(compatible;[^)]*https?://|GoogleImageProxy|GoogleAgent|Synthetics{_B}|{_B}bingpreview|transcoder|WhatsApp/[\d.]+$|embedly|(?:link|web|site|url)[- ]?preview",
            "Crawlers, checkers and previewers name themselves or give the address of their operator.",
        ),
    )
)

TOOLS = Table(
    (
        Rule(
            "command-line",
            "tool",
            r"^(?:curl|Wget2?|HTTPie|xh|aria2|fetch|lftp|cadaver|davfs2|litmus|rclone|swaks|ab|siege|hey|wrk|k6|vegeta|ApacheBench|nmap|sqlmap|Nikto|libwww-perl-daemon|git|rsync|openssl|nc|telnet)(?:[/ ]|$)",
            "Programs typed on a command line, by their own first word.",
        ),
        Rule(
            "library",
            "tool",
            r"^(?:python[-_ ]?(?:requests|urllib3?|httpx|aiohttp)?|Python|aiohttp|httpx|requests|Go-http-client|Go[ -]|Java|Apache-HttpClient|Apache-HttpAsyncClient|Jakarta|libcurl|libwww-perl|lwp|PHP|GuzzleHttp|Symfony|WordPress|Ruby|Faraday|rest-client|HTTParty|Typhoeus|mechanize|node|node-fetch|axios|got|undici|superagent|needle|request|Deno|Bun|reqwest|hyper|ureq|isahc|Dart|okhttp|Ktor|RestSharp|Refit|WinHttp|WinHTTP|Microsoft-WinHttp|WinInet|Microsoft URL Control|\.NET|PowerShell|PycURL|Zend|Snoopy|perl|Perl|Lua|Erlang|hackney|Scala|akka-http|spray-can|unirest|Vert\.x|Netty|Reactor|Feign|JDK|Jersey|Axis|gSOAP|NSPlayer-tool|neon|serf|Indy|Mojolicious|AnyEvent|EventMachine|HTTP_Request2?|cpp-httplib|libsoup|GVfs|gvfs|QNetwork|Embarcadero)(?:[-_/ .:]|$)",
            "Libraries send their own name as the first word.",
        ),
        Rule(
            "workbench",
            "tool",
            rf"PostmanRuntime|{_B}Postman/|{_B}insomnia/|{_B}Paw/|Fiddler|SoapUI|JMeter|Rapid API|bruno-runtime|Thunder Client|WindowsPowerShell|{_B}Burp|Charles/|hoppscotch",
            "Workbenches for interfaces.",
        ),
    )
)

MAIL_APPS = Table(
    (
        Rule(
            "mail-app",
            "mail_app",
            rf"Outlook-(?:iOS|Android)|Outlook[ /](?:for )?(?:iOS|Android)|{_B}OutlookMobile|Android-Mail|Apple-(?:iP|i)|AquaMail|K-9 Mail|K-9/|FairEmail|Thunderbird for Android|DAVx|DAVdroid|CalDAV-Sync|CardDAV-Sync|aCalendar|{_B}Nine[/-]|Spark(?:Mail)?/|BlueMail|TypeApp|myMail|MailDroid|Airwatch ?(?:Inbox|Boxer)|{_B}(?:VMware ?)?Boxer|TouchDown|{_B}Divide|Good(?: for Enterprise|Access)|Samsung ?(?:Email|Mail)|{_B}SamsungMail|SonyEricssonMail|LMHS|MotoEmail|HTC ?Mail|ASUS ?Email|Email/\d|Profimail|YahooMobileMail|Yahoo[! ]?Mail|Gmail/|InboxBy|ProtonMail|Proton ?Mail|Tutanota|Canary ?Mail|Airmail|EdisonMail|EasilyDo|Newton ?Mail|CloudMagic|Dispatch/|MaaS360|Secure ?Mail|WorxMail|SecureHub|BlackBerry ?Work|dataaccessd|remindd|accountsd|{_B}MobileMail|MobileCal|maild{_B}|{_B}exchangesyncd|Mail/[\d.]+|{_B}Mimestream|Spike/|{_B}Delta ?Chat|{_B}Titan ?Mail|{_B}Zoho ?Mail|{_B}SOGo.?Connector|UniversalOutlook|microsoft\.windowscommunicationsapps|{_B}WindowsMail",
            "Native mail, calendar and contact clients by name. Their form is taken from the system they name, if any.",
        ),
        Rule(
            "desktop-mail-app",
            "mail_app",
            rf"Thunderbird|{_B}Outlook|Microsoft ?Office|MSOffice|{_B}Evolution|{_B}KMail|Akonadi|eM ?Client|Postbox|Mailbird|The Bat!|Lotus-?Notes|{_B}Notes/|Claws|Sylpheed|{_B}Geary|Mailspring|{_B}Barca|Incredimail|Entourage|ExchangeWebServices|CalendarAgent|AddressBook|iCal/|{_B}Pegasus|Eudora|Lightning/|SeaMonkey Mail|Windows-?Live-?Mail|Windows Live Mail|{_B}BusyCal|Fantastical",
            "Clients that mostly run on computers; only a named desktop system makes one a laptop.",
        ),
    )
)
