"""A small disk of one's own, in memory, that can be filled to the last byte. Linux, and root, because it is mounted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from casuslog.errors import Unavailable

BALLAST = "ballast"


class SmallDisk:
    """A tmpfs of a given size; what is on it is gone when it is unmounted.

    Args:
        path: where it is mounted; made if it is not there.
        megabytes: its size.
    """

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path = path
        self.megabytes = megabytes

    @property
    def mounted(self) -> bool:
        return os.path.ismount(self.path)

    def mount(self, account: str | None = None) -> None:
        """Mount it, empty, for this account.

        Raises:
            Unavailable: this machine or this account may not mount.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        owner = [] if account is None else [f"uid={account}", f"gid={account}"]
        options = ",".join([f"size={self.megabytes}m", "mode=0700", *owner])
        try:
            self._run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path))
        except (OSError, subprocess.CalledProcessError) as error:
            self.path.rmdir()
            told = getattr(error, "stderr", "") or str(error)
            raise Unavailable(f"no small disk can be mounted here ({told.strip()}); it takes root") from error

    def fill(self) -> int:
        """Take all the room that is left; how many bytes that was."""
        taken = 0
        with (self.path / BALLAST).open("ab", buffering=0) as ballast:
            for size in (1 << 20, 4096):
                taken += self._fill(ballast.fileno(), size)
        return taken

    @staticmethod
    def _fill(file: int, size: int) -> int:
        taken = 0
        while True:
            try:
                taken += os.write(file, b"\0" * size)
            except OSError:
                # No space left on device: what we came for.
                return taken

    def make_room(self) -> None:
        """Give back what :meth:`fill` took."""
        (self.path / BALLAST).unlink(missing_ok=True)

    @property
    def free(self) -> int:
        """Bytes that are left."""
        told = os.statvfs(self.path)
        return told.f_bavail * told.f_frsize

    def unmount(self) -> None:
        """Take it away, also from who still uses it; not mounted is no error."""
        if self.mounted:
            self._run("umount", "-l", str(self.path))

    @staticmethod
    def _run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # our own words
