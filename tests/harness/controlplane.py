"""A real etcd and kube-apiserver on free ports of the loopback interface."""

import json
import secrets
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from harness.binaries import assets
from harness.processes import free_port, start, stop

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = "fargate-operator"  # of deploy/
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:fargate-operator"
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted", "Panic"],
    "rules": [{"level": "Metadata", "users": [ACCOUNT]}, {"level": "None"}],
}


class ControlPlane:
    """A context manager; `kubeconfig` is an administrator's."""

    def __init__(self) -> None:
        self._bin = assets()
        self._dir = Path(tempfile.mkdtemp(prefix="controlplane-"))
        self.kubeconfig = self._dir / "kubeconfig"
        self._etcd_port, self._peer_port, self._port = free_port(), free_port(), free_port()
        self.url = f"https://127.0.0.1:{self._port}"
        self._token = secrets.token_hex(16)
        self._etcd: subprocess.Popen[bytes] | None = None
        self._apiserver: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self.start_etcd()
            self.start_apiserver()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._apiserver, self._etcd):
            if process is not None:
                stop(process)
        shutil.rmtree(self._dir, ignore_errors=True)

    def _prepare(self) -> None:
        (self._dir / "tokens.csv").write_text(f'{self._token},admin,admin,"system:masters"\n')
        subprocess.run(["openssl", "genrsa", "-out", str(self._dir / "sa.key"), "2048"], check=True, capture_output=True)
        (self._dir / "audit.json").write_text(json.dumps(AUDIT))
        self._write_kubeconfig(self.kubeconfig, self._token)

    def _write_kubeconfig(self, path: Path, token: str) -> None:
        cluster = {"server": self.url, "insecure-skip-tls-verify": True}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": "default"}}],
            "current-context": "test",
        }
        path.write_text(json.dumps(config))

    def start_etcd(self) -> None:
        """Start it, on the same ports and data where it ran before; the API server waits for it by itself."""
        client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._peer_port}"
        self._etcd = start(
            [
                str(self._bin / "etcd"), "--unsafe-no-fsync", f"--data-dir={self._dir / 'etcd'}", f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}", "--log-level=error",
            ],
            self._dir / "etcd.log",
        )  # fmt: skip

    def start_apiserver(self) -> None:
        """Start it, on the same port and data where it ran before; wait until it is ready."""
        key = self._dir / "sa.key"
        self._apiserver = start(
            [
                str(self._bin / "kube-apiserver"), f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
                f"--secure-port={self._port}", "--bind-address=127.0.0.1", f"--cert-dir={self._dir / 'certs'}",
                "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
                f"--service-account-signing-key-file={key}", f"--token-auth-file={self._dir / 'tokens.csv'}",
                "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
                "--disable-admission-plugins=ServiceAccount", f"--audit-policy-file={self._dir / 'audit.json'}",
                f"--audit-log-path={self._dir / 'audit.log'}",
            ],
            self._dir / "apiserver.log",
        )  # fmt: skip
        self._until_ready()

    def stop_apiserver(self) -> None:
        """Take it away; etcd keeps the data. It would wait for its watches to end, which they do not."""
        if self._apiserver is not None:
            stop(self._apiserver, timeout=1.0)

    def hang_apiserver(self, *, hangs: bool = True) -> None:
        """It takes connections and answers nothing; `hangs` False: it goes on where it was."""
        if self._apiserver is not None:
            self._apiserver.send_signal(signal.SIGSTOP if hangs else signal.SIGCONT)

    def kill_etcd(self) -> None:
        """kill -9; what it has written stays."""
        if self._etcd is not None:
            self._etcd.kill()
            self._etcd.wait()

    def _until_ready(self) -> None:
        context = ssl._create_unverified_context()
        request = urllib.request.Request(f"{self.url}/readyz", headers={"Authorization": f"Bearer {self._token}"})
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(request, context=context, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            if self._apiserver is not None and self._apiserver.poll() is not None:
                break
        raise RuntimeError(f"the API server does not come up:\n{(self._dir / 'apiserver.log').read_text()[-2000:]}")

    def kubectl(self, *args: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run kubectl as an administrator."""
        command = [str(self._bin / "kubectl"), f"--kubeconfig={self.kubeconfig}", *args]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(args)}: {done.stderr}")
        return done

    def apply(self, manifest: Any) -> None:
        """kubectl apply, of one object."""
        self.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))

    def get(self, *args: str) -> Any:
        """kubectl get -o json."""
        return json.loads(self.kubectl("get", *args, "-o", "json").stdout)

    def install(self) -> None:
        """Apply the CRD, wait until it is served, and apply deploy/; no pod comes of it, as no controller runs."""
        self.kubectl("apply", "--server-side", "-k", str(ROOT / "crds"))
        until = time.monotonic() + 30
        while self.kubectl("get", "fargateapps", check=False).returncode:  # `kubectl wait` fails on a CRD without conditions yet
            if time.monotonic() > until:
                raise RuntimeError("the CRD is not served")
            time.sleep(0.1)
        self.kubectl("apply", "--server-side", "-k", str(ROOT / "deploy"))

    def operator_kubeconfig(self) -> Path:
        """The operator's own: its service account's token, and so no more rights than deploy/ grants."""
        path = self._dir / "operator.kubeconfig"
        if not path.exists():
            token = self.kubectl("create", "token", "fargate-operator", f"--namespace={NAMESPACE}", "--duration=24h").stdout
            self._write_kubeconfig(path, token.strip())
        return path

    def used(self, decision: str = "allow") -> set[tuple[str, str, str]]:
        """What the operator's service account asked for so far and was allowed, or `forbid`: group, resource, verb.

        A watch is told of when it has ended.
        """
        lines = (self._dir / "audit.log").read_text().splitlines()
        asked = [event for event in map(json.loads, lines) if event["annotations"]["authorization.k8s.io/decision"] == decision]
        return {
            (one.get("apiGroup", ""), "/".join(filter(None, (one["resource"], one.get("subresource")))), event["verb"])
            for event in asked
            if (one := event.get("objectRef"))  # discovery has none
        }
