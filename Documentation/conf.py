# SPDX-License-Identifier: GPL-2.0
# Sphinx: sphinx-build -W Documentation build/docs

project = "SCSI target"
extensions = []
exclude_patterns = []
html_theme = "alabaster"
