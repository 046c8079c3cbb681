"""A browser's name from its User-Agent, as people know it: «Firefox on Linux». Pure; only for reading."""

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-requests/", "Python"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def name(user_agent: str | None) -> str:
    """Return the browser and the system, or «Unknown browser»."""
    said = user_agent or ""
    browser = next((word for mark, word in _BROWSERS if mark in said), "Unknown browser")
    system = next((word for mark, word in _SYSTEMS if mark in said), "")
    return f"{browser} on {system}" if system else browser
