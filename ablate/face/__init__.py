"""What `import ablate` offers: studies from Python, with the plan, the store and the verdicts of the command line."""
