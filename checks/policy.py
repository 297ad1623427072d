"""What a deployment promises: thresholds, the controls that must be covered, weights, and what does not apply."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from checks.autoscaler import Autoscaling
from checks.model import Gate, Severity
from checks.targets import Objective

_FOLDER = Path(__file__).parent / "policies"
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class PolicyError(Exception):
    """A policy is unknown or unreadable; the message says which and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TlsPolicy(_Strict):
    """Protocol versions as OpenSSL names them; cipher names as OpenSSL names them, matched as substrings.

    ``prime_bits`` is the least of an RSA, DSA or Diffie-Hellman key, ``curve_bits`` of one on an elliptic curve: 112
    bits of security, as NIST SP 800-52r2 demands of certificates (section 3.2.1) and SP 800-131Ar2 of key exchanges.
    """

    refused_versions: tuple[str, ...] = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1")
    required_versions: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    refused_cipher_parts: tuple[str, ...] = ("RC4", "3DES", "DES-CBC", "NULL", "EXP", "MD5", "CBC", "AECDH", "ADH")
    prime_bits: int = 2048
    curve_bits: int = 224
    refused_hashes: tuple[str, ...] = ("md5", "sha1")
    hsts_seconds: int = 31_536_000
    certificate_days_left: int = 7


class SessionPolicy(_Strict):
    """A session's longest life, and without a request, in s; and how many failed log-ins lock an account."""

    token_seconds: int = 1800
    idle_seconds: int = 1800
    lockout_failures: int = 5


class PerformancePolicy(_Strict):
    """Limits in ms from the moment a user meant to ask, at percentile 95 or 99 as their names say; rates as shares.

    ``first_token_p95_ms`` is of a streamed answer's beginning, or of what a model thinks before it. ``goodput`` is
    the least share of the requests that are answered rightly and keep every limit of `objectives`,
    ``throughput_per_s`` how many such requests a second are promised. ``users`` is how many the promise is made
    for: a load of fewer cannot show it, nor can one that is measured for less than ``load_seconds`` or means to send
    less than ``load_rate`` requests/s, or one of another SHA-256 than ``load_profiles`` says for its profile's name (a
    report and ``clinical-gate load`` tell it as the schedule's). ``availability`` is the share of the requests that
    succeed over a month, ``spike_recovery_s`` how soon after a spike the limits hold again. ``gpu_memory`` and
    ``gpu_utilisation`` are the most of an accelerator that a load may take. ``confidence`` is that of every claim,
    ``generator_cpu_limit`` the share of a core, and ``generator_late_p95_ms`` how late it may start its requests, above
    which the load's own sender is not believed.
    """

    inference_p95_ms: Positive = 2000
    inference_p99_ms: Positive = 4000
    first_token_p95_ms: Positive = 500
    patient_p95_ms: Positive = 500
    error_rate: Share = 0.01
    goodput: Share = 0.95
    throughput_per_s: Positive | None = None
    users: Annotated[int, Field(ge=1)] = 100
    load_seconds: Positive | None = None
    load_rate: Positive | None = None
    load_profiles: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = {}
    availability: Annotated[float, Field(gt=0, lt=1)] = 0.999
    spike_recovery_s: Positive = 10
    gpu_memory: Share = 0.9
    gpu_utilisation: Share = 0.85
    confidence: Share = 0.99
    generator_cpu_limit: Share = 0.8
    generator_late_p95_ms: Positive = 50

    def objectives(self) -> dict[str, Objective]:
        """What a good request keeps, by the head of its kind; a load is recorded with these."""
        return {
            "inference": Objective(total_ms=self.inference_p95_ms, first_token_ms=self.first_token_p95_ms),
            "patient": Objective(total_ms=self.patient_p95_ms),
        }


class RecoveryPolicy(_Strict):
    """Seconds. In the drills that ``may_degrade`` names a deployment may promise less: that requests wait for the heal,
    or that a replica stays away.
    """

    rto_s: Positive = 60
    rpo_s: float = 0.0
    restore_s: Positive = 120
    backup_age_s: Positive = 43_200
    alert_s: Positive = 30
    may_degrade: tuple[str, ...] = ()


