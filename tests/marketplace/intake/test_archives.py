"""ZIPs of pictures: with a table or without, checked before anything is unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from kit import assets
from kit.models import Asset
from marketplace import batches, intake
from marketplace.intake import archives, images
from marketplace.intake.fetching import Door
from marketplace.models import Batch, Upload
from tests.marketplace.intake import incoming
from tests.marketplace.intake.incoming import NOW, packed, picture

pytestmark = pytest.mark.django_db

BOTH = {"name": "external_id", "image": "image"}


def pictures(batch: Batch) -> list[str]:
    return [task.payload["image"] for task in incoming.tasks(batch)]


def test_a_zip_without_a_table_makes_a_task_of_each_picture() -> None:
    batch = incoming.draft(incoming.boxes())
    content = packed({"b/2.jpg": picture(2, form="JPEG"), "a 1.png": picture(1), "b/": b"", "__MACOSX/a 1.png": b"x", ".DS_Store": b"x"})
    received = incoming.upload(batch, content, "boats.zip")
    assert (received.kind, [column["name"] for column in received.columns]) == ("zip", ["name", "image"])
    assert intake.suggest_mapping(received) == BOTH
    done = incoming.read(batch, content, BOTH, "boats.zip", images=True)
    assert [task.external_id for task in incoming.tasks(batch)] == ["a 1.png", "b/2.jpg"]
    assert all(image.startswith("asset:") for image in pictures(batch))
    assert assets.read(Asset.objects.get(sha256=pictures(batch)[0].removeprefix("asset:"))) == picture(1)
    assert (done.status, done.rows_good, done.rows_bad, done.images_waiting) == ("done", 2, 0, 0)


def test_a_table_names_pictures_from_its_own_folder_or_from_the_top_in_any_form_of_accents() -> None:
    batch = incoming.draft(incoming.boxes())
    nfd, nfc = "cafe\u0301.png", "caf\u00e9.png"
    table = f"id,photo,width,height\n1,images/a.png,8,6\n2,set/images/a.png,,\n3,{nfc},,\n".encode()
    content = packed({"set/items.csv": table, "set/images/a.png": picture(1), f"set/{nfd}": picture(2)})
    received = incoming.read(batch, content, {"id": "external_id", "photo": "image", "width": "width", "height": "height"},
                             "set.zip", images=True)
    one, two, three = incoming.tasks(batch)
    assert one.payload["image"] == two.payload["image"] != three.payload["image"]
    assert (one.payload["width"], one.extra) == (8, {"photo": "images/a.png"})
    assert (one.line, received.rows_bad, batch.task_count) == (2, 0, 3)


def test_launching_waits_for_the_pictures() -> None:
    batch = incoming.draft(incoming.boxes())
    received = incoming.read(batch, packed({"a.png": picture(), "b.png": picture(1)}), BOTH, "a.zip")
    assert (received.status, received.images_waiting, batch.task_count) == ("done", 2, 2)
    assert intake.waiting_for_images() == [received.pk]
    with pytest.raises(batches.NothingToLaunch):
        batches.launch(batch=batch, actor_id=batch.created_by_id, now=NOW)
    assert intake.fetch_images(upload_id=received.pk, now=NOW, limit=1)
    received.refresh_from_db()
    assert received.images_waiting == 1
    while intake.fetch_images(upload_id=received.pk, now=NOW):
        pass
    received.refresh_from_db()
    assert (received.images_waiting, received.finished_at) == (0, NOW)
    assert intake.waiting_for_images() == []


def bomb() -> bytes:
    """A small PNG that says it is 60,000 pixels wide and high."""
    content = picture()
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def test_a_picture_that_is_none_or_missing_is_a_bad_row_and_its_task_goes() -> None:
    batch = incoming.draft(incoming.boxes())
    files = {
        "items.csv": b"id,image\n1,good.png\n2,prose.png\n3,absent.png\n4,empty.png\n5,bomb.png\n6,good.png\n",
        "good.png": picture(), "prose.png": b"not a picture", "empty.png": b"", "bomb.png": bomb(),
    }
    received = incoming.read(batch, packed(files), {"id": "external_id", "image": "image"}, "a.zip", images=True)
    assert [task.external_id for task in incoming.tasks(batch)] == ["1", "6"]
    assert incoming.faults(received) == [
        (3, "image", "This is not a readable image."), (4, "image", "The ZIP holds no file of this name."),
        (5, "image", "The image is empty."), (6, "image", "The image has more than 50 million pixels."),
    ]
    assert (received.rows_good, received.rows_bad, received.images_waiting, batch.task_count) == (2, 4, 0, 2)


def test_pictures_that_were_never_packed_need_a_zip() -> None:
    batch = incoming.draft(incoming.boxes())
    received = incoming.read(batch, "image\na.png\nasset:" + "0" * 64 + "\nhttps://example.org/a.png\n", {"image": "image"})
    assert [line for line, _field, _reason in incoming.faults(received)] == [2, 3]
    assert "not a ZIP" in incoming.faults(received)[0][2]
    assert "Expected an https address" in incoming.faults(received)[1][2], "nobody names another's stored picture"
    assert (received.images_waiting, pictures(batch)) == (1, ["https://example.org/a.png"])


def test_a_task_without_a_picture_waits_for_none() -> None:
    batch = incoming.draft()
    received = incoming.read(
        batch, packed({"a.csv": b"text,image\nonly text,\nboth,a.png\n", "a.png": picture()}),
        {"text": "text", "image": "image"}, "a.zip",
    )
    assert received.images_waiting == 1
    while intake.fetch_images(upload_id=received.pk, now=NOW):
        pass
    assert [sorted(task.payload) for task in incoming.tasks(batch)] == [["text"], ["image", "text"]]
    assert Upload.objects.get(pk=received.pk).images_waiting == 0


def test_a_runner_that_dies_with_pictures_in_its_hands_loses_none() -> None:
    batch = incoming.draft(incoming.boxes())
    names = [f"{at}.png" for at in range(5)]
    received = incoming.read(batch, packed({name: picture(at) for at, name in enumerate(names)}), BOTH, "a.zip")
    assert images._claim(received.pk, 3) is not None, "claimed, and never brought in"
    while intake.fetch_images(upload_id=received.pk, now=NOW):
        pass
    received.refresh_from_db()
    assert received.images_waiting == 3
    while intake.fetch_images(upload_id=received.pk, now=NOW):
        pass
    received.refresh_from_db()
    assert (received.images_waiting, received.rows_good) == (0, 5)
    assert all(image.startswith("asset:") for image in pictures(batch))


def test_two_runners_with_the_same_pictures_count_them_once() -> None:
    batch = incoming.draft(incoming.boxes())
    received = incoming.read(batch, packed({"a.png": picture(), "b.png": b"none"}), BOTH, "a.zip")
    claimed = images._claim(received.pk, 10)
    assert claimed is not None
    brought = list(images._bring(*claimed, Door()))
    for _runner in range(2):
        images._write(claimed[0], brought, NOW)
    received.refresh_from_db()
    batch.refresh_from_db()
    assert (received.images_waiting, received.rows_good, received.rows_bad, batch.task_count) == (0, 1, 1, 1)
    assert len(incoming.faults(received)) == 1


def test_a_file_discarded_while_its_pictures_come_in_stays_gone() -> None:
    batch = incoming.draft(incoming.boxes())
    received = incoming.read(batch, packed({"a.png": picture()}), BOTH, "a.zip")
    claimed = images._claim(received.pk, 10)
    assert claimed is not None
    intake.discard(upload=received)
    images._write(claimed[0], list(images._bring(*claimed, Door())), NOW)
    batch.refresh_from_db()
    assert (batch.task_count, batch.tasks.count()) == (0, 0)


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def device() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("tty.png")
    info.create_system, info.external_attr = 3, 0o020666 << 16
    return info


def encrypted() -> bytes:
    content = bytearray(packed({"a.png": picture()}))
    content[6] |= 1
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def twice() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("a.png", picture())
        archive.writestr("a.png", picture(1))
    return file.getvalue()


UNSAFE: list[tuple[str, bytes, str]] = [
    ("a way out", packed({"../../etc/passwd": b"x"}), "leads out of the ZIP"),
    ("a way out inside", packed({"a/../../b.png": b"x"}), "leads out of the ZIP"),
    ("an absolute name", packed({"/etc/passwd": b"x"}), "absolute path"),
    ("a drive", packed({"C:/a.png": b"x"}), "absolute path"),
    ("backslashes", packed({zipfile.ZipInfo("a"): b"x"}).replace(b"a", b"\\"), "absolute path"),
    ("a link", packed({link(): b"/etc/passwd"}), "it is a link"),
    ("a device", packed({device(): b""}), "no ordinary file"),
    ("an archive inside", packed({"more.zip": packed({"a.png": picture()})}), "archive inside the archive"),
    ("a bomb", packed({"a.csv": b"0" * 30_000_000}), "unpacks to more than 200 times"),
    ("a password", encrypted(), "encrypted"),
    ("another packing", packed({"a.png": picture()}, compression=zipfile.ZIP_LZMA), "packed in a way other than"),
    ("a name twice", twice(), "stands twice"),
    ("a long name", packed({"x" * 501 + ".png": b"x"}), "signs that a path cannot have"),
    ("two tables", packed({"a.csv": b"text\na\n", "b.jsonl": b"{}"}), "more than one table (a.csv, b.jsonl)"),
    ("nothing", packed({}), "no images and no table"),
    ("junk alone", packed({"__MACOSX/a.png": b"x", ".DS_Store": b"x"}), "no images and no table"),
    ("a bad table", packed({"a.csv": b"text\n", "a.png": picture()}), "has no rows"),
    ("a table in UTF-16", packed({"a.csv": "text\na\n".encode("utf-16")}), "UTF-16"),
]


@pytest.mark.parametrize(("content", "reason"), [case[1:] for case in UNSAFE], ids=[case[0] for case in UNSAFE])
def test_an_unsafe_zip_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    batch = incoming.draft()
    received = incoming.upload(batch, content, "a.zip")
    assert (received.status, received.stored_as) == ("failed", "")
    assert reason in received.failure


def test_a_zip_of_too_many_files_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MEMBERS_MOST", 3)
    content = packed({f"{at}.png": b"" for at in range(4)})
    assert "more than 3 files" in incoming.upload(incoming.draft(), content, "a.zip").failure
    lying = bytearray(content)
    end = lying.rfind(b"PK\x05\x06")
    lying[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    assert "more than 3 files" in incoming.upload(incoming.draft(), bytes(lying), "a.zip").failure


def test_a_directory_that_would_fill_the_memory_is_refused_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "DIRECTORY_MOST", 100)
    content = packed({f"{at}.png": b"" for at in range(3)})
    assert "files. Split it" in incoming.upload(incoming.draft(), content, "a.zip").failure


def test_a_zip_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "TOTAL_MOST", 1000)
    assert "larger than 20 GB" in incoming.upload(incoming.draft(), packed({"a.png": b"x" * 1001}), "a.zip").failure


def test_more_than_65535_members_are_counted_right() -> None:
    content = packed({f"{at}.png": b"" for at in range(65_600)}, compression=zipfile.ZIP_STORED)
    received = incoming.upload(incoming.draft(), content, "a.zip")
    assert (received.status, received.mapping["layout"]["lines"]) == ("received", 65_600)


def test_a_table_damaged_inside_the_zip_is_refused() -> None:
    content = bytearray(packed({"a.csv": b"text\n" + bytes(range(65, 91)) * 400}))
    content[60] ^= 0xFF
    received = incoming.upload(incoming.draft(), bytes(content), "a.zip")
    assert received.failure == "The table in the ZIP is damaged."


def test_a_picture_damaged_inside_the_zip_is_a_bad_row() -> None:
    batch = incoming.draft(incoming.boxes())
    content = packed({"a.png": picture(), "b.png": picture(1)}, compression=zipfile.ZIP_STORED)
    content = content.replace(picture(1), picture(1)[:-5] + b"xxxxx", 1)
    received = incoming.read(batch, content, BOTH, "a.zip", images=True)
    assert incoming.faults(received) == [(2, "image", "The file is damaged inside the ZIP.")]


def test_a_folder_of_pictures_with_a_table_beside_it_comes_in() -> None:
    """The shape of a data set as people keep it: a table, and a folder of JPEGs beside it."""
    names = [f"images/img{at:04}.jpg" for at in range(20)]
    table = "item_id,image\n" + "".join(f"img{at:04},{name}\n" for at, name in enumerate(names))
    content = packed({"items.csv": table.encode()} | {name: picture(at, form="JPEG") for at, name in enumerate(names)})
    batch = incoming.draft(incoming.boxes())
    received = incoming.upload(batch, content, "scenes.zip")
    mapping = intake.suggest_mapping(received)
    assert mapping == {"item_id": "external_id", "image": "image"}
    done = incoming.read(batch, content, mapping, "scenes.zip", images=True)
    assert (done.rows_good, done.images_waiting) == (20, 0)
