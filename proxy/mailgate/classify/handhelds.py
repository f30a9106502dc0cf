"""Words that show phones and tablets, the strongest first.

The order matters: a Windows Phone claims to be an Android and an iPhone, and an Android tablet may say Mobile.
"""

from mailgate.classify.programs import HANDHELD_MAIL_APP
from mailgate.classify.table import Table, TableRule

DESKTOP_MODE = Table(
    (
        HANDHELD_MAIL_APP,
        TableRule(
            "ios-browser",
            "tablet",
            "Browsers that exist only for iOS. If a Mac is named beside them, it is an iPad or iPhone that asked for the desktop site.",
            r"""
            ~(?:FxiOS|CriOS|EdgiOS|OPiOS|GSA|OPT|OPX|DuckDuckGo|Klar|Focus)/\d | ~Brave ?iOS | Coast/
            Mercury/ | YaBrowser/[\d.]+ Mobile | Mobile/\d+[A-Z]\d* | VivaiOS/ | Ecosia ?ios | YJApp-IOS
            BingSapphire/
            """,
        ),
        TableRule(
            "blink-brand-on-webkit",
            "tablet",
            "On a Mac these browsers have Chromium's engine. They have Apple's engine (AppleWebKit/6xx) only on iOS, where Apple"
            " admits no other.",
            r"""
            Macintosh[^)]*\) AppleWebKit/6\d\d.*~(?:AlohaBrowser|Brave|OPR|YaBrowser|Vivaldi|Whale|UCBrowser|coc_coc_browser|Edg|Avast|AVG|Avira)/
            """,
        ),
        TableRule(
            "android-browser",
            "phone",
            "Browsers that exist only for Android. Samsung's browser and Opera with four numbers in its version also exist for Windows, but"
            " not for X11. UC for phones puts its name before the engine, whatever system it claims.",
            r"""
            EdgA/ | MiuiBrowser | HeyTapBrowser | OppoBrowser | VivoBrowser
            RealmeBrowser | HonorBrowser | TranssionBrowser | SoulBrowser | Mint Browser/ | MMWEBID/ | MZBrowser
            PHX/ | SogouMobileBrowser | QHBrowser/ | ACHEETAHI/ | LieBaoFast/ | APUSBrowser/ | NAVER\(inapp | DaumApps/
            YaApp_Android | ~Aphone Browser | ~Ninesky/ | ~OPRT/ | Kiwi/ | MQQBrowser/ | Quark/\d | JioPages | JioBrowser
            baiduboxapp | XiaoMi/ | TBS/\d{6} | SearchCraft | Flyme
            Bromite/ | Cromite/ | ~Ecosia android | YaBrowser/[\d.]+ SA/ | GoogleApp/
            ~UC AppleWebKit/
            X11[^)]*\).*~(?:SamsungBrowser/|OPR/\d+\.\d+\.\d+\.\d{4})
            X11[^)]*\) AppleWebKit.*~(?:AlohaBrowser|Ddg|MxBrowser|Phoenix)/
            """,
        ),
        TableRule(
            "cloud-browser",
            "phone",
            "Puffin's version ends in two letters. The second one is the form: P, T, or D for a computer. Its first versions had no"
            " letters, named X11 and were for phones.",
            r"~Puffin/[\d.]+[A-Z][A-CE-Z] | X11[^)]*\).*~Puffin/[\d.]+(?:[ ]|$)",
        ),
        TableRule(
            "desktop-site",
            "phone",
            "The browser of Android 3 and 4 sends this for the desktop site (DESKTOP_USERAGENT in AOSP's BrowserSettings). On"
            " computers, only a test version of a few days had this number.",
            r"Chrome/11\.0\.696\.34 Safari/534\.24",
        ),
        TableRule(
            "messenger",
            "phone",
            "On Android, WebView shows Viber's pages. On computers Viber has Qt's engine and names it first.",
            r"X11[^)]*\) AppleWebKit/[\d.]+ \(KHTML, like Gecko\) (?:Version/[\d.]+ )?(?:Chrome/[\d.]+ )?(?:Mobile )?(?:Safari/[\d.]+ )?Viber",
        ),
        TableRule(
            "impossible-engine",
            "phone",
            "Version numbers that no browser for computers ever had: an engine that is years older than its Chrome; Firefox's Gecko"
            " without a date beside X11 (Android's desktop site); four numbers after Version/ (BlackBerry); and an Opera below 100"
            " beside Chrome 114 or later, since Opera 100 for computers came with Chrome 114.",
            r"""
            AppleWebKit/53[0-6][\d.+]* \(KHTML, like Gecko\) (?:Version/[\d.]+ )?Chrome/(?:2[89]|[3-9]\d|\d{3})\.
            X11;[^)]*rv:[\d.]+\) Gecko/\d{2,3}\.\d+ Firefox/ | Version/\d+\.\d+\.\d+\.\d+ Safari/
            Chrome/(?:11[5-9]|1[2-9]\d|[2-9]\d\d)\..*~OPR/\d\d\.
            """,
        ),
        TableRule(
            "android-webview",
            "phone",
            "Chrome on a desktop never sends Version/. Browsers that are embedded in apps do.",
            r"""
            Version/\d+\.\d+ (?:Mobile )?Chrome/ | ;\s?wv\) | FB_IAB | FB4A | FBIOS
            FBAN/(?:EMA|FBForI|MessengerL|Orca) | Instagram \d | ~musical_ly | BytedanceWebview
            Snapchat/ | ~Line/\d[^ ]*/IAB | KAKAOTALK | Pinterest for (?:Android|iOS)
            """,
        ),
        TableRule(
            "mobile-word",
            "phone",
            "With the word Mobile, a browser asks for the page for small screens. T-Mobile is a company and does not count.",
            r"(?:^|[^-]~)Mobile(?:$|[ ;/)]) | ~Mobi~ | smartphone | cellphone | handheld",
        ),
    )
)

