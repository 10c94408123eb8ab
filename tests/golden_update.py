"""Rewrites the golden templates (`make golden`); read the diff before you commit it."""

import golden_cases

for case in golden_cases.CASES:
    golden_cases.golden(case).write_text(golden_cases.rendered(case))
