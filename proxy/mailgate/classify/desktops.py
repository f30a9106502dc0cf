"""Words by which desktop and laptop computers give themselves away.

Asked only where no rule of appliances, phones and tablets matched: these systems also stand in the user
agents of devices that are none.
"""

from mailgate.classify.table import Rule, Table

_B = r"(?-u:\b)"

DESKTOPS = Table(
    (
        Rule(
            "harmony-pc",
            "desktop",
            r"\((?:PC|2in1); ?(?:Open)?Harmony",
            "HarmonyOS NEXT names its form first.",
        ),
        Rule(
            "windows",
            "desktop",
            rf"Windows[ _-]?NT|{_B}Outlook/1\d[^)]*; ?x(?:86|64)|{_B}WinNT|Windows[ _-]?(?:XP|Vista|2000|2003|20[012]\d|ME|Server|9[58x]|3\.\d+|7|8(?:\.1)?|1[01]){_B}|{_B}Win(?:16|32|64|95|98| 9x|9x|2000|2K|XP|me){_B}|Windows 16-bit|16-?bit{_B}|{_B}Win ?3\.|{_B}Windows(?:; ?(?:U|I|N);|;|\)|/|,)|{_B}CYGWIN|{_B}MSYS|mingw|{_B}Windows {_B}x(?:64|86)|Microsoft Windows|Windows-NT|MS ?Windows|win-x64|{_B}Windows$|Windows[ /-]\d|Microsoft-WebDAV-MiniRedir",
            "Windows for computers in all its spellings; phones, tablets and Xbox were told apart before.",
        ),
        Rule(
            "macintosh",
            "desktop",
            rf"Macintosh|Mac_PowerPC|Mac_PPC|Mac_68|{_B}Mac[ _+]?OS|macOS|{_B}OS ?X{_B}|Mac[ _]?PPC|MacBook|{_B}iMac|Macmini|MacPro|{_B}Mac\d+[,%]|Darwin/[\d.]+ \((?:x86_64|i386|Power|arm64)|Darwin[ ;/][^)]*{_B}(?:x86_64|i386|ppc|Power)|apple-darwin|MacOutlook|{_B}Mac;|{_B}Darwin; U;|X11; [^)]*Darwin",
            "Apple's computers. An iPad in desktop mode says the same and cannot be told apart here.",
        ),
        Rule("chromebook", "desktop", rf"{_B}CrOS{_B}|ChromeOS|Chrome OS|Chromium OS", "Chromebooks."),
        Rule(
            "unix",
            "desktop",
            rf"{_B}SunOS|Solaris|{_B}IRIX|HP-UX|{_B}AIX{_B}|OSF1|OSF/1|Tru64|{_B}(?:Free|Open|Net|Ghost|Midnight|PC-?|True|Desktop|Hardened)BSD|DragonFly|{_B}BSD{_B}|NEXTSTEP|OpenStep|ULTRIX|UNIX_SV|UNIX_System_V|{_B}Unix{_B}|SCO_SV|{_B}SCO{_B}|UnixWare|SINIX|ReliantUNIX|{_B}NCR/|DYNIX|{_B}NEWS-OS|GNU/k?Hurd|{_B}Hurd{_B}|X11; ?(?:U; ?)?GNU{_B}|illumos|OpenIndiana|{_B}Minix|{_B}Plan ?9|{_B}Inferno{_B}|QNX x86|Photon; |{_B}UNICOS|{_B}Domain/OS|{_B}ConvexOS",
            "Unix workstations and the free systems that follow them.",
        ),
        Rule(
            "rare-system",
            "desktop",
            rf"OpenVMS|{_B}VMS{_B}|Amiga|AmigaOS|MorphOS|{_B}AROS{_B}|IBrowse|{_B}BeOS|Haiku|OS/2|{_B}OS2{_B}|{_B}Warp{_B}|ArcaOS|eComStation|RISC ?OS|{_B}Acorn|{_B}Atari{_B}|FreeMiNT|{_B}MiNT{_B}|{_B}CAB[ /]\d|ReactOS|SerenityOS|KolibriOS|MenuetOS|SkyOS|Syllable|AtheOS|Visopsys|{_B}Redox{_B}|TempleOS|{_B}Genode|{_B}ToaruOS|MS-?DOS|FreeDOS|DR-DOS|{_B}DOS[;/ )]|Arachne|{_B}MVS{_B}|OS/390|z/OS|OS/400|{_B}Contiki|{_B}Commodore|Symbolics|{_B}Oberon|{_B}NewOS|zeta[ /]os|{_B}ZETA{_B}",
            "Systems that only ever ran on computers with a keyboard.",
        ),
        Rule(
            "linux-distribution",
            "desktop",
            rf"Ubuntu|Debian|Fedora|{_B}Red ?Hat|{_B}SUSE|openSUSE|{_B}CentOS|Gentoo|Slackware|Mandr(?:iva|ake)|Mageia|Arch ?Linux|{_B}Manjaro|Linux ?Mint|Raspbian|elementary ?OS|{_B}Knoppix|PCLinuxOS|Kubuntu|Xubuntu|{_B}Deepin|{_B}UOS{_B}|Kylin|{_B}Zorin|Pop!?_OS|Solus|NixOS|Kali{_B}|Rocky Linux|AlmaLinux|Oracle Linux|Endless ?OS|{_B}Tails{_B}|{_B}Puppy{_B}|Linspire|Moblin|{_B}Sabayon|Vector ?Linux|{_B}Zenwalk|GNU/Linux|Endeavour|{_B}Astra ?Linux|{_B}ROSA{_B}|ALT ?Linux|{_B}Pardus|ASPLinux|Turbolinux|{_B}VineLinux|StartOS|{_B}Wayland{_B}",
            "Distributions of Linux for computers.",
        ),
        Rule(
            "linux-computer",
            "desktop",
            rf"Linux[ -](?:x86_64|x86|amd64|i[3-9]86|ppc(?:64)?(?:le)?|sparc(?:64)?|alpha|ia64|s390x?|parisc|m68k|riscv64|loong(?:arch)?64|mips64|aarch64)|(?:x86_64|i[3-9]86|amd64)[-; ]+[^)]*Linux|Linux[^)]*(?:x86_64|i[3-9]86|amd64|ppc64|alpha|sparc)"
            rf"|linux-gnu|X11; ?(?:U; ?|I; ?|N; ?)?Linux(?:[;)/]| [\d.]| \w\w-|$)|X11;? ?[^)]*Linux (?:\)|[\d;])|textmode; ?Linux|Linux[^)]*\) Opera [5-8]\.|X11; [^)]*Linux arm[^)]*rv:[\d.]+\) Gecko/20100101 Firefox/|\(compatible; Konqueror[^)]*Linux|{_B}Linux; ?X11|Opera/[5-8]\.\d+ \((?:Linux|X11)|\((?:X11; ?)?Linux; ?(?:U; ?)?[a-z]{{2}}(?:-[A-Z]{{2}})?; rv:|KHTML[^)]*Linux",
            "Linux on processors of computers, or under X11. 32-bit ARM and MIPS under Linux are boxes as often as computers.",
        ),
        Rule(
            "x11",
            "desktop",
            rf"{_B}X11; ?(?:U|I|N)?;? ?(?:x86_64|i[3-9]86|en){_B}|{_B}X11\)|Konqueror|{_B}mirall|os=(?:Mac|Win)|{_B}Liferea|Akregator|Rhythmbox|{_B}Banshee|Clementine/|{_B}Amarok|gPodder|RSSOwl|QuiteRSS|FeedDemon|NetNewsWire/[1-4]|foobar2000|Winamp|Songbird|Windows-Media-Player|{_B}Miro/|{_B}Galeon|Epiphany/[12]|{_B}Dillo|{_B}Lynx/|{_B}Links \(|ELinks|{_B}w3m/|NCSA[_ ]Mosaic|^Netscape[ /]|^Mozilla/[1-4]\.\d\d?C?(?:-[^ (]+)? ?\[[a-z]{{2}}|{_B}Emacs|{_B}Emacs-W3|Arena/|Amaya/",
            "Programs that need a window system or a terminal of a computer.",
        ),
    )
)
