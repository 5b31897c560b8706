"""From tables and verdicts to a page: one self-contained HTML file, a Markdown twin, figures, `verdicts.json`.

`ablate.report.write.write_report` is the entrance; nothing is imported here, because matplotlib takes a second.
"""
