"""A lane: a control plane, an emulator, the operator and two proxies of its own, kept over many stories; it acts one out at a time."""

import io
import json
import signal
import time
import zipfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from chaos.act import Act
from chaos.schedule import Story
from chaos.specs import CODE, IMAGES, REPOSITORY, Place
from chaos.stack_faults import StackFaults
from chaos.weather import Weather
from harness.controlplane import ControlPlane
from harness.emulator import REGION, Emulator
from harness.keeper import Keeper
from harness.kube_proxy import KubeProxy
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

CLOCK = Path(__file__).parents[1] / "harness" / "clock"


@dataclass(frozen=True, slots=True)
class Result:
    """How a story ended: `wrong` is empty where all was well. `hits`: calls hit, processes killed, operations spoilt, by fault."""

    story: str
    seed: int
    wrong: tuple[str, ...]
    hits: Counter[str] = field(default_factory=Counter)
    apps: int = 0
    changes: int = 0
    calls: int = 0
    took: float = 0.0  # seconds
    restarts: int = 0
    phases: dict[str, float] = field(default_factory=dict)  # of `took`, how many seconds each step
    log: str = ""  # the operator's, where something was wrong


class Lane:
    """A context manager."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.plane = stack.enter_context(ControlPlane())
            self.plane.install()
            self.emulator = stack.enter_context(Emulator())
            self.proxy = stack.enter_context(AwsProxy(self.emulator.endpoint))
            self.kube = stack.enter_context(KubeProxy(self.plane))
            self.stack_faults = StackFaults(self.emulator)
            self.weather = Weather(self.stack_faults)
            self.proxy.interference, self.kube.interference = self.weather, self.weather.api
            settings = {"health_interval": "2s", "lease_duration": "4s", "installation_id": "chaos", "log_level": "debug"}
            self.operator = OperatorProcess(self.plane, self.proxy.endpoint, **settings)
            self.operator.kubeconfig = self.kube.kubeconfig
            self.keeper = stack.enter_context(Keeper(self.operator))
            self._digests = self._furnish()
            self.keeper.until_ready()
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _furnish(self) -> dict[str, str]:
        """What the specs name: images, code."""
        ecr, s3 = self.emulator.client("ecr"), self.emulator.client("s3")
        ecr.create_repository(repositoryName=REPOSITORY.partition("/")[2])
        digests = {}
        for tag in IMAGES:
            manifest = json.dumps({"schemaVersion": 2, "tag": tag})
            made = ecr.put_image(repositoryName=REPOSITORY.partition("/")[2], imageManifest=manifest, imageTag=tag)
            digests[tag] = made["image"]["imageId"]["imageDigest"]
        bucket = CODE["s3Bucket"]
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as file:
            file.writestr("api.py", "def handler(event, context):\n    return 'ok'\n")
        s3.put_object(Bucket=bucket, Key=CODE["s3Key"], Body=held.getvalue())
        return digests

    def place(self, namespace: str) -> Place:
        """A namespace of the story's own."""
        ec2 = self.emulator.client("ec2")
        subnet = ec2.describe_subnets()["Subnets"][0]
        vpc = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
        group = ec2.describe_security_groups(Filters=vpc)["SecurityGroups"][0]["GroupId"]
        return Place(namespace, subnet=subnet["SubnetId"], group=group, digests=self._digests)

    def strike(self, kind: str) -> bool:
        """The operator. Whether there was one."""
        skew = {"clock ahead": "300", "clock behind": "-300"}.get(kind, "0")
        environ = {"PYTHONPATH": str(CLOCK), "CLOCK_SKEW": skew}
        return self.keeper.strike(signal.SIGTERM if kind == "SIGTERM" else signal.SIGKILL, environ)

    def run(self, story: Story) -> Result:
        """Act it out."""
        began, logged, ended = time.monotonic(), len(self.operator.log()), len(self.keeper.ended)
        act = Act(self, story)
        wrong = act.play()
        log = self.operator.log()[logged:]
        wrong += act.counted(log, self.keeper.ended[ended:])
        return Result(
            story.name, story.seed, tuple(wrong), act.hits(), len({one.app for one in story.changes}), len(story.changes), act.calls,
            time.monotonic() - began, len(self.keeper.ended) - ended, act.phases, log + self._called(began) if wrong else "",
        )  # fmt: skip

    def _called(self, began: float) -> str:
        """What went through the proxy."""
        told = (f"{one.at - began:7.2f}  {one.service} {one.action} {one.stack}" for one in self.proxy.calls)
        return "\n".join(("calls to AWS, by seconds of the story:", *told, ""))
