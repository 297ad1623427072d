"""A time stamping authority of the tests: OpenSSL's, behind a real HTTP server."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_SETTINGS = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[stamper]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""


class StampingAuthority:
    """One authority, with a root of its own."""

    def __init__(self, folder: Path, name: str = "Clock of the tests") -> None:
        folder.mkdir()
        self._folder, self.root = folder, folder / "root.pem"
        self.url = ""
        (folder / "settings").write_text(_SETTINGS.format(folder=folder, name=name))
        (folder / "serial").write_text("01\n")
        fresh = ["-newkey", "rsa:2048", "-noenc", "-config", "settings"]
        self._openssl("req", "-x509", *fresh, "-keyout", "root.key", "-out", "root.pem", "-extensions", "root")
        self._openssl("req", *fresh, "-subj", "/CN=stamper", "-keyout", "stamper.key", "-out", "stamper.csr")
        issue = ["-CA", "root.pem", "-CAkey", "root.key", "-extfile", "settings", "-extensions", "stamper"]
        self._openssl("x509", "-req", "-in", "stamper.csr", *issue, "-out", "stamper.pem")

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)

    def answer(self, query: bytes) -> bytes:
        """What it says to a request."""
        (self._folder / "query").write_bytes(query)
        signing = ["-signer", "stamper.pem", "-inkey", "stamper.key"]
        self._openssl("ts", "-reply", "-config", "settings", "-queryfile", "query", *signing, "-out", "reply")
        return (self._folder / "reply").read_bytes()

    @contextlib.contextmanager
    def serving(self, said: bytes | None = None) -> Iterator[StampingAuthority]:
        """Answer at ``url``; with ``said``, that and nothing else."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                content = authority.answer(query) if said is None else said
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its own name
                del format, args

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}/tsr"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
