#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves that check-instructions fails where it should, and skips by name what it can't compare. The output is TAP."""

import subprocess
import sys
import tempfile
from pathlib import Path

CHECK_INSTRUCTIONS = Path(__file__).resolve().with_name('check-instructions')

VERSIONS = 'gcc 12.2.0, GLib 2.74.6, glibc 2.36, x86_64'

BUDGET = f'''# A comment.
with {VERSIONS}

call-start
    1200  2026-01-01  The first count
    1000  2026-02-01  One allocation less

call-home
    2000  2026-01-01  The first count
'''

COUNTS = f'with {VERSIONS}\ncall-start 1000\ncall-home 2000\n'


def with_counts(start, home, versions=VERSIONS):
    return f'with {versions}\ncall-start {start}\ncall-home {home}\n'


# Name, budget, counts, exit status, and words that must be printed.
CASES = (
    ('same', BUDGET, COUNTS, 0, '2 passed, 0 failed, 0 skipped'),
    ('three-percent-more', BUDGET, with_counts(1030, 2060), 0, 'ok: call-start: 1030 instructions, +3.0 % of 1000'),
    ('fewer', BUDGET, with_counts(900, 2000), 0, 'call-start: 900 instructions, -10.0 % of 1000; "--update" keeps it so'),
    ('must-fail/more', BUDGET, with_counts(1031, 2000), 1, 'FAILED: call-start: 1031 instructions, +3.1 % of 1000'),
    ('must-fail/last-budget-counts', BUDGET, with_counts(1200, 2000), 1, 'FAILED: call-start'),
    ('must-fail/one-of-two', BUDGET, with_counts(500, 3000), 1, '1 passed, 1 failed, 0 skipped'),
    ('must-fail/not-counted', BUDGET, f'with {VERSIONS}\ncall-home 2000\n', 1, 'call-start: has a budget, and was not counted'),
    ('must-fail/without-budget', BUDGET, COUNTS + 'call-new 10\n', 1, 'call-new: 10 instructions, and no budget'),
    ('must-fail/nothing-at-all', f'with {VERSIONS}\n', f'with {VERSIONS}\n', 1, '0 passed, 0 failed, 0 skipped'),
    ('must-fail/count-without-reason', BUDGET.replace('  One allocation less', ''), COUNTS, 1, 'malformed line'),
    ('must-fail/count-without-path', 'with x\n    1200  2026-01-01  The first count\n', COUNTS, 1, 'malformed line'),
    ('must-fail/path-twice', BUDGET + 'call-home\n', COUNTS, 1, 'malformed line'),
    ('other-compiler', BUDGET, with_counts(5000, 5000, 'clang 14.0.6, GLib 2.74.6, glibc 2.36, x86_64'), 0,
     'skipped: call-start: 5000 instructions with clang 14.0.6, GLib 2.74.6, glibc 2.36, x86_64; the budget is 1000 with gcc'),
    ('other-glib', BUDGET, with_counts(5000, 5000, VERSIONS.replace('2.74.6', '2.84.4')), 0, '0 passed, 0 failed, 2 skipped'),
    ('must-fail/not-counted-with-other-glib', BUDGET, f'with {VERSIONS.replace("2.74.6", "2.84.4")}\ncall-home 2000\n', 1,
     'call-start: has a budget, and was not counted'),
)


class Checker:
    def __init__(self, folder):
        self.budget = folder / 'instructions.txt'
        self.counts = folder / 'counts'

    def run(self, *arguments):
        return subprocess.run([sys.executable, CHECK_INSTRUCTIONS, '--budget', self.budget, *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def check(self, budget, counts, *arguments):
        self.budget.write_text(budget)
        self.counts.write_text(counts)
        return self.run('--counts', self.counts, *arguments)


def check_updates(checker):
    run = checker.check(BUDGET, with_counts(1500, 2001), '--update', 'Items know their time')
    text = checker.budget.read_text()
    yield 'update/says-why', run, run.returncode == 0 and text.count('Items know their time') == 1
    yield 'update/keeps-all', run, text.startswith(BUDGET[:BUDGET.index('\n\ncall-home')]) and '1500  20' in text
    yield 'update/only-what-changed', run, '2001' not in text

    run = checker.run('--counts', checker.counts)
    yield 'update/is-the-budget', run, run.returncode == 0 and '2 passed' in run.stdout

    run = checker.check(BUDGET, with_counts(1500, 2000, 'gcc 14.2.0'), '--update', 'A newer compiler')
    yield 'update/other-versions', run, '\nwith gcc 14.2.0\n' in checker.budget.read_text() and '2 passed' in run.stdout

    run = checker.check(BUDGET, with_counts(1500, 2000), '--update', ' ')
    yield 'must-fail/update-without-reason', run, run.returncode != 0 and checker.budget.read_text() == BUDGET


def main():
    verdicts = []
    with tempfile.TemporaryDirectory() as name:
        checker = Checker(Path(name))
        for title, budget, counts, status, words in CASES:
            run = checker.check(budget, counts)
            verdicts.append((title, run, run.returncode == status and words in run.stdout))
        verdicts += check_updates(checker)

        run = checker.run('/nonexistent')
        verdicts.append(('must-fail/no-program', run, run.returncode != 0 and 'is not there' in run.stdout))

    print(f'1..{len(verdicts)}')
    for number, (title, run, is_right) in enumerate(verdicts, 1):
        print(f'{"ok" if is_right else "not ok"} {number} /tools/check-instructions/{title}')
        if not is_right:
            print(*(f'# {line}' for line in run.stdout.splitlines()), sep='\n')
    return 0 if all(is_right for _, _, is_right in verdicts) else 1


if __name__ == '__main__':
    sys.exit(main())
