"""Words by which televisions, consoles, watches, cars, speakers, headsets and e-readers give themselves away.

Most of them run a desktop browser on Linux or Android and say so; these words therefore count before any
operating system does.
"""

from mailgate.classify.table import Rule, Table

_B = r"(?-u:\b)"  # an ASCII word boundary: cheaper than the Unicode one, and the text is ASCII

APPLIANCES = Table(
    (
        Rule(
            "xr",
            "xr",
            rf"OculusBrowser|Oculus ?(?:Quest|Go){_B}|{_B}(?:Meta )?Quest(?: ?[1-9]| Pro)?[;)/]"
            rf"|HoloLens|Magic Leap|{_B}MagicLeap|{_B}Helio/|Wolvic|FirefoxReality|Firefox Reality"
            rf"|{_B}Pico (?:Neo|G\d|\d)|PicoBrowser|{_B}VIVE (?:Focus|Flow|XR)|Mobile VR|{_B}XR Browser|Gear VR",
            "Headsets name the product or a browser that exists for headsets alone.",
        ),
        Rule(
            "watch",
            "watch",
            rf"(?-i:Watch){_B}|watchOS|Watch ?OS|Wear ?OS|(?-i:Watch)\d|AndroidWear|Android Wear|{_B}SM-[RL]\d{{3}}"
            rf"|Galaxy Gear|Gear S\d?{_B}|Moto 360|Gear Live|{_B}G Watch|Fitbit|{_B}Versa \d",
            "Watches say Watch or Wear; Samsung's model numbers for wearables start with SM-R.",
        ),
        Rule(
            "console",
            "console",
            rf"PlayStation|PLAYSTATION|{_B}PS[2345P]{_B}|Nintendo|{_B}Xbox{_B}|{_B}Wii|Dreamcast|DreamKey|DreamPassport"
            rf"|Planetweb|SEGA{_B}|{_B}Ouya|N-Gage QD Console|Nvidia Shield Portable|{_B}SHIELD Portable|Archos Gamepad"
            rf"|Anbernic|{_B}RG\d{{3}}[A-Z]*{_B}|Retroid|Steam ?Deck|{_B}Ayn Odin|{_B}Logitech G Cloud|Atari VCS",
            "Consoles name themselves, on desktop engines as well; Xbox says Windows NT too.",
        ),
        Rule(
            "speaker",
            "speaker",
            rf"AlexaMediaPlayer|AlexaService|{_B}Alexa/|{_B}AEO[A-Z]{{2,}}|{_B}Echo(?: (?:Dot|Show|Spot|Plus))?[/;)]"
            rf"|HomePod|{_B}Google ?Home{_B}|Nest ?(?:Hub|Mini|Audio)|SmartSpeaker|Smart Speaker|{_B}Sonos{_B}"
            rf"|{_B}Fuchsia{_B}.*CrKey|AudioOS|{_B}JBL Link|{_B}SoundTouch",
            "Speakers and displays with an assistant name the assistant or the product.",
        ),
        Rule(
            "car",
            "car",
            rf"{_B}Tesla{_B}|QtCarBrowser|CarBrowser|{_B}Automotive|AndroidAuto|Android Auto{_B}|CarPlay|Polestar"
            rf"|HeadUnit|Head Unit|{_B}IVI{_B}|{_B}GENIVI|BMWConnected|{_B}MBUX|Rivian|{_B}CarThing",
            "Browsers of dashboards name the maker or the role.",
        ),
        Rule(
            "ereader",
            "ereader",
            rf"{_B}Kindle/|Kobo(?: |/|eReader){_B}|Kobo Touch|{_B}nook{_B}|{_B}BNRV\d|PocketBook|tolino (?:shine|vision|epos|page)"
            rf"|{_B}EBRD\d|Bookeen|Cybook|{_B}BOOX|{_B}Onyx|Boyue|Likebook|reMarkable|{_B}EInk{_B}|Sony Reader",
            "E-readers are carried like a tablet and run X11 or Android underneath.",
        ),
        Rule(
            "tv-standard",
            "tv",
            rf"HbbTV|CE-HTML|DLNADOC|{_B}DTV|NetCast|{_B}Web0S|webOS\.?TV|WebOS Linux|NETTV|InettvBrowser|Espial"
            rf"|{_B}Maple[ _/\d]|SmartHub|SMART-?TV|Smart[-_ ]?TV|SmartTelevision|Large ?Screen|{_B}OpenTV|{_B}Vewd"
            rf"|ANTGalio|{_B}ANT/Galio|{_B}Galio/|Ekioh|Netgem|{_B}sraf{_B}|{_B}DirectFB|ANTFresco|iPanel|{_B}Escape \d|Presto/[\d.]+ .*{_B}TV{_B}|TSBNetTV|{_B}NF\d+[A-Z]* .*Netflix",
            "Television standards and platforms have their own words, which no computer sends.",
        ),
        Rule(
            "tv-product",
            "tv",
            rf"GoogleTV|Google TV|AppleTV|Apple ?TV|{_B}tvOS|BRAVIA|VIERA|{_B}AFT[A-Z]{{1,4}}\d*{_B}|CrKey|Chromecast|{_B}Roku"
            rf"|MiTV|MIBOX|{_B}Mi ?Box|VIDAA|AQUOSBrowser|AQUOS[- ]?TV|PhilipsTV|Philips[, ][^;)]*TV|TPM1\d\dE|HiSmart|{_B}SHIELD Android TV"
            rf"|FreeBox|Livebox|{_B}TiVo{_B}|Boxee|WebTV/|AOLTV|{_B}Liberate|DuneHD|Dune HD|OpenELEC|LibreELEC|{_B}OSMC|stbapp"
            rf"|(?-i:{_B}MAG\d{{3}}{_B})|QtEmbedded|{_B}STB|_STB|set-?top|{_B}IPTV|DVB-?[TCS]2?{_B}|Humax|Technisat|TechniSat|Vestel|Loewe"
            rf"|Popcorn ?Hour|Syabas|WDTV|{_B}Nexus Player|{_B}ADT-\d|{_B}BeyondTV|{_B}DIRECTV|{_B}LG ?Browser|{_B}Xumo|{_B}Zidoo|{_B}TV ?Box|{_B}Vizio",
            "Sets and boxes name the product.",
        ),
        Rule(
            "tv-word",
            "tv",
            rf"(?-i:TV)(?:[ ;/),_]|$)|{_B}(?-i:TV)[ _\d-]|Television",
            "A name that ends in TV belongs to a set, a box or an app for one.",
        ),
        Rule(
            "appliance",
            "device",
            rf"{_B}Printer{_B}|{_B}ePrint{_B}|Photo ?Frame|Refrigerator|FamilyHub|Family Hub|{_B}POS Terminal|{_B}Kiosk Device"
            rf"|{_B}CE-HTML|Smart ?Fridge|SmartSignage|{_B}IoT{_B}",
            "Appliances that happen to have a browser.",
        ),
    )
)
