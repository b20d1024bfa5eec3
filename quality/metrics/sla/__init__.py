"""Service-level agreements (ANS): definitions as versioned data, and whether a period met them."""
