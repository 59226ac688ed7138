"""Writing so that nothing is ever half written or left behind."""

from __future__ import annotations

from pathlib import Path

__all__ = ["missing_folders", "remove_unused", "write_atomically"]


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old or the new content, never a part."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def missing_folders(path: Path) -> list[Path]:
    """List the folders that making ``path`` would create, innermost first."""
    return [folder for folder in (path, *path.parents) if not folder.exists()]


def remove_unused(folders: list[Path]) -> None:
    """Take away folders, innermost first, as far as they are empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # something lies in it, perhaps of another run
            return
