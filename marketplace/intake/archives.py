"""ZIP files: checked before anything is unpacked, their one table laid beside them, their images read by name."""

from __future__ import annotations

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import IO

import orjson
from django.utils.translation import gettext as _

from kit import assets
from marketplace.intake import files, sniffing
from marketplace.intake.files import Spooled
from marketplace.intake.plan import Unreadable

MEMBERS_MOST = 200_000
TOTAL_MOST = 20 * 1024**3
"""Bytes of all members, unpacked."""
RATIO_MOST = 200
"""How many times larger than its packed form a member may be; beyond it is a bomb, not a picture or a table."""
RATIO_MATTERS_FROM = 10 * 1024**2
DIRECTORY_MOST = 64 * 1024**2

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")
ARCHIVES = (".zip", ".gz", ".tgz", ".7z", ".rar", ".tar", ".bz2", ".xz")
_JUNK = re.compile(r"(^|/)(__MACOSX/|\.(?!/)|Thumbs\.db$|desktop\.ini$)")
"""What operating systems leave behind; nobody means it."""
_END = struct.Struct("<4s4H2LH")
_PIECE = 256 * 1024


class NoSuchImage(Exception):
    """An image cannot be taken out of the ZIP; the argument says why."""


def keep_table(spool: Spooled, *, as_name: str) -> sniffing.Found:
    """Check a ZIP and store its table on its own; a ZIP without one gets a table with the names of its images.

    Raises Unreadable.
    """
    with _open(spool.file) as archive:
        members = _checked(archive)
        tables = [member for member in members if member.filename.lower().endswith(TABLES)]
        if len(tables) > 1:
            named = ", ".join(sorted(table.filename for table in tables)[:3])
            raise Unreadable(_("The ZIP holds more than one table (%(named)s). Put one into it.") % {"named": named})
        source = _unpacked(archive, tables[0]) if tables else _listed(members)
        name = tables[0].filename if tables else "images.jsonl"
        with files.spooled(_readable(source)) as table:
            found = sniffing.look(table, name)
            files.keep(table, as_name)
    return sniffing.Found("zip", replace(found.layout, beside=True, folder=name.rpartition("/")[0]), found.columns)


def _open(file: IO[bytes]) -> zipfile.ZipFile:
    _refuse_huge_directory(file)
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error, UnicodeError):
        raise Unreadable(_("The ZIP is damaged or was cut off.")) from None


def _refuse_huge_directory(file: IO[bytes]) -> None:
    """Look at the end record before anything is read into memory: millions of empty members are a bomb too."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 65_535 - _END.size, 0))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    file.seek(0)
    if place < 0 or len(tail) - place < _END.size:
        raise Unreadable(_("The ZIP is damaged or was cut off."))
    _sign, _disk, _start, _here, count, directory, offset, _comment = _END.unpack_from(tail, place)
    # Figures of all ones say that the true ones stand in a ZIP64 record right before.
    zip64 = tail.rfind(b"PK\x06\x06", 0, place)
    if place - 56 >= zip64 >= 0 and (count == 0xFFFF or 0xFFFF_FFFF in (directory, offset)):
        count, directory = struct.unpack_from("<2Q", tail, zip64 + 32)
    if count > MEMBERS_MOST or directory > DIRECTORY_MOST:
        raise Unreadable(_("The ZIP holds more than %(most)d files. Split it into several.") % {"most": MEMBERS_MOST})


def _checked(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that count. Raises Unreadable that names the first one that is not safe."""
    every = archive.infolist()
    if len(every) > MEMBERS_MOST:
        raise Unreadable(_("The ZIP holds more than %(most)d files. Split it into several.") % {"most": MEMBERS_MOST})
    members = [member for member in every if not member.is_dir() and not _JUNK.search(member.filename)]
    if sum(member.file_size for member in every) > TOTAL_MOST:
        raise Unreadable(_("Unpacked, the ZIP is larger than 20 GB. Split it into several."))
    seen: set[str] = set()
    for member in every:
        if fault := _fault(member) or (_("it stands twice in the ZIP") if _plain(member.filename) in seen else ""):
            shown = ascii(member.filename)[1:-1][:80]
            raise Unreadable(_("The ZIP is refused because of “%(name)s”: %(fault)s.") % {"name": shown, "fault": fault})
        seen.add(_plain(member.filename))
    if not members:
        raise Unreadable(_("The ZIP holds no images and no table."))
    if "[Content_Types].xml" in seen:
        raise Unreadable(_("This is an Excel or Word document. Save the table as “CSV UTF-8” and upload that."))
    return members


def _fault(member: zipfile.ZipInfo) -> str:
    """Why a member is not safe or cannot be read; nothing when all is well."""
    name, mode = member.filename, member.external_attr >> 16
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return _("its name is an absolute path")
    if ".." in re.split(r"[/\\]", name):
        return _("its name leads out of the ZIP")
    if "\\" in name or any(ord(sign) < 32 for sign in name) or len(name) > 500:
        return _("its name holds signs that a path cannot have")
    if mode and stat.S_ISLNK(mode):
        return _("it is a link, not a file")
    if mode and stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return _("it is no ordinary file")
    if member.flag_bits & 1:
        return _("it is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return _("it is packed in a way other than “deflate”")
    if name.lower().endswith(ARCHIVES):
        return _("an archive inside the archive is not unpacked")
    if member.file_size > RATIO_MATTERS_FROM and member.file_size > RATIO_MOST * max(member.compress_size, 1):
        return _("it unpacks to more than %(most)d times its size") % {"most": RATIO_MOST}
    return ""


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as table:
        yield from iter(lambda: table.read(_PIECE), b"")


def _listed(members: Iterable[zipfile.ZipInfo]) -> Iterator[bytes]:
    """A table of the images themselves, in the order of their names."""
    for name in sorted(map(_name, members)):
        yield orjson.dumps({"name": name, "image": name}) + b"\n"


def _readable(source: Iterable[bytes]) -> Iterator[bytes]:
    """A damaged member is the file's fault, not ours."""
    try:
        yield from source
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
        raise Unreadable(_("The table in the ZIP is damaged.")) from None


class Images:
    """The images of a stored ZIP by name, however a table writes the name: from its own folder or from the top."""

    def __init__(self, file: IO[bytes], *, folder: str) -> None:
        self._archive = _open(file)
        self._folder = folder
        self._places = {
            _plain(_name(member)): member for member in self._archive.infolist() if not member.is_dir()
        }

    def read(self, name: str) -> bytes:
        """The content of an image. Raises NoSuchImage."""
        plain = _plain(name)
        member = self._places.get(_plain(f"{self._folder}/{plain}")) or self._places.get(plain)
        if member is None:
            raise NoSuchImage(_("The ZIP holds no file of this name."))
        if member.file_size > assets.MAX_BYTES:
            raise NoSuchImage(_("The file is larger than 20 MB."))
        try:
            return self._archive.read(member)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
            raise NoSuchImage(_("The file is damaged inside the ZIP.")) from None


def _name(member: zipfile.ZipInfo) -> str:
    """A member's name; many tools write UTF-8 without saying so."""
    if not member.flag_bits & 0x800 and not member.filename.isascii():
        with suppress(UnicodeError):
            return member.filename.encode("cp437").decode()
    return member.filename


def _plain(name: str) -> str:
    """A name as it is compared: one form of accents (macOS writes another than everybody else), no `./` in front."""
    normal: str = unicodedata.normalize("NFC", name)
    return re.sub(r"^(\./|/)+", "", normal)
