"""The cases that stand ready in a room's folder, each as far as it may be seen now."""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting import Meeting

_NAME = re.compile(r"[0-9a-f]{64}")
_PNG = b"\x89PNG\r\n\x1a\n"


class Published:
    """What was published into a folder.

    Parameters
    ----------
    folder : path-like
        The data folder of the room.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder) / "images"
        self._manifest = lru_cache(maxsize=64)(self._read)
        self._open_files = lru_cache(maxsize=128)(self._files)

    def require(self, manifest: str, case_id: str) -> None:
        """Refuse to announce what does not stand ready.

        Raises
        ------
        MeetingError
            ``no_images`` if the list or one of its files is not there, or it is of another case.
        """
        words = self._manifest(manifest) if self.path(manifest) else {"case_id": None}
        if words["case_id"] != case_id:
            raise MeetingError(
                "no_images", "expected the list of images of this case; it is not in the room's folder"
            )
        missing = sum(self.path(name) is None for name in self._open_files(manifest, is_open=True))
        if missing:
            raise MeetingError("no_images", f"{missing} of the files of this case are not in the room's folder")

    def case(self, meeting: Meeting, case_id: str) -> bytes:
        """The pages and scenes of a case that may be seen now, as JSON; the others are null.

        Raises
        ------
        MeetingError
            ``not_found`` if the case is not on the agenda or nothing was published.
        """
        manifest = meeting.cases[case_id].manifest if case_id in meeting.cases else None
        if manifest is None:
            raise MeetingError("not_found", "no images of such a case were published")
        return _seen(self._manifest(manifest), is_open=_is_open(meeting, case_id))

    def is_sealed(self, meeting: Meeting, case_id: str, page: int, scene: int | None) -> bool:
        """Whether a page, or a scene, must not be shown yet, or is none."""
        manifest = meeting.cases[case_id].manifest
        if manifest is None:
            return page > 0 or scene is not None
        words, is_open = self._manifest(manifest), _is_open(meeting, case_id)
        pages = [page] if scene is None else [page, *(each["page"] for each in words["scenes"][scene : scene + 1])]
        known = all(each < len(words["pages"]) for each in pages) and (scene or 0) < max(1, len(words["scenes"]))
        return not known or any(_is_sealed(words["pages"][each], is_open) for each in pages)

    def scene(self, meeting: Meeting, case_id: str | None, scene: int | None) -> dict[str, Any] | None:
        """A scene of a case; None where there is none."""
        case = meeting.cases.get(case_id or "")
        if case is None or case.manifest is None or scene is None:
            return None
        scenes: list[dict[str, Any]] = self._manifest(case.manifest)["scenes"]
        return scenes[scene] if scene < len(scenes) else None

    def file(self, meeting: Meeting, name: str) -> Path:
        """A file of a case of this meeting that may be seen now.

        Raises
        ------
        MeetingError
            ``not_found`` for every other one, whether it is there or not.
        """
        may_be_seen = any(
            name in self._open_files(case.manifest, is_open=_is_open(meeting, case_id))
            for case_id, case in meeting.cases.items()
            if case.manifest is not None
        )
        path = self.path(name) if may_be_seen else None
        if path is None:
            raise MeetingError("not_found", "no such file of this meeting")
        return path

    def path(self, name: str) -> Path | None:
        """Where a file lies; None where it does not."""
        place = self._folder / name
        return place if _NAME.fullmatch(name) and place.is_file() else None

    def _read(self, manifest: str) -> dict[str, Any]:
        path = self.path(manifest)
        content = path.read_bytes() if path else b""
        if hashlib.sha256(content).hexdigest() != manifest:
            raise MeetingError("no_images", "the list of images is not what was published")
        words: dict[str, Any] = json.loads(content)
        return words

    def _files(self, manifest: str, *, is_open: bool) -> frozenset[str]:
        words = json.loads(_seen(self._manifest(manifest), is_open=is_open))
        blocks = [block for page in words["pages"] if page for block in page["blocks"]]
        pictures = [image for block in blocks for image in block.get("images", [block.get("still")]) if image]
        names = {image["file"] for image in pictures if image["file"]}
        return frozenset(names.union(*(scene["files"] for scene in words["scenes"] if scene)))


def media_type(place: Path) -> str:
    """What a file says it is: a picture, or part of a volume."""
    with place.open("rb") as file:
        return "image/png" if file.read(8) == _PNG else "application/octet-stream"


def _seen(words: dict[str, Any], *, is_open: bool) -> bytes:
    pages = [None if _is_sealed(page, is_open) else page for page in words["pages"]]
    scenes = [None if pages[scene["page"]] is None else scene for scene in words["scenes"]]
    seen = words | {"pages": pages, "scenes": scenes, "sealed": pages.count(None)}
    return json.dumps(seen, separators=(",", ":")).encode()


def _is_sealed(page: dict[str, Any], is_open: bool) -> bool:
    return page["part"] == "after" and not is_open


def _is_open(meeting: Meeting, case_id: str) -> bool:
    """Whether a part of the case that tells its end was shown, and every ballot on it is revealed."""
    ballots = (ballot for ballot in meeting.ballots.values() if ballot.case_id == case_id)
    return meeting.cases[case_id].unsealed and all(ballot.status == "revealed" for ballot in ballots)
