"""`make demo`: the real thing on this machine. A control plane, the AWS emulator, the operator, an example, its ARNs."""

import json
import signal
import sys
import time

import yaml

from harness.controlplane import ROOT, ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess

EXAMPLE = ROOT / "examples" / "three-runtimes.yaml"


def main() -> int:
    """0 when the example became Ready."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()

    def say(step: int, text: str) -> None:
        print(f"[{step}/5] {text} ({time.monotonic() - began:.0f} s)", flush=True)

    say(1, "starting etcd and kube-apiserver")
    with ControlPlane() as plane:
        plane.install()
        say(2, "starting the AWS emulator, with the example's images in ECR")
        with Emulator() as emulator:
            _push(emulator)
            say(3, "starting the operator (--single-tenant: every author is trusted with all that it can do)")
            with OperatorProcess(plane, emulator.endpoint) as operator:
                say(4, f"kubectl apply -f {EXAMPLE.relative_to(ROOT)}, and kubectl wait --for=condition=Ready")
                plane.kubectl("apply", "-f", str(EXAMPLE))
                waited = plane.kubectl("wait", "--for=condition=Ready", "fargateapp", "--all", "--timeout=60s", check=False)
                good = waited.returncode == 0
                say(5, "Ready" if good else f"not Ready: {waited.stderr.strip()}")
                print("\n$ kubectl get fargateapps\n" + plane.kubectl("get", "fargateapps").stdout)
                print("$ kubectl describe fargateapps\n" + plane.kubectl("describe", "fargateapps").stdout)
                if not good:
                    print(operator.log())
    print(f"stopped everything ({time.monotonic() - began:.0f} s)")
    return 0 if good else 1


def _push(emulator: Emulator) -> None:
    """What a pipeline would have pushed."""
    ecr = emulator.client("ecr")
    for name, image in yaml.safe_load(EXAMPLE.read_text())["spec"]["images"].items():
        ecr.create_repository(repositoryName=name)
        manifest = json.dumps({"schemaVersion": 2, "annotations": {"name": name}})
        ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag=image["tag"])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped everything")
        sys.exit(130)
