"""Words by which phones and tablets give themselves away, strongest first.

The order matters: a Windows Phone claims to be an Android and an iPhone, an Android tablet may say Mobile.
``MASKED`` holds words that only handhelds send but that also stand beside a desktop's system, when a phone
asks for the desktop site; beside one they are a contradiction.
"""

from mailgate.classify.table import Rule, Table

_B = r"(?-u:\b)"

HANDHELDS = Table(
    (
        Rule(
            "windows-phone",
            "phone",
            rf"Windows[ _-]?Phone|{_B}WP[78][/. ]|IEMobile|WPDesktop|ZuneWP7|XBLWP7|Windows Mobile|WindowsMobile|Windows[ _-]?CE|WinCE"
            r"|Pocket ?PC|PocketIE|MSIEMobile|MSFT-(?:WP|PPC|SPhone)|Lumia|; ?PPC; ?(?:\d|Motion|Smart)|Smartphone; ?\d",
            "Every edition of Windows for phones, also in its desktop mode (WPDesktop).",
        ),
        Rule(
            "windows-touch",
            "tablet",
            rf"Windows NT [\d.]+; ?ARM[;)]|Windows NT [^)]*; ?Touch[;)]|{_B}Windows RT{_B}|Windows NT [^)]*; ?Tablet[;)]",
            "Windows RT runs on 32-bit ARM tablets only; Touch marks a screen that is touched. In doubt not a laptop.",
        ),
        Rule(
            "harmony-tablet",
            "tablet",
            r"\(Tablet; ?(?:Open)?Harmony",
            "HarmonyOS NEXT names its form first: Phone, Tablet or PC.",
        ),
        Rule("harmony-phone", "phone", r"\((?:Phone|Mobile); ?(?:Open)?Harmony", "As above."),
        Rule(
            "not-handheld",
            "",
            r"\((?:PC|2in1); ?(?:Open)?Harmony",
            "As above: a computer, left to the table of computers.",
        ),
        Rule(
            "tablet-system",
            "tablet",
            rf"{_B}iPad|PlayBook|hp-tablet|TouchPad|Opera Tablet|\(Tablet;|; Tablet;|Android 3\.|{_B}Ubuntu[^)]*{_B}Tablet{_B}|iPadOS",
            "Systems and words that exist on tablets only (Android 3 was never on a phone).",
        ),
        Rule(
            "tablet-model",
            "tablet",
            rf"Kindle ?Fire|(?-i:{_B}KF[A-Z]{{2,6}}){_B}|{_B}Silk/|{_B}Nexus (?:7|9|10){_B}|{_B}Pixel (?:C|Tablet){_B}|{_B}SM-[TXP]\d{{3}}|{_B}GT-[PN]\d{{4}}"
            rf"|{_B}SCH-I[89]\d\d Tab|SHW-M[34][58]\d|Galaxy Tab|{_B}Xoom{_B}|Transformer|{_B}(?:Media|Mate|Mi|Redmi|Me|Honor|MagicPad|Xiaomi|OnePlus|OPPO|vivo|realme|Lenovo|Idea|Think|Smart|i|e)[ _-]?Pad{_B}"
            rf"|{_B}(?:Tab|Pad|TB)[ _-]?[A-Z]?\d|{_B}(?:Tab|Pad|TAB|PAD){_B}|Tablet(?:[^ P]| [^P]|$)|{_B}BNTV|{_B}[A-Z]{{3}}\d?-W\d\d(?:HN|CN)?{_B}|{_B}OPD\d{{4}}|Nokia T\d\d{_B}|Lenovo YT|{_B}YT\d?-|WeTab|{_B}Iconia|{_B}A[15]00{_B}|{_B}Streak{_B}|{_B}Cintiq|{_B}Surface Duo Tab",
            "Lines of tablets by their model words; 'Tablet PC' is a service of Windows on laptops and is left out.",
        ),
        Rule(
            "apple-phone",
            "phone",
            rf"{_B}iPhone|{_B}iPod|like Mac OS X|{_B}CPU OS \d|{_B}iPh\d",
            "Apple's phones; 'like Mac OS X' is iOS, never a Mac.",
        ),
        Rule(
            "android-mobile",
            "phone",
            rf"Android.*{_B}Mobile{_B}|{_B}Mobile{_B}.*Android|Android.*Opera M(?:obi|ini)|Opera M(?:obi|ini).*Android|Android.*Fennec|Dalvik.*Android",
            "Google tells makers to put Mobile into a phone's user agent and to leave it out of a tablet's.",
        ),
        Rule(
            "android-tablet",
            "tablet",
            r"(?:Android|Adr[ _]).*(?:AppleWebKit|Gecko/|Presto|Trident)",
            "A browser on Android without Mobile is on a tablet.",
        ),
        Rule(
            "android",
            "phone",
            rf"Android|{_B}Adr{_B}|OpenHarmony|HarmonyOS|HMSCore|Dalvik|okhttp|CyanogenMod|MIUI{_B}|{_B}Aliyun|YunOS|{_B}LineageOS",
            "Apps on Android name the system but no form. They are on phones more than anywhere else.",
        ),
        Rule("ios", "phone", rf"{_B}iOS(?:[ /;)_.-]|$)", "Apps on iOS name the system but no form."),
        Rule(
            "phone-system",
            "phone",
            rf"Symb(?:ian|OS)|Series ?[3469]0{_B}|{_B}S[3469]0[;/ )V]|EPOC|BlackBerry|{_B}BB10|{_B}RIM |KAIOS|Sailfish|{_B}Jolla|Maemo|MeeGo|{_B}Bada|Tizen|webOS/|hpwOS|w(?:eb)?OSBrowser"
            rf"|{_B}Palm|Blazer|{_B}Elaine|Xiino|EudoraWeb|AvantGo|Plucker|ProxiNet|\(Mobile; |Ubuntu[^)]*{_B}(?:Mobile|Touch|Phone)|Ubuntu Touch|{_B}BREW{_B}|{_B}BMP{_B}|{_B}MAUI|MTK{_B}|Nucleus|ThreadX|Mocor|{_B}MRE{_B}|{_B}REX{_B}"
            rf"|{_B}GEOS{_B}|Hiptop|{_B}Danger{_B}|Zaurus|Qtopia|Qt embedded|{_B}Newton{_B}|{_B}PDA{_B}|EZweb|{_B}Sidekick|{_B}LiMo{_B}|Linux/\d[^ ]* .*{_B}Phone|{_B}Phone OS|Firefox OS|{_B}PureOS Mobile|postmarketOS|Plasma Mobile",
            "Systems that never ran on a desktop computer.",
        ),
        Rule(
            "feature-phone",
            "phone",
            rf"J2ME|{_B}MIDP|CLDC|UP\.(?:Browser|Link)|Obigo|Teleca|Openwave|{_B}WAP(?:{_B}|\d)|NetFront|Polaris|Dolfin|Jasmine|{_B}Dorado|portalmmm|i-mode|DoCoMo|{_B}FOMA{_B}|jig browser|OneBrowser|KDDI|SoftBank|J-PHONE|Vodafone/|WILLCOM|emobile|DDIPOCKET|PDXGW"
            rf"|Opera M(?:ini|obi)|Mobileexplorer|MobileExplorer|Skyfire|{_B}Bolt/|TeaShark|{_B}uZard|Minimo|Fennec|{_B}Iris/|{_B}MicroB|OviBrowser|NokiaBrowser|UCWEB|UC ?Browser|{_B}UC/|JUC ?\(|IUC ?\(|MQQBrowser/Mini|Linux zvav|Linux zbov|Configuration/CLDC|Profile/",
            "Browsers and runtimes of phones from before Android, and Opera Mini's servers (zvav, zbov) in desktop mode.",
        ),
        Rule(
            "phone-maker",
            "phone",
            rf"{_B}Nokia ?-?[\dNEXCLA]|^Nokia|Sony ?Ericsson|{_B}SEC-|(?-i:SAMSUNG)|^Samsung|^Sony[A-Z]{{2,3}}\d|Sony/|^ASUS-|BIRD\.|{_B}PPC-?\d{{4}}|{_B}SIE-|{_B}MOT-|(?-i:^MOT)|Motorola[- ]|{_B}LGE?[-/][A-Z\d]|(?-i:^LG[-/ A-Z\d])|{_B}SGH-|{_B}GT-[A-Z]\d|{_B}SM-[A-Z]\d|{_B}SPH-|{_B}SCH-|{_B}SHARP-T|SAGEM|Alcatel|Panasonic-|PHILIPS-|Philips[- ]?[@\d]"
            rf"|^(?:HTC|ZTE|HUAWEI|Huawei|Lenovo|BenQ|BIRD|CECT|COOLPAD|TIANYU|K-Touch|GIONEE|OPPO|vivo|Haier|TCL|Amoi|DoPod|dopod|Sanyo|SANYO|Kyocera|KWC-|QC-|NEC-|Toshiba|Pantech|PANTECH|PG-|SKY|Audiovox|AUDIOVOX|CDM-|Mitsu|Ericsson|Telit|Spice|Micromax|Karbonn|LAVA|INTEX|MAXX|G'Five|Fly|Videocon|Celkon|Zen|itel|TECNO|Infinix)(?-i:[-_ /\dA-Z])"
            rf"|HTC[-_ /]|PadFone|{_B}Vertu|{_B}Desire[ _]|{_B}Nexus (?:One|S|4|5|6)",
            "Makers of phones put their name, or its short form, first.",
        ),
        Rule(
            "small-screen",
            "phone",
            rf"{_B}[1-4]\d\dx[1-9]\d\d{_B}|{_B}(?:96|84)x\d\d{_B}",
            "A screen of fewer than 500 dots is stated by hand-held browsers only.",
        ),
    )
)

