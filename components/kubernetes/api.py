"""A client of a cluster's API that puts up with a server which is busy or restarts."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

from typing import Any

import yaml
from kubernetes import client, config
from typing_extensions import override

from ..response_limits import read_bounded
from ..retry import CONNECT_SECONDS, READ_SECONDS, make_retry


class ApiClient(client.ApiClient):
    """The official client, with a bound on every request and response: it has none by itself."""

    @override
    def call_api(self, *args: Any, _request_timeout: Any = None, **options: Any) -> Any:
        bound = _request_timeout or (CONNECT_SECONDS, READ_SECONDS)
        response: Any = super().call_api(*args, _request_timeout=bound, **options)
        response.data = read_bounded(response.response)
        return response


def make_api_client(kubeconfig: str | None, context: str | None) -> ApiClient:
    """Make a client of the cluster that a kubeconfig names.

    :param kubeconfig: A file, or its text; defaults to the user's own.
    :param context: Its context; defaults to the current one.
    :raises kubernetes.config.ConfigException: It names no such cluster or context.
    :raises OSError: The file can't be read.
    :raises yaml.YAMLError: The text is no YAML.
    """
    configuration: Any = client.Configuration()
    configuration.retries = make_retry()
    if kubeconfig and "\n" in kubeconfig:
        config.load_kube_config_from_dict(yaml.safe_load(kubeconfig), context, client_configuration=configuration)
    else:
        config.load_kube_config(kubeconfig, context, client_configuration=configuration)
    return ApiClient(configuration)
