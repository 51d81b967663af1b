"""The Django applications: status, permission and pages around the pipeline."""
