"""boto3 clients, one for each service and region. Creating one is not thread-safe, using it is."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from fargate_operator.aws.errors import translated

_RETRIES = {"mode": "standard", "max_attempts": 3}


class Clients:
    """Clients by service and region, and who they act as."""

    def __init__(self, region: str = "") -> None:
        self._session = boto3.Session(region_name=region or None)
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._account: tuple[str, str] | None = None
        self.region = self._session.region_name or ""

    def get(self, service: str, region: str) -> Any:
        """The client."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._made(service, region, 30, max_pool_connections=64, retries=_RETRIES)
            return self._clients[key]

    def polling(self, service: str, region: str, read_timeout: float) -> Any:
        """A client of its own for calls that wait up to `read_timeout` seconds; it holds up no other, and does not retry."""
        with self._lock:
            return self._made(service, region, read_timeout, retries={"total_max_attempts": 1})

    def _made(self, service: str, region: str, read_timeout: float, **options: Any) -> Any:
        config = Config(
            region_name=region or None,
            connect_timeout=5,
            read_timeout=read_timeout,
            user_agent_extra="fargate-operator",
            **options,
        )
        return self._session.client(service, config=config)  # type: ignore[call-overload]

    def account(self, region: str) -> tuple[str, str]:
        """Account id and partition of the credentials; asked once."""
        if self._account is None:
            with translated("GetCallerIdentity"):
                identity = self.get("sts", region).get_caller_identity()
            self._account = (identity["Account"], identity["Arn"].split(":")[1])
        return self._account
