"""The files of one commit of a repository."""

import re
import subprocess


class Repository:
    """The files of one commit, read from a clone (bare or not)."""

    def __init__(self, folder, commit):
        self.git = ["git", "-C", str(folder)]
        self.commit = commit

    def paths(self, pattern):
        """The paths that the pattern matches, sorted."""
        listing = subprocess.run(
            [*self.git, "ls-tree", "-rz", "--name-only", self.commit], check=True, capture_output=True
        )
        names = listing.stdout.decode(errors="replace").split("\0")
        return sorted(name for name in names if re.search(pattern, name))

    def files(self, pattern):
        """Path and text of each file whose path the pattern matches."""
        paths = self.paths(pattern)
        wanted = "".join(f"{self.commit}:{path}\n" for path in paths).encode()
        batch = subprocess.run(
            [*self.git, "cat-file", "--batch"], input=wanted, check=True, capture_output=True
        ).stdout
        at = 0
        for path in paths:
            end = batch.index(b"\n", at)
            head = batch[at:end].split()
            assert head[1] == b"blob", f"{path}: {head}"
            size = int(head[2])
            yield path, batch[end + 1 : end + 1 + size].decode(errors="replace")
            at = end + 2 + size
