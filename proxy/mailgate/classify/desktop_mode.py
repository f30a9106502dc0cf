"""Words that only phones and tablets send. They stand beside the name of a desktop's system if the device asks for the
desktop site.

Beside such a name they are a contradiction.
"""

from mailgate.classify.programs import HANDHELD_MAIL_APP
from mailgate.classify.table import Rule, Table

DESKTOP_MODE = Table(
    (
        HANDHELD_MAIL_APP,
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
            "Browsers for Android only; Samsung's, and Opera with builds of four numbers, exist for Windows, but not for X11."
            " UC for phones puts its name before the engine, whatever system it claims.",
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
            " Chrome, Firefox's Gecko without a date beside X11 (Android's desktop site), four numbers behind Version/ (BlackBerry),"
            " two digits of Opera: for computers it had three from Chrome 114 on, which was its 100.",
            r"""
            AppleWebKit/53[0-6][\d.+]* \(KHTML, like Gecko\) (?:Version/[\d.]+ )?Chrome/(?:2[89]|[3-9]\d|\d{3})\.
            X11;[^)]*rv:[\d.]+\) Gecko/\d{2,3}\.\d+ Firefox/ | Version/\d+\.\d+\.\d+\.\d+ Safari/
            Chrome/(?:11[5-9]|1[2-9]\d|[2-9]\d\d)\..*~OPR/\d\d\.
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
