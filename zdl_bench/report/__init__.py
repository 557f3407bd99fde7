"""The report: stored runs → figures, tables and one page. It trains nothing."""
