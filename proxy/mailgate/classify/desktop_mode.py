"""Words that only phones and tablets send. They stand beside the name of a desktop's system if the device asks for the
desktop site.

Beside such a name they are a contradiction.
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
