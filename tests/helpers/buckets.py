"""Buckets of a real server that speaks S3, on this machine."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

NEEDS_S3 = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("moto", "flask_cors", "pyarrow")),
    reason="needs a server that speaks S3, and PyArrow: pip install paintgym[dev,ray]",
)


@contextmanager
def serving_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an empty server that programs find as they find any: by the environment."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    words = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    try:
        yield boto3.client("s3")
    finally:
        urlopen(Request(f"{words['AWS_ENDPOINT_URL']}/moto-api/reset", method="POST")).close()
        server.stop()


def put_folder(client: Any, folder: Path, bucket: str, prefix: str) -> None:
    """Copy a folder into a bucket, which is made."""
    client.create_bucket(Bucket=bucket)
    for path in folder.rglob("*"):
        if path.is_file():
            key = f"{prefix}/{path.relative_to(folder).as_posix()}"
            client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
