"""Results that were made elsewhere: what they were kept in -> a table with a row per run."""
