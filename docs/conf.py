"""The site of the documentation: `python -m sphinx -W --keep-going -b html docs build/docs`. It works from disk."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import generated_pages
import japanese_pages

import zdl_bench

project = "zdl_bench"
copyright = "2026, the zdl_bench contributors"
version = release = zdl_bench.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["build"]
html_theme = "furo"
html_title = "zdl_bench"
html_static_path = ["_static"]
html_show_sphinx = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
autodoc_typehints = "description"
autodoc_member_order = "bysource"
default_role = "code"
suppress_warnings = ["misc.highlighting_failure"]  # elided code, such as Adam(…)
copybutton_exclude = ".linenos, .gp"


def setup(app):
    """Write the pages about conf/ before a build, let pages link to files beside this folder, and search in Japanese, too."""
    app.connect("builder-inited", lambda _: generated_pages.write(Path(__file__).parent / "reference"))
    app.connect("source-read", generated_pages.link_to_files_beside_the_docs)
    app.connect("autodoc-process-docstring", generated_pages.mark_up_docstring)
    app.connect("html-page-context", japanese_pages.set_in_japanese)
    app.add_search_language(japanese_pages.SearchEnglishAndJapanese)
