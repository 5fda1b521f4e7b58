"""In place of the two servers FreeSWITCH comes from: their paths, names, redirects, signatures and refusals, over TLS.

``sources.py make FOLDER`` writes what they hold: two channels of Nix, with packages that build in a moment, and a
signed apt repository with a package for each of the vendor's modules. ``sources.py serve FOLDER`` serves it on port 443
of this machine and says on standard error what was asked. Debian's own Python runs this: nothing beyond it is needed.
"""

import base64
import hashlib
import http.server
import ssl
import subprocess
import sys
import tarfile
from pathlib import Path

VENDOR, CHANNELS, RELEASES = "freeswitch.signalwire.com", "channels.nixos.org", "releases.nixos.org"
TOKEN = "the-token"
#: Of the vendor's packages, as its debian/control-modules names them, those that `freeswitch/` wants and some more.
MODULES = (
    "mod-avmd", "mod-commands", "mod-conference", "mod-console", "mod-dialplan-xml", "mod-dptools", "mod-event-socket",
    "mod-logfile", "mod-loopback", "mod-opus", "mod-rtc", "mod-sndfile", "mod-sofia", "mod-spandsp", "mod-tone-stream",
    "mod-verto", "mod-xml-curl",
)  # fmt: skip
VERSION = "1.11.3~release-1~bookworm"
PROGRAM = '#!/bin/sh\\necho "FreeSWITCH version: {} (a stand-in)"\\n'

#: A channel's packages are built where they are installed; the real ones come built.
CHANNEL = """
{ }:
let
  script = name: text: derivation {
    inherit name text;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    args = [ "-c" ''mkdir -p $out/bin; printf "$text" > $out/bin/%s; chmod 0755 $out/bin/%s'' ];
  };
in { %s = script "%s" %s; }
"""


def run(*command, folder):
    """A command that must do."""
    subprocess.run([str(part) for part in command], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def channel(folder, release, attribute, name, program, text):
    """One channel's archive of expressions: a folder with a default.nix."""
    there = folder / RELEASES / release
    there.mkdir(parents=True)
    quoted = '"' + text.replace('"', '\\"').replace("\\n", "\\\\n").replace("$", "\\$") + '"'
    (there / "default.nix").write_text(CHANNEL % (program, program, attribute, name, quoted))
    with tarfile.open(there / "nixexprs.tar.xz", "w:xz") as archive:
        archive.add(there / "default.nix", f"{release}/default.nix")


def package(pool, name, depends=""):
    """A Debian package; its paragraph for the index."""
    tree = pool / name
    (tree / "DEBIAN").mkdir(parents=True)
    fields = f"Package: {name}\nVersion: {VERSION}\nArchitecture: all\n{depends}"
    fields += "Maintainer: nobody <nobody@localhost>\nDescription: stand-in\n"
    (tree / "DEBIAN" / "control").write_text(fields)
    if name == "freeswitch":
        (tree / "usr" / "bin").mkdir(parents=True)
        (tree / "usr" / "bin" / name).write_text(PROGRAM.format("1.11.3").replace("\\n", "\n"))
        (tree / "usr" / "bin" / name).chmod(0o755)
    run("dpkg-deb", "--root-owner-group", "-b", tree, pool / f"{name}.deb", folder=pool)
    packed = (pool / f"{name}.deb").read_bytes()
    return f"{fields}Filename: pool/{name}.deb\nSize: {len(packed)}\nSHA256: {hashlib.sha256(packed).hexdigest()}\n"


def repository(folder):
    """The vendor's: signed with a key that it gives away."""
    top = folder / VENDOR / "repo" / "deb" / "debian-release"
    pool, suite = top / "pool", top / "dists" / "bookworm"
    index = suite / "main" / "binary-amd64"
    index.mkdir(parents=True)
    depends = f"Depends: freeswitch (= {VERSION})\n"
    packages = [package(pool, "freeswitch"), *(package(pool, f"freeswitch-{name}", depends) for name in MODULES)]
    listed = "\n".join(packages).encode()
    (index / "Packages").write_bytes(listed)
    (suite / "Release").write_text(
        "Origin: stand-in\nSuite: bookworm\nCodename: bookworm\nArchitectures: amd64 all\nComponents: main\n"
        "Date: Thu, 01 Jan 2026 00:00:00 UTC\n"
        f"SHA256:\n {hashlib.sha256(listed).hexdigest()} {len(listed)} main/binary-amd64/Packages\n"
    )
    gpg = ("gpg", "--homedir", folder, "--batch", "--yes", "--passphrase", "")
    run(*gpg, "--quick-gen-key", "vendor@localhost", "rsa2048", folder=folder)
    run(*gpg, "--output", top / "signalwire-freeswitch-repo.gpg", "--export", "vendor@localhost", folder=folder)
    run(*gpg, "--clearsign", "--output", suite / "InRelease", suite / "Release", folder=folder)


def certificates(folder):
    """An authority, and a certificate of the servers' names."""
    names = ",".join(f"DNS:{name}" for name in (VENDOR, CHANNELS, RELEASES))
    new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    run(*new, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt", folder=folder)
    run(*new, "-subj", "/CN=server", "-CA", "ca.crt", "-CAkey", "ca.key", "-addext", f"subjectAltName={names}",
        "-addext", "basicConstraints=CA:FALSE", "-keyout", "key.pem", "-out", "cert.pem", folder=folder)  # fmt: skip


def make(folder):
    """All of it."""
    folder.mkdir(mode=0o700)
    newer = '#!/bin/sh\\nexec /usr/bin/nix-env "$@"\\n'
    channel(folder, "nixos-24.11", "nixVersions.stable", "nix-2.24", "nix-env", newer)
    channel(folder, "nixpkgs-unstable", "freeswitch", "freeswitch-1.11.3", "freeswitch", PROGRAM.format("1.11.3"))
    repository(folder)
    certificates(folder)


class Servers(http.server.SimpleHTTPRequestHandler):
    """Each host's files below a folder of its name."""

    folder = Path()

    def do_GET(self):
        """The vendor asks who it is, the channels send on to the releases."""
        host = self.headers["Host"].split(":")[0]
        login = "Basic " + base64.b64encode(f"signalwire:{TOKEN}".encode()).decode()
        if host == CHANNELS and self.path != "/":
            self.send_response(302)
            self.send_header("Location", f"https://{RELEASES}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif host == VENDOR and self.headers["Authorization"] != login:
            self.send_error(401)
        else:
            self.directory = str(self.folder / host)
            super().do_GET()


def serve(folder):
    """Until it is ended."""
    Servers.folder = folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Servers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    {"make": make, "serve": serve}[sys.argv[1]](Path(sys.argv[2]))
