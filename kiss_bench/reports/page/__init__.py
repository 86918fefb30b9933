"""The page behind `leaderboard.html`: its blocks, its sections, and the templates that they are put into."""