class PrivacyPolicy(_Strict):
    """Bounds on what a claim may be: epsilon and delta per query, the user's budget, participants.

    ``noise_multiplier`` is the least of a Gaussian mechanism, ``budget_efficiency`` the least share of a budget that
    the queries which it pays for really cost, ``alpha`` what one check may err by chance.
    """

    epsilon: Positive = 0.05
    delta: Positive = 1e-6
    budget: Positive = 5.0
    budget_efficiency: Share = 0.9
    noise_multiplier: Positive = 69.27  # epsilon 0.05 at delta 1e-6 by the analytic Gaussian mechanism
    mechanisms: Annotated[tuple[Literal["gaussian", "laplace"], ...], Field(min_length=1)] = ("gaussian", "laplace")
    adjacency: Literal["add-remove", "substitute"] = "add-remove"
    minimum_participants: int = 3
    alpha: Share = 1e-6


class FederationPolicy(_Strict):
    """How hospitals train and answer together.

    ``convergence`` is the distance from the reference problem's optimum, relative to its length, that training must
    reach within ``rounds``; ``max_patients_per_node`` the largest hospital that may be believed.
    """

    strategy: Literal["fedprox"] = "fedprox"
    rounds: Annotated[int, Field(ge=1)] = 100
    convergence: Positive = 0.001
    max_patients_per_node: Annotated[int, Field(ge=1)] = 10_000


class OperationsPolicy(_Strict):
    """``required_alerts`` are names of alerting rules that must be loaded."""

    required_alerts: tuple[str, ...] = ()


class Exemption(_Strict):
    """A check that does not apply to this system, and why; ``room/*`` stands for every check of a room."""

    check: Annotated[str, Field(pattern=r"^[\w-]+(/[\w-]+)*/([\w-]+|\*)$")]
    reason: Annotated[str, Field(min_length=10)]

    def covers(self, identity: str) -> bool:
        """Whether it speaks of the check of this id."""
        return self.check in (identity, f"{identity.rpartition('/')[0]}/*")


class Policy(_Strict):
    """One policy file. ``floor`` is the score below which nothing is conditional any more.

    ``autoscaling`` is the system's HorizontalPodAutoscaler, if it has one. ``may_lack`` are parts that a deployment may
    say it does not have, in the words of the application file's ``[none]``; what a check looks for there does not
    apply. ``encrypted_below`` are kinds of place that may hold PHI in clear above an encrypted volume, if the target
    file says so of them too.
    """

    name: str
    system: str
    floor: Share = 0.8
    required_controls: tuple[str, ...]
    weights: dict[Severity, float] = {
        Severity.CRITICAL: 8,
        Severity.HIGH: 4,
        Severity.MEDIUM: 2,
        Severity.LOW: 1,
    }
    gates: tuple[Gate, ...] = tuple(Gate)
    tls: TlsPolicy = TlsPolicy()
    session: SessionPolicy = SessionPolicy()
    performance: PerformancePolicy = PerformancePolicy()
    recovery: RecoveryPolicy = RecoveryPolicy()
    privacy: PrivacyPolicy = PrivacyPolicy()
    federation: FederationPolicy = FederationPolicy()
    operations: OperationsPolicy = OperationsPolicy()
    autoscaling: Autoscaling | None = None
    not_applicable: tuple[Exemption, ...] = ()
    may_lack: tuple[str, ...] = ()
    encrypted_below: tuple[str, ...] = ()

    def exempts(self, identity: str) -> str | None:
        """Why the check of this id does not apply; None of one that does."""
        return next((exemption.reason for exemption in self.not_applicable if exemption.covers(identity)), None)


def policy_names() -> tuple[str, ...]:
    """The policies that come with the product."""
    return tuple(sorted(p.stem for p in _FOLDER.glob("*.toml")))


@cache
def load_policy(name: str) -> Policy:
    """A policy by name, or from a path that ends in ``.toml``.

    Raises:
        PolicyError: no such policy, not TOML, or a field that does not fit.
    """
    path = Path(name) if name.endswith(".toml") else _FOLDER / f"{name}.toml"
    if not path.is_file():
        msg = f"no policy named '{name}'; there are {', '.join(policy_names())}, or give the path of a .toml file"
        raise PolicyError(msg)
    try:
        return Policy.model_validate(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        msg = f"{path} is not TOML: {problem}"
        raise PolicyError(msg) from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = f"{path}: {where}: {first['msg']}"
        raise PolicyError(msg) from problem
