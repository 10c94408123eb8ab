"""boto3 clients, one for each service and region. Creating one is not thread-safe, using it is."""

import threading
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import get_session

from fargate_operator.aws.errors import translated
from fargate_operator.aws.sending import Sending

CONNECT, READ = 3.0, 20.0  # seconds until a call counts as lost: to connect, and to answer
# Not "adaptive": it takes every throttled call for its own doing, whoever else uses the account, slows down to one call in two
# seconds, and waits for that whatever happens. What the operator itself sends is bounded by its own rate.
_RETRIES = {"mode": "standard", "max_attempts": 3}
# Of clients that botocore makes by itself, to get credentials (AssumeRole, web identity): whoever calls waits for them, and they
# wait under one lock for all, so that its own limits of a minute for an attempt would stop the workers of all regions.
_CREDENTIALS = Config(connect_timeout=CONNECT, read_timeout=5.0, retries={"mode": "standard", "total_max_attempts": 2})


class Clients:
    """Clients by service and region, and who they act as. `sending` bounds what they send; without it nothing does."""

    def __init__(self, region: str = "", sending: Sending | None = None) -> None:
        self._sending = sending
        core = get_session()
        core.set_default_client_config(_CREDENTIALS)
        self._session = boto3.Session(botocore_session=core, region_name=region or None)
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._account: tuple[str, str] | None = None
        self.region = self._session.region_name or ""

    def get(self, service: str, region: str) -> Any:
        """The client."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._made(service, region, READ, max_pool_connections=64, retries=_RETRIES)
                if self._sending:
                    self._sending.attach(self._clients[key], service, region)
            return self._clients[key]

    def polling(self, service: str, region: str, read_timeout: float) -> Any:
        """A client of its own for calls that wait up to `read_timeout` seconds; it holds up no other, and does not retry."""
        with self._lock:
            made = self._made(service, region, read_timeout, retries={"total_max_attempts": 1})
            if self._sending:
                self._sending.attach_end(made, service, region)
            return made

    def _made(self, service: str, region: str, read_timeout: float, **options: Any) -> Any:
        config = Config(
            region_name=region or None,
            connect_timeout=CONNECT,
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
