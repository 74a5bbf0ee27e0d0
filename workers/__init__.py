"""Everyone who signs in and the organisations they belong to: onboarding, agreements, standing, appeals, notices, access."""
