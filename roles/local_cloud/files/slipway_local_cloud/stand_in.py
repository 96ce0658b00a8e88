# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for ``python:<version>-slim``, made of the Debian packages installed on this machine.

Where no image registry can be reached, the same Dockerfile still has to build. The stand-in has the official image's
name and shape: Debian, Python under ``/usr/local``, pip that installs into ``/usr/local/lib/python3.x/site-packages``.
It carries the machine's certificates and pip settings, so that pip inside a build reaches the index as pip on the
machine does, and the label ``slipway.stand-in=true``. The same packages give the same image, byte for byte.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import shutil
import stat
import subprocess
import tarfile
import typing as t
import zipfile
from pathlib import Path

from . import debian_packages, index_access
from .errors import LocalCloudError
from .index_access import BUNDLE
from .private_engine import install_packages, may_install

if t.TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = "python:3.11-slim"
NAME = re.compile(r"python:(3\.\d+)(?:\.\d+)?(?:-slim)?(?:-[a-z]+)?")
# What a Dockerfile expects of a slim Debian image; what these need comes along.
PACKAGES = (
    *("base-files", "base-passwd", "bash", "coreutils", "dash", "debianutils", "findutils", "grep", "gzip", "hostname"),
    *("libc-bin", "libstdc++6", "login", "mawk", "netbase", "openssl", "passwd", "sed", "tar", "tzdata"),
)
NOT_SHIPPED = re.compile(
    r"/usr/share/(man|info|locale|lintian|bash-completion|bug|menu)(/|$)|/usr/share/doc/[^/]+/(?!copyright$)"
)
WHEELS = Path("/usr/share/python-wheels")
# Anything the archive makes itself is of this moment, or two builds would differ.
EPOCH = 1_600_000_000


def is_possible(name: str) -> bool:
    """Tell whether this image has a stand-in at all."""
    return NAME.fullmatch(name) is not None


def write_archive(name: str, archive: Path) -> None:
    """Write the stand-in as an archive that `docker load` understands."""
    match = NAME.fullmatch(name)
    if match is None:
        raise LocalCloudError(f"There is no stand-in for {name}.")
    python = match.group(1)
    _have_packages(name, python)
    layer = archive.with_name("layer.tar")
    with tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as tar:
        for entry, content in sorted(_entries(python), key=lambda pair: pair[0].name):
            with content() as stream:
                tar.addfile(entry, stream)
    configuration = _configuration(name, python, _digest(layer))
    names = {"Config": f"{hashlib.sha256(configuration).hexdigest()}.json", "RepoTags": [name], "Layers": ["layer.tar"]}
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        for file, text in ((names["Config"], configuration), ("manifest.json", json.dumps([names]).encode())):
            tar.addfile(_made(str(file), 0o644, size=len(text)), io.BytesIO(text))
        with layer.open("rb") as stream:
            tar.addfile(_made("layer.tar", 0o644, size=layer.stat().st_size), stream)


