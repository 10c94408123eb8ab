"""The way to the cluster: in a pod its service account, else the kubeconfig."""

import os

import urllib3
from kubernetes import client, config

from fargate_operator.kube import Kube
from fargate_operator.settings import Unusable


def connect() -> Kube:
    """Unusable where no cluster is told of."""
    try:
        if os.environ.get("KUBECONFIG") or "KUBERNETES_SERVICE_HOST" not in os.environ:
            config.load_kube_config()
        else:
            config.load_incluster_config()
    except (config.ConfigException, OSError) as error:
        raise Unusable(f"no cluster: {error}") from error
    urllib3.disable_warnings()
    chosen = client.Configuration.get_default_copy()
    chosen.retries = 0  # the queue comes again, with backoff
    client.Configuration.set_default(chosen)
    return Kube(client.ApiClient())


def namespace() -> str:
    """What the kubeconfig's current context names, as kubectl takes it; else default."""
    try:
        _, current = config.list_kube_config_contexts(os.environ.get("KUBECONFIG") or None)
    except (config.ConfigException, OSError):
        return "default"
    return str((current.get("context") or {}).get("namespace") or "default")
