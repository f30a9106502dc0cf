"""Words that show desktop and laptop computers.

They are used only if no rule of appliances, phones and tablets matched, since other devices name these systems in their
user agents too.
"""

from mailgate.classify.table import Table, TableRule

DESKTOPS = Table(
    (
        TableRule(
            "harmony-pc",
            "desktop",
            "HarmonyOS NEXT names its form first.",
            r"\((?:PC|2in1); ?(?:Open)?Harmony",
        ),
        TableRule(
            "windows",
            "desktop",
            "Windows for computers in all its spellings; phones, tablets and Xbox were told apart before.",
            r"""
            Windows[ _-]?NT | ~Outlook/1\d[^)]*; ?x(?:86|64) | ~Win ?NT
            Windows[ _-]?(?:XP|Vista|2000|2003|20[012]\d|ME|Server|9[58x]|3\.\d+|7|8(?:\.1)?|1[01])~
            ~Win(?:16|32|64|95|98| 9x|9x|2000|2K|XP|me)~ | ~16-?bit~ | ~Win ?3\.
            ~Windows(?:; ?(?:U|I|N);|;|\)|/|,) | ~CYGWIN | ~MSYS | mingw | ~Windows ~x(?:64|86)
            Microsoft Windows | Windows-NT | MS ?Windows | win-x64 | ~Win(?:7|8|8\.1|10|11) x(?:64|86)~ | ~Microsoft Outlook 1\d\. | ~Windows$ | Windows[ /-]\d
            Microsoft-WebDAV-MiniRedir | ~DavClnt~ | ~Windows-Update-Agent | ^Microsoft-(?:CryptoAPI|Delivery-Optimization)/ | Windows[ -]Live[ -]Mail | CalDavSynchronizer | ~Win(?:32|64)_x86
            Outlook[ -]Express | ~BarcaPro | ^Barca/ | \(compatible; ms-office | ZOOM\.Win~
            ~Update/[\d.]+;winhttp | ~HandBrake Win~ | ^UCCAPI/ | ^OC/\d | ~Windows-Media-Player/
            """,
        ),
        TableRule(
            "macintosh",
            "desktop",
            "Apple's computers. An iPad in desktop mode says the same and cannot be told apart here.",
            r"""
            Macintosh | Mac_PowerPC | Mac_PPC | Mac_68 | ~Mac[ _+]?OS | macOS | ~OS ?X~ | Mac[ _]?PPC
            MacBook | ~iMac | Macmini | MacPro | ~Mac\d+[,%]
            Darwin/[\d.]+ \((?:x86_64|i386|Power) | Darwin[ ;/][^)]*~(?:x86_64|i386|ppc|Power)
            apple-darwin | MacOutlook | ~Mac; | ~Darwin; U; | X11; [^)]*Darwin
            CalendarAgent | AddressBookSourceSync | WebDAV(?:FS|Lib)/ | Entourage/ | ZOOM\.Mac~ | ^TeamsMac/ | ~for Mac~ | ^Safari/1\d{4}\. | ^Apple-PubSub/ | ^AppleSyndication/
            """,
        ),
        TableRule(
            "chromebook",
            "desktop",
            "Chromebooks.",
            r"~CrOS~ | ChromeOS | Chrome OS | Chromium OS | CitrixChromeApp",
        ),
        TableRule(
            "unix",
            "desktop",
            "Unix workstations and the free systems that follow them.",
            r"""
            ~SunOS | Solaris | ~IRIX | HP-UX | ~AIX~ | OSF1 | OSF/1 | Tru64
            ~[A-Z]*-?BSD(?:~|\d) | DragonFly
            NEXTSTEP | OpenStep | ULTRIX | UNIX_SV | UNIX_System_V | ~Unix~ | SCO_SV | ~SCO~ | UnixWare
            SINIX | ReliantUNIX | ~NCR/ | DYNIX | ~NEWS-OS | GNU/k?Hurd | ~Hurd~ | X11; ?(?:U; ?)?GNU~
            illumos | OpenIndiana | ~Minix | ~Plan ?9 | ~Inferno~ | QNX x86 | Photon;[ ] | ~UNICOS
            ~Domain/OS | ~ConvexOS
            """,
        ),
        TableRule(
            "rare-system",
            "desktop",
            "Systems that only ever ran on computers with a keyboard.",
            r"""
            OpenVMS | (?:^|[(;] ?)VMS~ | Amiga | AmigaOS | MorphOS | ~AROS~ | IBrowse | ~BeOS | Haiku | ~OS/2~
            ~OS2~ | ArcaOS | eComStation | RISC ?OS | ~Atari~ | FreeMiNT | (?-i:~MiNT)~
            ~CAB[ /]\d | ReactOS | SerenityOS | KolibriOS | MenuetOS | SkyOS | Syllable | AtheOS
            Visopsys | ~Redox~ | TempleOS | ~Genode | ~ToaruOS | MS-?DOS | FreeDOS | DR-DOS | ~DOS[;/ )]
            Arachne | ~MVS~ | ~OS/390 | ~z/OS | ~OS/400 | ~Contiki | ~Commodore | Symbolics | ~Oberon
            ~NewOS | NetPositive | ~NetWare~ | zeta[ /]os | (?-i:~ZETA)~
            """,
        ),
        TableRule(
            "linux-distribution",
            "desktop",
            "Distributions of Linux for computers.",
            r"""
            Ubuntu | Debian | Fedora | ~Red ?Hat | ~SUSE | openSUSE | ~CentOS | Gentoo | Slackware
            Mandr(?:iva|ake) | Mageia | Arch ?Linux | ~Manjaro | Linux ?Mint | Raspbian | elementary ?OS
            ~Knoppix | PCLinuxOS | Kubuntu | Xubuntu | ~Deepin | (?-i:~UOS)~ | Kylin | ~Zorin | Pop!?_OS
            Solus | NixOS | Kali~ | Rocky Linux | AlmaLinux | Oracle Linux | Endless ?OS | ~Tails~
            ~Puppy~ | Lin(?:spire|dows) | Moblin | ~Sabayon | Vector ?Linux | ~Zenwalk | GNU/Linux | Endeavour
            ~Astra ?Linux | (?-i:~ROSA)~ | ALT ?Linux | ~Pardus | ASPLinux | Turbolinux | ~VineLinux | StartOS
            ~Wayland~
            """,
        ),
        TableRule(
            "linux-computer",
            "desktop",
            "Linux on processors of computers, or with X11. Linux on ARM or MIPS is a box as often as a computer, unless a browser for computers is named.",
            r"""
            Linux[ -](?:x86_64|x86|amd64|i[3-9]86|ppc(?:64)?(?:le)?|sparc(?:64)?|alpha|ia64|s390x?|parisc|m68k|riscv64|powerpc|loong(?:arch)?64|mips64|e2k)
            Linux aarch64[^)]*rv: | Linux (?:aarch64|armv\d\w*)\).*(?:Chromium/|Epiphany|Konqueror|Falkon) | Linux[^)]*\).*~Puffin/[\d.]+LD
            (?:x86_64|i[3-9]86|amd64)[-; ]+[^)]*Linux
            Linux[^)]*(?:x86_64|i[3-9]86|amd64|ppc64|alpha|sparc) | linux-gnu~
            X11; ?(?:U; ?|I; ?|N; ?)?Linux(?:[;)/]| [\d.]| \w\w-|$) | X11;? ?[^)]*Linux (?:\)|[\d;])
            textmode; ?Linux | Linux[^)]*\) Opera [5-8]\.
            X11; [^)]*Linux arm[^)]*rv:[\d.]+\) Gecko/20100101 Firefox/
            \(compatible; Konqueror[^)]*Linux | ~Linux; ?X11 | Opera/[5-8]\.\d+ \((?:Linux|X11)
            \((?:X11; ?)?Linux; ?(?:U; ?)?[a-z]{2}(?:-[A-Z]{2})?; rv: | KHTML[^)]*Linux
            """,
        ),
        TableRule(
            "x11",
            "desktop",
            "Programs that need a window system or a terminal of a computer, and clients for mail and calendars that exist for nothing else.",
            r"""
            ~X11; ?(?:U|I|N)?;? ?(?:x86_64|i[3-9]86|en)~ | ~X11\) | Konqueror | ~mirall | os=(?:Mac|Win)
            ~Liferea | Akregator | Rhythmbox | ~Banshee | Clementine[/ ]\d | ~Amarok | gPodder | RSSOwl
            QuiteRSS | FeedDemon | NetNewsWire/[1-4] | foobar2000/\d | Winamp | Songbird
            ~Miro/ | ~Galeon | Epiphany/[12] | ~Dillo | ~NetSurf | HotJava
            OmniWeb | WebExplorer | ~AWeb/ | ~Lynx/ | ~Links \( | ELinks | ~w3m/ | NCSA[_ ]Mosaic
            ^Netscape[ /] | ~Netscape\d?/\d | ^Mozilla/[1-4]\.\d\d?C?(?:-[^ (]+)? ?\[[a-z]{2} | ~Emacs | ~Emacs-W3
            Arena/ | Amaya/ | ^retawq | ^edbrowse | ^netrik | ^Cello/ | ^Cyberdog/ | ^MacWeb/ | ^Chimera/
            ^ViolaWWW | ^luakit/ | ^Links2/ | ^XMMS/ | ^Audacious/ | \(PC (?:desktop|laptop)\) | ^Mothra/ | ^abaco/ | ^Evolution/ | ~gvfs/ | ~KMail/ | ~Akonadi | DAV groupware
            ~Electron/\d | ~QupZilla | ~Falkon/ | ~rekonq | ~WTOS/ | ; Desktop app; | Claws ?Mail | Sylpheed | ~Geary/ | The Bat!
            """,
        ),
    )
)
