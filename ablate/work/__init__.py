"""Use cases: plan, run, look, extend, tune, judge, import. They report events and never print."""
