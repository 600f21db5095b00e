"""Who may listen: the address that is opened, and the web pages that may connect to it."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from sensors.rig_outputs import WebsocketOutput

FILE_ORIGINS = ("null", "file://")
"""How browsers name a page that was opened from a file."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches `host`, a name or an address."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


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
    own = config.allow_network and page.netloc == asked and _address(page.hostname) is not None
    return own or is_loopback(page.hostname)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
