"""Words that show phones and tablets, the strongest first.

The order matters: a Windows Phone claims to be an Android and an iPhone, and an Android tablet may say Mobile.
"""

from mailgate.classify.table import Table, TableRule

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
        TableRule(
            "harmony-phone",
            "phone",
            "As above.",
            r"\((?:Phone|Mobile); ?(?:Open)?Harmony",
        ),
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
        TableRule(
            "ios",
            "phone",
            "Apps on iOS name the system but no form.",
            r"~iOS(?:[ /;)_.-]|$)",
        ),
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
