"""The same training written for other libraries."""
