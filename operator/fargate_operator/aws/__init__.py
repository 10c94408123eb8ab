"""The only place that knows boto3. Nothing here decides: it asks, tells, and translates errors."""
