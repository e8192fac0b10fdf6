"""HTTP: webhooks in, health, metrics, console. The only user of Flask."""