NO_FORM = frozenset({"android", "ios"})
"""Rules that recognise a system for handhelds but guess the form: a mail client beside them stays one."""

MASKED = Table(
    (
        Rule(
            "ios-browser",
            "tablet",
            rf"{_B}(?:FxiOS|CriOS|EdgiOS|OPiOS|GSA|OPT|DuckDuckGo|Klar|Focus)/\d|{_B}Brave ?iOS|Coast/|Mercury/|YaBrowser/[\d.]+ Mobile|Mobile/\d+[A-Z]\d*",
            "Browsers for iOS only; with a Mac beside them it is an iPad or iPhone that asked for the desktop site.",
        ),
        Rule(
            "android-browser",
            "phone",
            rf"EdgA/|SamsungBrowser|MiuiBrowser|HeyTapBrowser|OppoBrowser|VivoBrowser|RealmeBrowser|MZBrowser|PHX/|SogouMobileBrowser|{_B}Puffin/[\d.]+[AI][PT]|YaApp_Android|{_B}OPRT/|Kiwi/|Bromite/|Cromite/|{_B}Ecosia android",
            "Browsers for Android only.",
        ),
        Rule(
            "android-webview",
            "phone",
            rf"Version/\d+\.\d+ (?:Mobile )?Chrome/|;\s?wv\)|FB_IAB|FB4A|FBIOS|FBAN/(?:EMA|FBForI|MessengerL|Orca)|Instagram \d|{_B}musical_ly|BytedanceWebview|Snapchat/|{_B}Line/\d[^ ]*/IAB|KAKAOTALK|Pinterest for (?:Android|iOS)",
            "A desktop's Chrome never sends Version/; embedded browsers of apps do.",
        ),
        Rule(
            "mobile-word",
            "phone",
            rf"(?:^|[^-]{_B})Mobile(?:$|[ ;/)])|{_B}Mobi{_B}|smartphone|cellphone|handheld",
            "Mobile is the word by which servers are asked for the small page (not T-Mobile).",
        ),
    )
)
