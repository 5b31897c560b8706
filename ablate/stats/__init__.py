"""The statistical engine: tables of seed runs in, verdicts out. It sees tables, never runs.

`signflip` and `paired` are plain functions over plain arrays; `endpoint` turns the seeds table into numbers with
failures as data; `claims` says which arms a claim compares, `contrast` collects the paired differences, `judge`
rules; `summary` makes the ablation table and the ledger. Nothing heavy is imported here.
"""
