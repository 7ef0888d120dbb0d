"""Writes ggml's folder and the licence of one commit of a git bundle into a folder: check_out.py DULWICH BUNDLE COMMIT FOLDER."""

import os
import sys

packages, bundle_path, commit, target = sys.argv[1:]
sys.path.insert(0, packages)

from dulwich.bundle import read_bundle  # noqa: E402
from dulwich.object_store import iter_tree_contents  # noqa: E402
from dulwich.repo import Repo  # noqa: E402

repo = Repo.init_bare(target + ".git", mkdir=True)
with open(bundle_path, "rb") as file:
    read_bundle(file).store_objects(repo.object_store)
tree = repo.object_store[commit.encode()].tree
for entry in iter_tree_contents(repo.object_store, tree):
    path = entry.path.decode()
    if path != "LICENSE" and not path.startswith("ggml/"):
        continue
    out = os.path.join(target, path)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "wb") as file:
        file.write(repo.object_store[entry.sha].data)
