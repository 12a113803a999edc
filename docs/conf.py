"""The documentation site: the Markdown files of the repository, with the same links that work on GitHub.

The source folder is the root of the repository, so that links out of docs/ lead there as well.
"""

from importlib.metadata import version as installed_version

from pygments.lexers import RustLexer
from sphinx.highlighting import lexers

project = "tmlfix"
author = "The tmlfix authors"
copyright = "The tmlfix authors"
version = release = installed_version("tmlfix")

root_doc = "docs/index"
include_patterns = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md"]
exclude_patterns = [".*", "build", "patches", "tests"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 3
default_role = "code"

autodoc_member_order = "bysource"
autodoc_default_options = {"show-inheritance": True}
nitpick_ignore_regex = [("py:.*", r"collections\.abc\..*|.*\.(N|_\w+)")]
"""Types of Python itself, whose documentation is elsewhere, and names that are private."""

html_theme = "furo"
html_title = "tmlfix"
html_extra_path = ["site"]

lexers["tml"] = RustLexer()
"""TML reads like Rust closely enough to be coloured as Rust."""
