"""The example of a load from several pods of a cluster: docs/kubernetes-workers.yaml."""

from __future__ import annotations

import tomllib

import pytest
import yaml

from cli import main
from fixtures import REPOSITORY
from fixtures.deployment.target_file import TargetFile

pytestmark = pytest.mark.unit


def test_the_kubernetes_example_is_hardened(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is YAML; the secret is a Secret, and every container has it in its environment; each is confined."""
    documents = list(yaml.safe_load_all((REPOSITORY / "docs/kubernetes-workers.yaml").read_text()))
    kinds = [document["kind"] for document in documents]
    assert sorted(kinds) == ["Job", "Job", "NetworkPolicy", "Secret", "Service"]
    kept = documents[kinds.index("Secret")]["stringData"]
    monkeypatch.setenv("LOAD_SECRET", kept["secret"])
    load = TargetFile.model_validate(tomllib.loads(kept["target.toml"])).load
    assert load is not None
    assert load.secret == kept["secret"]
    for job in (document for document in documents if document["kind"] == "Job"):
        pod = job["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            (given,) = container["env"]
            assert (given["name"], given["valueFrom"]["secretKeyRef"]["key"]) == ("LOAD_SECRET", "secret")
            confined = container["securityContext"]
            assert confined["readOnlyRootFilesystem"] is True
            assert confined["allowPrivilegeEscalation"] is False
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}
            command = [str(part) for part in container["args"]]
            assert command[0] == "load"
            options = {option for parameter in main.commands["load"].params for option in parameter.opts}
            assert {part.partition("=")[0] for part in command[1:]} <= options
