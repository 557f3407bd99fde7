"""Bad input of six kinds, and what must hold whatever the input is. Shared by the tests and the release script."""
