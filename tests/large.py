"""An app of many workloads of every kind, for the benchmark and the end-to-end test."""

from typing import Any

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"


def service(number: int) -> dict[str, Any]:
    """A service that uses much of what a service can."""
    return {
        "image": "app",
        "command": ["./serve", str(number)],
        "environment": {"NUMBER": str(number), "LEVEL": "info"},
        "secrets": {"TOKEN": f"/shop/token-{number}"},
        "port": 8000 + number,
        "http": {"path": f"/service-{number}", "healthCheck": {"path": "/health"}},
        "healthCheck": {"command": ["CMD-SHELL", "./healthy"], "interval": "10s"},
        "sidecars": {f"proxy-{number}": {"image": "app", "command": ["./proxy"]}},
    }


def scheduled(number: int) -> dict[str, Any]:
    """A scheduled task."""
    return {"image": "app", "command": ["./report", str(number)], "schedule": f"cron({number} 3 * * ? *)", "retries": 2}


def task(number: int) -> dict[str, Any]:
    """A task to run when wanted."""
    return {"image": "app", "command": ["./migrate", str(number)], "environment": {"NUMBER": str(number)}}


def function(number: int) -> dict[str, Any]:
    """A function with two events."""
    events = {"home": {"httpApi": {"route": f"GET /function-{number}"}}, "warm": {"schedule": {"expression": "rate(5 minutes)"}}}
    return {"image": "app", "command": [f"handler.main{number}"], "events": events}


_KINDS = {"services": service, "scheduledTasks": scheduled, "tasks": task, "functions": function}


def spec(**counts: int) -> dict[str, Any]:
    """A spec with so many workloads of each kind, as in ``spec(services=10)``."""
    workloads = {
        field: {f"{field[:-1].lower()}-{number}": _KINDS[field](number) for number in range(count)}
        for field, count in counts.items()
    }
    return {"images": {"app": {"repository": IMAGE, "tag": "v1"}}, **workloads}
