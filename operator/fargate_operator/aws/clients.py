"""boto3 clients, one for each service and region. Creating one is not thread-safe, using it is."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from fargate_operator.aws.errors import translated


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
                config = Config(
                    region_name=region,
                    connect_timeout=5,
                    read_timeout=30,
                    max_pool_connections=64,
                    retries={"mode": "standard", "max_attempts": 3},
                    user_agent_extra="fargate-operator",
                )
                self._clients[key] = self._session.client(service, config=config)  # type: ignore[call-overload]
            return self._clients[key]

    def account(self, region: str) -> tuple[str, str]:
        """Account id and partition of the credentials; asked once."""
        if self._account is None:
            with translated("GetCallerIdentity"):
                identity = self.get("sts", region).get_caller_identity()
            self._account = (identity["Account"], identity["Arn"].split(":")[1])
        return self._account
