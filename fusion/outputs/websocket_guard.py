"""Who may listen: the address that is opened, and the web pages that may connect to it."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from sensors.loopback import is_loopback
from sensors.rig_outputs import WebsocketOutput

FILE_ORIGINS = ("null", "file://")
"""How browsers name a page that was opened from a file."""


def origin_allowed(origin: str | None, asked: str, config: WebsocketOutput) -> bool:
    """Return whether a page of `origin` may connect.

    A browser always says whose page is asking, and no page can change that; programs that are no browser do not say.

    Parameters
    ----------
    origin
        The Origin header, None without one.
    asked
        The Host header: what the client believes it talks to.
    config
        The output's table.
    """
    if origin is None or origin in config.origins:
        return True
    if origin in FILE_ORIGINS:
        return config.file_pages
    try:
        page = urlsplit(origin)
        if page.scheme not in ("http", "https") or not page.hostname:
            return False
    except ValueError:
        return False
    # Our own page, reached from another machine. Only by an address: a name can be made to point anywhere.
    own = config.allow_network and page.netloc == asked and _is_address(page.hostname)
    return own or is_loopback(page.hostname)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