def _configuration(name: str, python: str, layer: str) -> bytes:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return json.dumps(
        {
            "architecture": machine,
            "os": "linux",
            "created": "2020-09-13T12:26:40Z",
            "config": {
                "Env": [
                    "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "LANG=C.UTF-8",
                    f"SSL_CERT_FILE={BUNDLE}",
                    f"PYTHON_VERSION={_python_version(python)}",
                ],
                "Cmd": ["python3"],
                "Labels": {"slipway.stand-in": "true", "slipway.stand-in.for": name},
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
            "history": [{"created": "2020-09-13T12:26:40Z", "created_by": "slipway stand-in of installed packages"}],
        },
        sort_keys=True,
    ).encode()


# --- packages ---------------------------------------------------------------------------------------------------------


def _wanted(python: str) -> tuple[str, ...]:
    return (*PACKAGES, f"python{python}", f"python{python}-venv", "python3-pip-whl", "python3-setuptools-whl")


def _have_packages(name: str, python: str) -> None:
    if shutil.which("dpkg-query") is None:
        raise LocalCloudError(
            f"{name} could not be pulled, and its stand-in is made of Debian packages, which are not used here.",
            "Load the image into the engine by hand, or run on Debian or Ubuntu.",
        )
    installed = debian_packages.installed()
    missing = tuple(package for package in _wanted(python) if package not in installed)
    if not missing:
        return
    if not may_install():
        raise LocalCloudError(
            f"{name} could not be pulled, and its stand-in needs {', '.join(missing)}.",
            f"As root: apt-get install {' '.join(missing)}",
        )
    install_packages(missing)


# --- what goes into the image -----------------------------------------------------------------------------------------

Content = t.Callable[[], t.IO[bytes]]


def _entries(python: str) -> Iterator[tuple[tarfile.TarInfo, Content]]:
    """Yield everything in the image, each path once; what we make goes before what a package ships."""
    seen: set[str] = set()
    for entry, content in (*_made_here(python), *_shipped(python)):
        if entry.name not in seen:
            seen.add(entry.name)
            yield entry, content


def _shipped(python: str) -> Iterator[tuple[tarfile.TarInfo, Content]]:
    packages = debian_packages.closure(_wanted(python), debian_packages.installed())
    for path in sorted({_real(path) for path in debian_packages.files_of(packages)}):
        if NOT_SHIPPED.match(path) or path.endswith("/EXTERNALLY-MANAGED") or not os.path.lexists(path):
            continue
        yield _taken(path)
        if path.endswith(".py"):
            compiled = Path(path).parent / "__pycache__" / f"{Path(path).stem}.cpython-{python.replace('.', '')}.pyc"
            if _is_compiled_from(compiled, Path(path)):
                yield _taken(str(compiled.parent))
                yield _taken(str(compiled))
    for link in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if Path("/", link).is_symlink():
            yield _taken(f"/{link}")


def _real(path: str) -> str:
    """Return where a packaged path really lies: on a merged system /bin is a link to /usr/bin."""
    folder, dummy, name = path.rpartition("/")
    return f"{os.path.realpath(folder or '/').rstrip('/')}/{name}"


def _is_compiled_from(compiled: Path, source: Path) -> bool:
    """Tell whether a .pyc belongs to this very source: Python would throw away any other, at every start."""
    try:
        header = compiled.read_bytes()[:16]
        found = source.stat()
    except OSError:
        return False
    moment, size = int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little")
    return header[4:8] == b"\0\0\0\0" and (moment, size) == (int(found.st_mtime), found.st_size)


def _taken(path: str) -> tuple[tarfile.TarInfo, Content]:
    """Return a path of this machine as an entry: same content, mode, owner and, for a file, moment."""
    found = os.lstat(path)
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.mode, entry.uid, entry.gid = found.st_mode & 0o7777, found.st_uid, found.st_gid
    entry.mtime = EPOCH
    if stat.S_ISLNK(found.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, str(Path(path).readlink())
    elif stat.S_ISDIR(found.st_mode):
        entry.type = tarfile.DIRTYPE
    else:
        # Python trusts a .pyc only if its source has the moment that it was compiled from.
        entry.size, entry.mtime = found.st_size, int(found.st_mtime)
        return entry, lambda: Path(path).open("rb")
    return entry, io.BytesIO


def _made(path: str, mode: int, *, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.mode, entry.mtime, entry.size, entry.type, entry.linkname = mode, EPOCH, size, kind, link
    return entry


def _file(path: str, content: bytes, mode: int = 0o644) -> tuple[tarfile.TarInfo, Content]:
    return _made(path.lstrip("/"), mode, size=len(content)), lambda: io.BytesIO(content)


def _link(path: str, target: str) -> tuple[tarfile.TarInfo, Content]:
    return _made(path.lstrip("/"), 0o777, kind=tarfile.SYMTYPE, link=target), io.BytesIO


def _folder(path: str, mode: int = 0o755) -> tuple[tarfile.TarInfo, Content]:
    return _made(path.lstrip("/"), mode, kind=tarfile.DIRTYPE), io.BytesIO


def _made_here(python: str) -> Iterator[tuple[tarfile.TarInfo, Content]]:
    """Yield what no package ships: the accounts, the certificates, and Python as the official image lays it out."""
    for path in (
        "dev",
        "proc",
        "sys",
        "run",
        "mnt",
        "opt",
        "srv",
        "home",
        "var/lib",
        "var/log",
        "var/cache",
        "etc/ssl/certs",
    ):
        yield _folder(path)
    yield _folder("root", 0o700)
    yield _folder("tmp", 0o1777)
    yield _folder("var/tmp", 0o1777)
    yield from _accounts()
    yield _file(BUNDLE, index_access.machine_certificates(os.environ))
    yield _link("/usr/lib/ssl/cert.pem", BUNDLE)
    settings = index_access.pip_settings(os.environ, index_access.pip_files(os.environ))
    yield _file("/etc/pip.conf", index_access.pip_configuration(settings).encode())
    yield from _python(python)


def _accounts() -> Iterator[tuple[tarfile.TarInfo, Content]]:
    """Yield /etc/passwd and its kin as base-passwd's first configuration writes them, with no password at all."""
    for name in ("passwd", "group"):
        master = Path("/usr/share/base-passwd", f"{name}.master").read_text(encoding="utf-8")
        yield _file(f"/etc/{name}", re.sub(r"^([^:]+):\*:", r"\1:x:", master, flags=re.MULTILINE).encode())
        names = [line.split(":")[0] for line in master.splitlines() if line]
        if name == "passwd":
            shadow = "".join(f"{user}:*:18000:0:99999:7:::\n" for user in names)
            yield _file("/etc/shadow", shadow.encode(), 0o600)
        else:
            yield _file("/etc/gshadow", "".join(f"{group}:*::\n" for group in names).encode(), 0o600)


def _python(python: str) -> Iterator[tuple[tarfile.TarInfo, Content]]:
    """Yield /usr/local as a virtual environment: so Debian's Python installs where the official image's does."""
    packages = f"usr/local/lib/python{python}/site-packages"
    for path in ("usr/local", "usr/local/bin", "usr/local/lib", f"usr/local/lib/python{python}", packages):
        yield _folder(path)
    settings = f"home = /usr/bin\ninclude-system-site-packages = true\nversion = {_python_version(python)}\n"
    yield _file("/usr/local/pyvenv.cfg", settings.encode())
    yield _link(f"/usr/local/bin/python{python}", f"/usr/bin/python{python}")
    for name in ("python", "python3"):
        yield _link(f"/usr/local/bin/{name}", f"python{python}")
    if not Path("/usr/bin/python3").exists():
        yield _link("/usr/bin/python3", f"python{python}")
    start = f"#!/usr/local/bin/python{python}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
    for name in ("pip", "pip3", f"pip{python}"):
        yield _file(f"/usr/local/bin/{name}", start.encode(), 0o755)
    for wheel in sorted((*WHEELS.glob("pip-*.whl"), *WHEELS.glob("setuptools-*.whl"))):
        yield from _unpacked(wheel, packages)


def _unpacked(wheel: Path, into: str) -> Iterator[tuple[tarfile.TarInfo, Content]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/"):
                for parent in reversed(Path(name).parents[:-1]):
                    yield _folder(f"{into}/{parent}")
                yield _file(f"{into}/{name}", archive.read(name))


def _python_version(python: str) -> str:
    said = subprocess.run([f"/usr/bin/python{python}", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[-1].rstrip("+")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
