"""The flow, stage by stage, as plain functions that know nothing of Django."""
