"""Words by which phones and tablets give themselves away, strongest first.

The order matters: a Windows Phone claims to be an Android and an iPhone, an Android tablet may say Mobile.
``MASKED`` holds words that only handhelds send but that also stand beside a desktop's system, when a phone
asks for the desktop site; beside one they are a contradiction.
"""

from mailgate.classify.table import Rule, Table

HANDHELDS = Table(
    (
        Rule(
            "windows-phone",
            "phone",
            "Every edition of Windows for phones, also in its desktop mode (WPDesktop).",
            r"""
            Windows[ _-]?Phone | ~WP[78][/. ] | IEMobile | WPDesktop | ZuneWP7 | XBLWP7 | Windows Mobile
            WindowsMobile | Windows[ _-]?CE | WinCE | Pocket ?PC | PocketIE | MSIEMobile
            MSFT-(?:WP|PPC|SPhone) | Lumia | ; ?PPC; ?(?:\d|Motion|Smart) | Smartphone; ?\d
            """,
        ),
        Rule(
            "windows-touch",
            "tablet",
            "Windows RT runs on 32-bit ARM tablets only; Touch marks a screen that is touched. In doubt not a laptop.",
            r"""
            Windows NT [\d.]+; ?ARM[;)] | Windows NT [^)]*; ?Touch[;)] | ~Windows RT~
            Windows NT [^)]*; ?Tablet[;)]
            """,
        ),
        Rule(
            "harmony-tablet",
            "tablet",
            "HarmonyOS NEXT names its form first: Phone, Tablet or PC.",
            r"\(Tablet; ?(?:Open)?Harmony",
        ),
        Rule(
            "harmony-phone",
            "phone",
            "As above.",
            r"\((?:Phone|Mobile); ?(?:Open)?Harmony",
        ),
        Rule(
            "not-handheld",
            "",
            "As above: a computer, left to the table of computers.",
            r"\((?:PC|2in1); ?(?:Open)?Harmony",
        ),
        Rule(
            "tablet-system",
            "tablet",
            "Systems and words that exist on tablets only (Android 3 was never on a phone).",
            r"""
            ~iPad | PlayBook | hp-tablet | TouchPad | Opera Tablet | \(Tablet; | ; Tablet; | Android 3\.
            ~Ubuntu[^)]*~Tablet~ | iPadOS | ~Puffin/[\d.]+[AIW]T
            """,
        ),
        Rule(
            "tablet-model",
            "tablet",
            "Lines of tablets by their model words; 'Tablet PC' is a service of Windows on laptops and is left out.",
            r"""
            Kindle ?Fire | (?-i:~KF[A-Z]{2,6})~ | ~Silk/ | ~Nexus (?:7|9|10)~ | ~Pixel (?:C|Tablet)~
            ~SM-[TXP]\d{3} | ~GT-[PN]\d{4} | ~SCH-I[89]\d\d Tab | SHW-M[34][58]\d | Galaxy Tab | ~Xoom~
            Transformer
            ~(?:Media|Mate|Mi|Redmi|Me|Honor|MagicPad|Xiaomi|OnePlus|OPPO|vivo|realme|Lenovo|Smart|i|e)[ _-]?Pad~
            ~(?:Tab|Pad|TB)[ _-]?[A-Z]?\d | ~(?:Tab|Pad|TAB|PAD)~ | Tablet(?:[^ P]| [^P]|$) | ~BNTV
            ~[A-Z]{3}\d?-W\d\d(?:HN|CN)?~ | ~OPD\d{4} | Nokia T\d\d~ | Lenovo YT | ~YT\d?- | WeTab
            ~Iconia | ~A[15]00~ | ~Streak~ | ~Cintiq | ~Surface Duo Tab
            """,
        ),
        Rule(
            "apple-phone",
            "phone",
            "Apple's phones; 'like Mac OS X' is iOS, never a Mac. The system's own programs name it first.",
            r"~iPhone | ~iPod | like Mac OS X | ~CPU OS \d | ~iPh\d | ^iOS/[\d.]+ \(\w+\) [a-z]",
        ),
        Rule(
            "android-mobile",
            "phone",
            "Google tells makers to put Mobile into a phone's user agent and to leave it out of a tablet's.",
            r"""
            Android.*~Mobile~ | ~Mobile~.*Android | Android.*Opera M(?:obi|ini)
            Opera M(?:obi|ini).*Android | Android.*Fennec | Dalvik.*Android
            """,
        ),
        Rule(
            "android-tablet",
            "tablet",
            "A browser on Android without Mobile is on a tablet.",
            r"(?:Android|Adr[ _]).*(?:AppleWebKit|Gecko/|Presto|Trident)",
        ),
        Rule(
            "android",
            "phone",
            "Apps on Android name the system but no form. They are on phones more than anywhere else.",
            r"""
            Android | Andr0id | diordnA | ~Adr~ | OpenHarmony | HarmonyOS | HMSCore | Dalvik | okhttp
            CyanogenMod | MIUI~ | ~Aliyun | YunOS | ~LineageOS
            """,
        ),
        Rule(
            "ios",
            "phone",
            "Apps on iOS name the system but no form.",
            r"~iOS(?:[ /;)_.-]|$)",
        ),
        Rule(
            "phone-system",
            "phone",
            "Systems that never ran on a desktop computer.",
            r"""
            Symb(?:ian|OS) | Series ?[3469]0~ | ~S[3469]0[;/ )V] | EPOC | BlackBerry | ~BB10 | ~RIM[ ] | KAIOS
            Sailfish | ~Jolla | Maemo | MeeGo | ~Bada | ~Tizen | webOS/ | hpwOS | w(?:eb)?OSBrowser
            ~Palm(?:OS|Source|One|Scape|~|[\d_-]) | Blazer | ~Elaine | Xiino | EudoraWeb | AvantGo | Plucker
            ProxiNet | \(Mobile;[ ] | Ubuntu[^)]*~(?:Mobile|Touch|Phone) | Ubuntu Touch | ~BREW~ | ~BMP~
            ~MAUI | ~MTK[ _-]?\d | ~MTK/ | Nucleus | ThreadX | Mocor | ~MRE~ | ~REX~ | ~GEOS~ | Hiptop
            ~Danger~ | Zaurus | Embedix | Qtopia | ~N770~ | ~RX-[3-5]\d~
            Qt embedded | ~Newton~ | ~PDA~ | EZweb | ~Sidekick | ~LiMo~
            MobilePhone | J-EMULATOR | Linux/\d[^ ]* .*~Phone | ~Phone OS | Firefox OS | ~PureOS Mobile
            postmarketOS | Plasma Mobile | Angelfish/
            """,
        ),
        Rule(
            "feature-phone",
            "phone",
            "Browsers and runtimes of phones from before Android, and Opera Mini's servers (zvav, zbov) in desktop mode."
            " Opera for computers ended its 8 at 8.54; on Windows Mobile it is 8.60 and 8.65, and 9 has the model in front.",
            r"""
            J2ME | ~MIDP | CLDC | UP\.(?:Browser|Link) | Obigo | Teleca | ~OPWV | Openwave[/ ;]?[0-7] | ~WAP(?:~|\d)
            NetFront | Polaris | Dolfin | Jasmine | ~Dorado | portalmmm | i-mode | DoCoMo | ~FOMA~
            jig browser | OneBrowser | KDDI | SoftBank | J-PHONE | Vodafone/ | WILLCOM | emobile
            DDIPOCKET | PDXGW | Opera M(?:ini|obi) | Mobileexplorer | MobileExplorer | Skyfire | ~Bolt/
            Opera[ /]8\.6\d | ^[\w-]+ Opera/9\.\d+ \(Windows NT
            TeaShark | ~uZard | Minimo | Fennec | ~Iris/ | ~MicroB | OviBrowser | NokiaBrowser | UCWEB
            UC ?Browser | ~UC/ | JUC ?\( | IUC ?\( | MQQBrowser/Mini | Linux zvav | Linux zbov
            Configuration/CLDC | Profile/
            """,
        ),
        Rule(
            "phone-maker",
            "phone",
            "Makers of phones put their name, or its short form, first.",
            r"""
            ~Nokia ?-?[\dNEXCLA] | ^Nokia | Sony ?Ericsson | ~SEC- | (?-i:SAMSUNG) | ^Samsung
            ^Sony[A-Z]{2,3}\d | Sony/ | ^ASUS- | BIRD\. | ~PPC-?\d{4} | ~SIE- | ~MOT- | (?-i:^MOT)
            Motorola[-_ ] | Sony CLIE | ~LGE?[-/][A-Z\d] | (?-i:^LG[-/ A-Z\d]) | ~SGH- | ~GT-[A-Z]\d
            ~SM-[A-Z]\d | ~SPH- | ~SCH- | ~SHARP-T | SAGEM | Alcatel | Panasonic- | PHILIPS-
            Philips[- ]?[@\d]
            ^(?:HTC|ZTE|HUAWEI|Huawei|Lenovo|BenQ|BIRD|CECT|COOLPAD|TIANYU|K-Touch|GIONEE|OPPO|vivo|Haier|TCL|Amoi|DoPod|dopod|Sanyo|SANYO|Kyocera|KWC-|QC-|NEC-|Toshiba|Pantech|PANTECH|PG-|SKY|Audiovox|AUDIOVOX|CDM-|Mitsu|Ericsson|Telit|Spice|Micromax|Karbonn|LAVA|INTEX|MAXX|G'Five|Fly|Videocon|Celkon|Zen|itel|TECNO|Infinix)(?-i:[-_ /\dA-Z])
            HTC[-_ /] | PadFone | ~Vertu | ~Desire[ _] | ~Nexus (?:One|S|4|5|6)
            """,
        ),
        Rule(
            "small-screen",
            "phone",
            "A screen of fewer than 500 dots is stated by hand-held browsers only.",
            r"~[1-4]\d\dx[1-9]\d\d~ | ~(?:96|84)x\d\d~",
        ),
        Rule(
            "mac-program",
            "",
            "Programs of a Mac name it, or the processors that no iPhone has, or exist for nothing else: for the next rule.",
            r"""
            Darwin/[\d.]+ \((?:x86_64|i386|Power) | Macintosh | ~Mac[ _]OS[ _]X/ | ~macOS/
            MacBook | ~iMac | Macmini | MacPro | MacOutlook | CalendarAgent | AddressBookSourceSync | WebDAVFS/
            """,
        ),
        Rule(
            "apple-program",
            "phone",
            "Apple's network library stands behind programs of iPhones and Macs alike; in doubt no laptop, whatever the"
            " program is called.",
            r"CFNetwork/[\d.]+ Darwin/",
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
            "Browsers for iOS only; with a Mac beside them it is an iPad or iPhone that asked for the desktop site.",
            r"""
            ~(?:FxiOS|CriOS|EdgiOS|OPiOS|GSA|OPT|OPX|DuckDuckGo|Klar|Focus)/\d | ~Brave ?iOS | Coast/
            Mercury/ | YaBrowser/[\d.]+ Mobile | Mobile/\d+[A-Z]\d* | VivaiOS/ | Ecosia ?ios | YJApp-IOS
            BingSapphire/
            """,
        ),
        Rule(
            "blink-brand-on-webkit",
            "tablet",
            "On a Mac these browsers bring Chromium's engine. Apple's engine (AppleWebKit/6xx) they have on iOS alone, where"
            " Apple admits no other.",
            r"""
            Macintosh[^)]*\) AppleWebKit/6\d\d.*~(?:AlohaBrowser|Brave|OPR|YaBrowser|Vivaldi|Whale|UCBrowser|coc_coc_browser|Edg|Avast|AVG|Avira)/
            """,
        ),
        Rule(
            "android-browser",
            "phone",
            "Browsers for Android only; Samsung's, and Opera with builds of four numbers, exist for Windows, but not for X11.",
            r"""
            EdgA/ | MiuiBrowser | HeyTapBrowser | OppoBrowser | VivoBrowser
            RealmeBrowser | HonorBrowser | TranssionBrowser | SoulBrowser | Mint Browser/ | MMWEBID/ | MZBrowser
            PHX/ | SogouMobileBrowser | QHBrowser/ | ACHEETAHI/ | LieBaoFast/ | APUSBrowser/ | NAVER\(inapp | DaumApps/
            YaApp_Android | ~OPRT/ | Kiwi/ | MQQBrowser/ | Quark/\d | JioPages | JioBrowser
            baiduboxapp | XiaoMi/ | TBS/\d{6} | SearchCraft | Flyme
            Bromite/ | Cromite/ | ~Ecosia android | YaBrowser/[\d.]+ SA/ | GoogleApp/
            X11[^)]*\).*~(?:SamsungBrowser/|OPR/\d+\.\d+\.\d+\.\d{4})
            X11[^)]*\) AppleWebKit.*~(?:AlohaBrowser|Ddg|MxBrowser|Phoenix)/
            """,
        ),
        Rule(
            "cloud-browser",
            "phone",
            "Puffin ends its version in two letters, the second of which is the form: P, T, or D for a computer. Its first"
            " versions, beside X11, had none and were for phones.",
            r"~Puffin/[\d.]+[A-Z][A-CE-Z] | X11[^)]*\).*~Puffin/[\d.]+(?:[ ]|$)",
        ),
        Rule(
            "desktop-site",
            "phone",
            "What the browser of Android 3 and 4 sends as a whole for the desktop site, makers' models aside"
            " (DESKTOP_USERAGENT in AOSP's BrowserSettings). On a computer that was a test version of some days.",
            r"Chrome/11\.0\.696\.34 Safari/534\.24",
        ),
        Rule(
            "messenger",
            "phone",
            "Viber's pages are shown by WebView on Android; for computers it brings Qt's engine and says so first.",
            r"X11[^)]*\) AppleWebKit/[\d.]+ \(KHTML, like Gecko\) (?:Version/[\d.]+ )?(?:Chrome/[\d.]+ )?(?:Mobile )?(?:Safari/[\d.]+ )?Viber",
        ),
        Rule(
            "impossible-engine",
            "phone",
            "Version numbers that no browser for computers ever had: an engine that is years older than its"
            " Chrome, Firefox's Gecko without a date (Android), four numbers behind Version/ (BlackBerry).",
            r"""
            AppleWebKit/53[0-6][\d.+]* \(KHTML, like Gecko\) (?:Version/[\d.]+ )?Chrome/(?:2[89]|[3-9]\d|\d{3})\.
            rv:[\d.]+\) Gecko/\d{2,3}\.\d+ Firefox/ | Version/\d+\.\d+\.\d+\.\d+ Safari/
            """,
        ),
        Rule(
            "android-webview",
            "phone",
            "A desktop's Chrome never sends Version/; embedded browsers of apps do.",
            r"""
            Version/\d+\.\d+ (?:Mobile )?Chrome/ | ;\s?wv\) | FB_IAB | FB4A | FBIOS
            FBAN/(?:EMA|FBForI|MessengerL|Orca) | Instagram \d | ~musical_ly | BytedanceWebview
            Snapchat/ | ~Line/\d[^ ]*/IAB | KAKAOTALK | Pinterest for (?:Android|iOS)
            """,
        ),
        Rule(
            "mobile-word",
            "phone",
            "Mobile is the word by which servers are asked for the small page (not T-Mobile).",
            r"(?:^|[^-]~)Mobile(?:$|[ ;/)]) | ~Mobi~ | smartphone | cellphone | handheld",
        ),
    )
)
