"""The npm packages of the example, Node.js among them, as its ``package-lock.json`` pins them."""

from __future__ import annotations

from pathlib import Path

from fixtures.services.npm import NpmPackages

PACKAGES = NpmPackages("fhir", Path(__file__).resolve().parent, advice="./run example fhir installs what is missing")
