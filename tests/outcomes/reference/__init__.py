"""Reference values by R, and the invented follow-up they belong to."""
