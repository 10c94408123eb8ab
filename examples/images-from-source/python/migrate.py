"""The task."""

print("migrated")
