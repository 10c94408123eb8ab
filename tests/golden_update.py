"""Rewrites the golden templates and what is told of failures (`make golden`); read the diff before you commit it."""

import failure_cases
import golden_cases

for case in golden_cases.CASES:
    golden_cases.golden(case).write_text(golden_cases.rendered(case))
for case in failure_cases.CASES:
    failure_cases.expected(case).write_text(failure_cases.rendered(case))
