"""The npm packages of the example: installed once into a cache, as ``package-lock.json`` pins them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from fixtures.services import ServiceError

_HERE = Path(__file__).resolve().parent
_TIMEOUT_S = 300
_OLDEST_NODE = 20


def modules() -> Path:
    """The folder of the installed packages; installs them when the cache does not have them.

    Raises:
        ServiceError: npm failed, or Node.js is too old.
    """
    _check_node()
    lock = _HERE / "package-lock.json"
    folder = _cache() / f"fhir-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent))
        draft.chmod(0o755)
        for name in ("package.json", lock.name):
            shutil.copy(_HERE / name, draft)
        argv = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(argv, cwd=draft, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        if done.returncode != 0:
            shutil.rmtree(draft)
            msg = f"npm could not install the packages of the FHIR example: {done.stderr.strip()[-500:]}"
            raise ServiceError(msg)
        try:
            draft.rename(folder)
        except OSError:  # somebody else was first
            shutil.rmtree(draft)
    return folder / "node_modules"


def _check_node() -> None:
    found = shutil.which("node")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout if found else ""
    if int(version.lstrip("v").partition(".")[0] or 0) < _OLDEST_NODE:
        msg = f"the FHIR example needs Node.js {_OLDEST_NODE} or newer; here is {version.strip() or 'none'}"
        raise ServiceError(msg)


def _cache() -> Path:
    """Where service accounts can read it, when the harness is root."""
    if os.geteuid() == 0:
        return Path("/var/cache/clinical-gate")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clinical-gate"
