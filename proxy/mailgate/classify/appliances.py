"""Words that show televisions, consoles, watches, cars, speakers, headsets and e-readers.

Most of these run a desktop browser on Linux or Android and name that system. So their words count before any operating system.
"""

from mailgate.classify.table import Table, TableRule

APPLIANCES = Table(
    (
        TableRule(
            "chromeos-tablet",
            "tablet",
            "The few ChromeOS devices without a keyboard say so.",
            r"Chromebook Tab",
        ),
        TableRule(
            "computer-model",
            "desktop",
            "Product lines of computers, by their makers' names for them. Such a computer runs Android's apps (ChromeOS), Android itself or a"
            " program that drives speakers, and no phone or tablet has these names. Names that tablets have too, such as IdeaPad, are"
            " left out. Aspire is also a phone of another maker; it is a computer if its number has three digits or a hyphen.",
            r"""
            ~Chrome(?:book|box)~ | ~Pixelbook | Sonos/[^(]*\([MW]DCR[_:] | ~Remix Mini
            Android[^)]*[;#] ?(?:(?:HP|Acer|Dell|Toshiba|Fujitsu|Packard Bell|Intel) )?(?:Inspiron|Latitude|Vostro|OptiPlex|Aspire (?:One|[A-Z]{0,2}\d{3}|[A-Z]{1,2}\d?-\d)|TravelMate|Extensa|Swift SF\d|Satellite|Tecra|Portege|EliteBook|ProBook|EliteDesk|ProDesk|ZBook|Compaq \d{4}|LIFEBOOK|ESPRIMO|EasyNote|ThinkCentre|ThinkPad [ELPTWX]\d|NUC\d)
            Android[^)]*~(?:netbook|notebook|laptop)~ | ;FBID/desktop;
            """,
        ),
        TableRule(
            "xr",
            "xr",
            "Headsets name the product or a browser that exists only for headsets, or say VR in the place in which a phone says Mobile.",
            r"""
            OculusBrowser | Oculus ?(?:Quest|Go)~ | ~(?:Meta )?Quest(?: ?[1-9]| Pro)?[;)/] | HoloLens
            Magic Leap | ~MagicLeap | ~Helio/ | Wolvic | FirefoxReality | Firefox Reality
            ~Pico (?:Neo|G\d|\d) | PicoBrowser | ~VIVE (?:Focus|Flow|XR) | Mobile VR | ~(?-i:VR) Safari/ | ~XR Browser
            Gear VR
            """,
        ),
        TableRule(
            "watch",
            "watch",
            "Watches say Watch or Wear; Samsung's model numbers for wearables start with SM-R.",
            r"""
            (?-i:Watch)~ | watchOS | Watch ?OS | Wear ?OS | (?-i:Watch)\d | AndroidWear | Android Wear
            ~SM-[RL]\d{3} | Galaxy Gear | Gear S\d?~ | Moto 360 | Gear Live | ~G Watch | Fitbit
            ~Versa \d
            """,
        ),
        TableRule(
            "console",
            "console",
            "Consoles name themselves, also if their browser has a desktop engine. Xbox says Windows NT as well.",
            r"""
            PlayStation | PLAYSTATION | ~PS[2345P]~ | Nintendo | ~Xbox(?:~|_) | ~Wii | Dreamcast | DreamKey
            DreamPassport | Planetweb | SEGA~ | ~Ouya | N-Gage QD Console | Nvidia Shield
            ~SHIELD (?:Portable|Tablet) | Archos Gamepad | Anbernic | ~RG\d{3}[A-Z]*~ | Retroid
            Steam ?Deck | Steam Gamepad | ~Pippin~ | ~Ayn Odin | ~Logitech G Cloud | Atari VCS
            """,
        ),
        TableRule(
            "speaker",
            "speaker",
            "Speakers and displays with an assistant name the assistant or the product.",
            r"""
            AlexaMediaPlayer | AlexaService | ~Alexa/ | ~AEO[A-Z]{2,}
            ~Echo(?: (?:Dot|Show|Spot|Plus))?[/;)] | HomePod | ~Google ?Home~ | Nest ?(?:Hub|Mini|Audio)
            SmartSpeaker | Smart Speaker | ~Sonos~ | ~Fuchsia~.*CrKey | AudioOS | ~JBL Link
            ~SoundTouch
            """,
        ),
        TableRule(
            "car",
            "car",
            "Browsers of dashboards name the maker or the role.",
            r"""
            ~Tesla~ | QtCarBrowser | CarBrowser | ~Automotive | ~AAOS~ | AndroidAuto | Android Auto~ | CarPlay
            Polestar | HeadUnit | Head Unit | ~IVI~ | ~GENIVI | BMWConnected | ~MBUX | Rivian
            ~CarThing | ~iDrive~ | ~NTG[ -]?\d | Mercedes-Benz;
            """,
        ),
        TableRule(
            "ereader",
            "ereader",
            "E-readers are carried like a tablet and run X11 or Android underneath.",
            r"""
            ~Kindle/ | Kobo(?: |/|eReader)~ | Kobo Touch | ~nook~ | ~BNRV\d | PocketBook
            tolino (?:shine|vision|epos|page) | ~EBRD\d | Bookeen | Cybook | ~BOOX | ~Onyx | Boyue
            Likebook | reMarkable | ~EInk~ | Sony Reader
            """,
        ),
        TableRule(
            "tv-standard",
            "tv",
            "Television standards and platforms have their own words, which no computer sends. Beside X11, LG's sets name a"
            " language, but no processor, and not the letter U for security, which other browsers of that time sent.",
            r"""
            HbbTV | CE-HTML | DLNADOC | ~DTV | NetCast | ~Web0S | webOS\.?TV | WebOS Linux | NETTV
            InettvBrowser | Espial | ~Maple[ _/\d] | SmartHub | SMART-?TV | Smart[-_ ]?TV
            SmartTelevision | ~TitanOS | ~ZEASN | WhaleTV | Intel[- ]?CE(?:\d{4})?~ | Large ?Screen
            ~OpenTV | ~Vewd | ANTGalio | ~ANT/Galio | ~Galio/ | Ekioh | ~Escape[ /]\d | mbxtWebKit | HtmlRenderer/
            Netgem | ~sraf~ | ~DirectFB | Cobalt/\d | WebAppManager | ~WPE~ | ~OMI/\d | VSTVB | iPanel
            X11; ?Linux; ?[a-z]{2}-[A-Z]{2}\) AppleWebKit | Presto/[\d.]+ .*~TV~ | TSBNetTV | ~NF\d+[A-Z]* .*Netflix
            """,
        ),
        TableRule(
            "tv-product",
            "tv",
            "Sets and boxes name the product.",
            r"""
            GoogleTV | Google TV | AppleTV | Apple ?TV | ~tvOS | BRAVIA | VIERA | ~AFT[A-Z]{1,4}\d*~
            CrKey | Chromecast | ~Roku | MiTV | MIBOX | ~Mi ?Box | VIDAA | AQUOSBrowser | AQUOS[- ]?TV
            PhilipsTV | Philips[, ][^;)]*TV | TPM1\d\dE | HiSmart | ~SHIELD Android TV | FreeBox
            Livebox | ~TiVo~ | Boxee | WebTV/ | AOLTV | ~Liberate | DuneHD | Dune HD | OpenELEC
            LibreELEC | ~OSMC | stbapp | (?-i:~MAG\d{3}~) | QtEmbedded | ~STB | _STB | set-?top | ~IPTV
            BrightSign | ~Entone | KreaTV | Sagemcom | (?-i:STB~)
            DVB-?[TCS]2?~ | Humax | Technisat | TechniSat | Vestel | Loewe | Popcorn ?Hour | Syabas
            WDTV | ~Nexus Player | ~ADT-\d | ~BeyondTV | Sony ?BD | Blu-?ray | ~DIRECTV | ~LG ?Browser
            ~Xumo | ~Zidoo | ~TV ?Box | ~Vizio | ~TCL/TCL- | DEVTYPE= | ~Kylo/ | ~Diga[/;]
            """,
        ),
        TableRule(
            "media-centre",
            "tv",
            "Media centres fill the screen of a television. On Linux they run on a box as often as on a computer; on any"
            " other system, the system decides.",
            r"""
            ~(?:Kodi|XBMC|Plex Home Theater|Plex HTPC|OpenPHT)/[^(]*\((?:X11|Linux; ?(?:x86|i\d86|http))
            """,
        ),
        TableRule(
            "tv-word",
            "tv",
            "A name that ends in TV is that of a television, of its box or of an app for them.",
            r"(?-i:TV)(?:[ ;/),_]|$) | ~(?-i:TV)[ _\d-] | Television",
        ),
        TableRule(
            "appliance",
            "device",
            "Appliances that happen to have a browser.",
            r"""
            ~Printer~ | ~ePrint~ | Photo ?Frame | Refrigerator | FamilyHub | Family Hub | ~POS Terminal
            ~Kiosk Device | Smart ?Fridge | SmartSignage | ~IoT~
            """,
        ),
    )
)
