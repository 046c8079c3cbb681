"""analytics: what it all brought. Overview, return on cost, delivery funnel, segments; figures from roll-ups that equal the raw rows."""
