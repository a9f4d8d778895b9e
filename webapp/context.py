"""What all request handlers ask: which service serves them, and who is to read the answer."""

from flask import Request, current_app

from .jobs.service import PaintingService


def current_service() -> PaintingService:
    """The service of the application that handles the request."""
    service: PaintingService = current_app.extensions["painting_service"]
    return service


def wants_html(request: Request) -> bool:
    """Whether the answer is for a browser that shows it, rather than for a program."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]
