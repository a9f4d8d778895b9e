"""What those who run the service watch: health, metrics, the description of all addresses, SageMaker's ping."""

import hmac
import resource
from pathlib import Path

from flask import Blueprint, Response, jsonify, request

from ..errors import NotFoundError, UnauthorizedError
from ..jobs.service import PaintingService
from .context import current_service
from .openapi import describe

monitoring = Blueprint("monitoring", __name__)

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_STATM = Path("/proc/self/statm")


@monitoring.get("/healthz")
def show_health() -> tuple[Response, int]:
    """200 while all threads that paint are alive, else 503."""
    healthy = current_service().healthy
    return jsonify(status="ok" if healthy else "the painters have stopped"), 200 if healthy else 503


@monitoring.get("/ping")
def ping() -> tuple[str, int]:
    """SageMaker's health check: 200 or 503, without content."""
    return "", 200 if current_service().healthy else 503


@monitoring.get("/metrics")
def show_metrics() -> Response:
    """Figures in Prometheus' text form, for who has the token.

    Raises:
        NotFoundError: this host has none, and shows them here to nobody.
        UnauthorizedError: another one, or none, was sent.
    """
    service = current_service()
    token = service.settings.metrics_token
    if not token:
        raise NotFoundError("metrics_hidden", "metrics_token", "metrics_port")
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        raise UnauthorizedError("metrics_token")
    return Response(metrics(service), content_type=PROMETHEUS)


def metrics(service: PaintingService) -> str:
    """Figures of a service in Prometheus' text form."""
    lines = [
        *_metric("paintgym_queue_length", "gauge", "Paintings that wait or are under way."),
        *(f'paintgym_queue_length{{queue="{name}"}} {len(lane)}' for name, lane in service.lanes.items()),
        *_metric("paintgym_paintings_kept", "gauge", "Paintings in memory, in all states."),
        f"paintgym_paintings_kept {service.kept()}",
        *_metric("paintgym_paintings_total", "counter", "Paintings that ended."),
        *(
            f'paintgym_paintings_total{{agent="{agent}",state="{state}"}} {count}'
            for (agent, state), count in sorted(service.ended.items())
        ),
        *_metric("paintgym_painting_seconds_total", "counter", "Seconds spent on finished paintings."),
        *(
            f'paintgym_painting_seconds_total{{agent="{agent}"}} {seconds:.3f}'
            for agent, seconds in sorted(service.seconds.items())
        ),
        *_metric("process_resident_memory_bytes", "gauge", "Memory held."),
        f"process_resident_memory_bytes {resident_bytes()}",
    ]
    return "\n".join(lines) + "\n"


@monitoring.get("/openapi.json")
def show_openapi() -> Response:
    """All addresses, for programs."""
    service = current_service()
    return jsonify(describe(service.settings, service.offer, request.script_root))


def resident_bytes() -> int:
    """Memory that this process holds now."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:  # not Linux: the most it ever held
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _metric(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"
