"""The npm packages of the example, Node.js among them: installed once into a cache, as ``package-lock.json`` pins
them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from fixtures.services import ServiceError

_HERE = Path(__file__).resolve().parent
_LOCK = _HERE / "package-lock.json"
_TIMEOUT_S = 300


def modules() -> Path:
    """The folder that the packages are in, once they are installed."""
    return _cache() / f"fhir-{hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:16]}" / "node_modules"


def node() -> Path:
    """Node.js, which is one of them: whatever the machine has is only used to install it."""
    kind = "arm64" if os.uname().machine == "aarch64" else "x64"
    return modules() / f"node-linux-{kind}" / "bin" / "node"


def install() -> None:
    """Install the packages, unless they are in the cache.

    Raises:
        ServiceError: npm failed.
    """
    folder = modules().parent
    if folder.exists():
        return
    if shutil.which("npm") is None:
        msg = "npm is not installed; ./run example fhir installs what is missing"
        raise ServiceError(msg)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent))
    draft.chmod(0o755)
    try:
        _install_into(draft)
        draft.rename(folder)
    except OSError:
        if not folder.exists():  # else somebody else was first
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _install_into(folder: Path) -> None:
    for path in (_HERE / "package.json", _LOCK):
        shutil.copy(path, folder)
    # Scripts of packages would run as whoever brings the example up, and none is needed.
    argv = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode != 0:
        msg = f"npm could not install the packages of the FHIR example: {done.stderr.strip()[-500:]}"
        raise ServiceError(msg)


def _cache() -> Path:
    """Where service accounts can read it, when the harness is root."""
    if os.geteuid() == 0:
        return Path("/var/cache/clinical-gate")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clinical-gate"
