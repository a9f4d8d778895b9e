"""What every request handler asks: which studio serves it, and who is to read the answer."""

from flask import Request, current_app

from .service import Studio


def current_studio() -> Studio:
    """The studio of the application that handles the request."""
    studio: Studio = current_app.extensions["studio"]
    return studio


def wants_html(request: Request) -> bool:
    """Whether the answer is for a browser that shows it, rather than for a program."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]
