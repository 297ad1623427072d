"""The example of a load from several pods of a cluster: docs/kubernetes-workers.yaml."""

from __future__ import annotations

import tomllib

import pytest
import yaml

from cli import main
from fixtures import REPOSITORY
from fixtures.deployment.target_file import TargetFile

pytestmark = pytest.mark.unit


def test_the_kubernetes_example_is_hardened() -> None:
    """It is YAML; the file with the secrets is a Secret; every container is confined."""
    documents = list(yaml.safe_load_all((REPOSITORY / "docs/kubernetes-workers.yaml").read_text()))
    kinds = [document["kind"] for document in documents]
    assert sorted(kinds) == ["Job", "Job", "NetworkPolicy", "Secret", "Service"]
    target = documents[kinds.index("Secret")]["stringData"]["target.toml"]
    assert TargetFile.model_validate(tomllib.loads(target)).load is not None
    for job in (document for document in documents if document["kind"] == "Job"):
        pod = job["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            confined = container["securityContext"]
            assert confined["readOnlyRootFilesystem"] is True
            assert confined["allowPrivilegeEscalation"] is False
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}
            command = [str(part) for part in container["args"]]
            assert command[0] == "load"
            options = {option for parameter in main.commands["load"].params for option in parameter.opts}
            assert {part.partition("=")[0] for part in command[1:]} <= options
