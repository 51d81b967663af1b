"""What this machine reaches, beside each target."""
