"""What everything in crmkit stands on."""
