"""The PDCA game in a class: the leaderboard of saved games, and the contest of policies on unseen markets."""
