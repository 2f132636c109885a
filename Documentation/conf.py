# SPDX-License-Identifier: GPL-2.0
# Sphinx: sphinx-build -W Documentation build/docs
#
# The API pages need the kernel's own extension. It comes with the kernel source that setup.sh
# keeps, or that $srctree names.

import os
import subprocess
import sys

# Nothing is written into that source.
sys.dont_write_bytecode = True

repo = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if "srctree" not in os.environ:
    setup_sh = os.path.join(repo, "tools/testing/selftests/scst/setup.sh")
    os.environ["srctree"] = subprocess.check_output([setup_sh, "source"], text=True).strip()
sys.path.insert(0, os.path.join(os.environ["srctree"], "Documentation/sphinx"))

project = "SCSI target"
extensions = ["kerneldoc", "automarkup"]
kerneldoc_srctree = repo
exclude_patterns = []
html_theme = "alabaster"
