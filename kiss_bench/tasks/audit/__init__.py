"""The leak audit: what a table gives away before anything is fitted on it."""
