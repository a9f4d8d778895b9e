"""What all request handlers ask: which service serves them, and who is to read the answer."""

import ipaddress

from flask import Request, current_app

from ..jobs.service import PaintingService


def current_service() -> PaintingService:
    """The service of the application that handles the request."""
    service: PaintingService = current_app.extensions["painting_service"]
    return service


def wants_html(request: Request) -> bool:
    """Whether the answer is for a browser that shows it, rather than for a program."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def client_of(request: Request) -> str:
    """Who asks, for fair shares: an address, or of IPv6 the network of a household, in which addresses are free."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return ""
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