HANDHELDS = Table(
    (
        TableRule(
            "windows-phone",
            "phone",
            "Every edition of Windows for phones, also in its desktop mode (WPDesktop).",
            r"""
            Windows[ _-]?Phone | ~WP[78][/. ] | IEMobile | WPDesktop | ZuneWP7 | XBLWP7 | Windows Mobile
            WindowsMobile | Windows[ _-]?CE | WinCE | Pocket ?PC | PocketIE | MSIEMobile
            MSFT-(?:WP|PPC|SPhone) | Lumia | ; ?PPC; ?(?:\d{3}x|Motion|Smart) | Smartphone; ?\d
            """,
        ),
        TableRule(
            "windows-touch",
            "tablet",
            "Windows RT runs only on 32-bit ARM tablets. Touch marks a touch screen; in doubt it is no laptop.",
            r"""
            Windows NT [\d.]+; ?ARM[;)] | Windows NT [^)]*; ?Touch[;)] | ~Windows RT~
            Windows NT [^)]*; ?Tablet[;)]
            """,
        ),
        TableRule(
            "harmony-tablet",
            "tablet",
            "HarmonyOS NEXT names its form first: Phone, Tablet or PC.",
            r"\(Tablet; ?(?:Open)?Harmony",
        ),
        TableRule("harmony-phone", "phone", "As above.", r"\((?:Phone|Mobile); ?(?:Open)?Harmony"),
        TableRule(
            "not-handheld",
            "",
            "As above: a computer, left to the table of computers.",
            r"\((?:PC|2in1); ?(?:Open)?Harmony",
        ),
        TableRule(
            "tablet-system",
            "tablet",
            "Systems and words that exist on tablets only (Android 3 was never on a phone).",
            r"""
            ~iPad | PlayBook | hp-tablet | TouchPad | Opera Tablet | \(Tablet; | ; Tablet; | Android 3\.
            ~Ubuntu[^)]*~Tablet~ | iPadOS | ~Puffin/[\d.]+[AIW]T
            """,
        ),
        TableRule(
            "tablet-model",
            "tablet",
            "Lines of tablets by their model words; 'Tablet PC' is a service of Windows on laptops and is left out.",
            r"""
            Kindle ?Fire | (?-i:~KF[A-Z]{2,6})~ | ~Silk/ | ~Nexus (?:7|9|10)~ | ~Pixel (?:C|Tablet)~
            ~SM-[TXP]\d{3} | ~GT-[PN]\d{4} | ~SCH-I[89]\d\d Tab | SHW-M[34][58]\d | Galaxy Tab | ~Xoom~
            Transformer
            ~(?:Media|Mate|Mi|Redmi|Me|Honor|MagicPad|Xiaomi|OnePlus|OPPO|vivo|realme|Lenovo|Smart|i|e)[ _-]?Pad~
            ~(?:Tab|Pad|TB)[ _-]?[A-Z]?\d | ~(?:Tab|Pad|TAB|PAD)~ | Tablet(?:[^ Pt]| [^P]|$) | ~BNTV
            ~[A-Z]{3}\d?-W\d\d(?:HN|CN)?~ | ~OPD\d{4} | Nokia T\d\d~ | Lenovo YT | ~YT\d?- | WeTab
            ~Iconia | ~A[15]00~ | ~Streak~ | ~Cintiq | ~Surface Duo Tab
            """,
        ),
        TableRule(
            "apple-phone",
            "phone",
            "Apple's phones; 'like Mac OS X' is iOS, never a Mac. The system's own programs name it first.",
            r"~iPhone | ~iPod | like Mac OS X | ~CPU OS \d | ~iPh\d | ^iOS/[\d.]+ \(\w+\) [a-z]",
        ),
        TableRule(
            "android-mobile",
            "phone",
            "Google tells makers to put Mobile into the user agent of a phone and to leave it out on a tablet.",
            r"""
            Android.*~Mobile~ | ~Mobile~.*Android | Android.*Opera M(?:obi|ini)
            Opera M(?:obi|ini).*Android | Android.*Fennec | Dalvik.*Android
            """,
        ),
        TableRule(
            "android-tablet",
            "tablet",
            "A browser on Android without Mobile is on a tablet.",
            r"(?:Android|Adr[ _]).*(?:AppleWebKit|Gecko/|Presto|Trident)",
        ),
        TableRule(
            "android",
            "phone",
            "Apps on Android name the system but no form. They are on phones more than anywhere else.",
            r"""
            Android | Andr0id | diordnA | ~Adr~ | OpenHarmony | HarmonyOS | HMSCore | Dalvik | okhttp
            CyanogenMod | MIUI~ | ~Aliyun | YunOS | ~LineageOS
            """,
        ),
        TableRule("ios", "phone", "Apps on iOS name the system but no form.", r"~iOS(?:[ /;)_.-]|$)"),
        TableRule(
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
        TableRule(
            "feature-phone",
            "phone",
            "Browsers and runtimes of phones from before Android, and Opera Mini's servers (zvav, zbov) in desktop mode."
            " The last Opera 8 for computers was 8.54; 8.60 and 8.65 ran on Windows Mobile, and Opera 9 there has the model in front.",
            r"""
            J2ME | ~MIDP | CLDC | UP\.(?:Browser|Link) | Obigo | Teleca | ~OPWV | Openwave[/ ;]?[0-7] | ~WAP(?:~|\d)
            NetFront | Polaris | Dolfin | Jasmine | ~Dorado | portalmmm | i-mode | DoCoMo | ~FOMA~
            jig browser | OneBrowser | KDDI | SoftBank | J-PHONE | Vodafone/ | WILLCOM | emobile
            DDIPOCKET | PDXGW | Opera M(?:ini|obi) | Mobileexplorer | MobileExplorer | Skyfire | ~Bolt/
            Opera[ /]8\.6\d | ^[\w-]+ Opera/9\.\d+ \(Windows NT
            TeaShark | ~uZard | Minimo | Fennec | ~Iris/ | ~MicroB | OviBrowser | NokiaBrowser | ~OSRE/ | UCWEB
            UC ?Browser | ~UC/ | JUC ?\( | IUC ?\( | MQQBrowser/Mini | Linux zvav | Linux zbov
            Configuration/CLDC | Profile/
            """,
        ),
        TableRule(
            "phone-maker",
            "phone",
            "Makers of phones put their name, or its short form, first.",
            r"""
            ~Nokia ?-?[\dNEXCLA] | ^Nokia | Sony ?Ericsson | ~SEC- | (?-i:SAMSUNG) | ^Samsung
            ^Sony[A-Z]{2,3}\d | Sony/ | ^ASUS- | BIRD\. | ~PPC-?\d{4} | ~SIE- | ~MOT- | (?-i:^MOT)
            Motorola[-_ ] | Sony CLIE | (?-i:~LGE?[-/][A-Z\d]) | (?-i:^LG[-/ A-Z\d]) | ~SGH- | ~GT-[A-Z]\d
            ~SM-[A-Z]\d | ~SPH- | ~SCH- | ~SHARP-T | SAGEM | Alcatel | Panasonic- | PHILIPS-
            Philips[- ]?[@\d]
            ^(?:HTC|ZTE|HUAWEI|Huawei|Lenovo|BenQ|BIRD|CECT|COOLPAD|TIANYU|K-Touch|GIONEE|OPPO|vivo|Haier|TCL|Amoi|DoPod|dopod|Sanyo|SANYO|Kyocera|KWC-|QC-|NEC-|Toshiba|Pantech|PANTECH|PG-|SKY|Audiovox|AUDIOVOX|CDM-|Mitsu|Ericsson|Telit|Spice|Micromax|Karbonn|LAVA|INTEX|MAXX|G'Five|Fly|Videocon|Celkon|Zen|itel|TECNO|Infinix)(?-i:[-_ /\dA-Z])
            HTC[-_ /] | PadFone | ~Vertu | ~Desire[ _] | ~Nexus (?:One|S|4|5|6)
            """,
        ),
        TableRule(
            "small-screen",
            "phone",
            "Only browsers of handhelds name a screen that is less than 500 pixels wide.",
            r"~[1-4]\d\dx[1-9]\d\d~ | ~(?:96|84)x\d\d~",
        ),
        TableRule(
            "mac-program",
            "",
            "Programs of a Mac: they name it or a processor that no iPhone has, or exist only for the Mac. So the next rule does not count them.",
            r"""
            Darwin/[\d.]+ \((?:x86_64|i386|Power) | Macintosh | ~Mac[ _]OS[ _]X/ | ~macOS/
            ^Safari/1\d{4}\. | MacBook | ~iMac | Macmini | MacPro | MacOutlook | CalendarAgent | AddressBookSourceSync | WebDAVFS/
            """,
        ),
        TableRule(
            "apple-program",
            "phone",
            "Programs of iPhones and of Macs use Apple's network library. In doubt it is no laptop, whatever the name of the"
            " program is.",
            r"CFNetwork/[\d.]+ Darwin/",
        ),
    )
)

NO_FORM = frozenset({"android", "ios"})
"""Rules that recognise a handheld system but guess the form. A mail client beside such a system stays a mail client."""
