"""Turn frames of numbers into tables. The page and the Markdown and LaTeX files share one list of columns."""
