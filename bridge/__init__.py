"""leadbridge: webhooks in, LeadConverter bot starts out."""

__version__ = "0.1.0"
