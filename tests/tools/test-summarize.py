#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves that summarize counts what really happened, with the meson of this machine. The output is TAP.

Meson's junit file shows a program that hangs or ends early as passed, and what it writes differs from version to
version. So this runs meson on a small project of its own, in which programs fail in each way there is.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

SUMMARIZE = Path(__file__).resolve().with_name('summarize')

# How the program is run, what it does, whether meson reads TAP from it; then: passed, failed, skipped, and words that
# the summary must have.
PROGRAMS = {
    'passing': ('echo 1..2; echo ok 1 /a; echo ok 2 /b', True, (2, 0, 0), ''),
    'failing': ('echo 1..2; echo ok 1 /a; echo not ok 2 /b - boom; exit 1', True, (1, 1, 0), 'failing: /b: boom'),
    'colourful': (r'echo 1..1; printf "\\033[31mred\\033[0m\\n"; echo ok 1 /a', True, (1, 0, 0), ''),
    'skipping': ('echo 1..2; echo ok 1 /a; echo "ok 2 /b # SKIP no display"', True, (1, 0, 1), '/b: no display'),
    'skipped': ('echo "1..0 # SKIP nothing to do"', True, (0, 0, 1), 'skipped: nothing to do'),
    'crashing': ('echo 1..1; echo ok 1 /a; kill -SEGV $$', True, (1, 1, 0), 'crashing: was killed by SIGSEGV'),
    'reporting': ('echo 1..1; echo ok 1 /a; exit 66', True, (1, 1, 0), 'reporting: exited with status 66'),
    'incomplete': ('echo 1..3; echo ok 1 /a', True, (1, 1, 0), 'incomplete: planned 3 tests and ran 1'),
    'bailing-out': ('echo 1..2; echo ok 1 /a; echo Bail out! lost', True, (1, 1, 0), 'bailing-out: Bail out! lost'),
    'aborting': ('echo 1..2; echo ok 1 /a; echo Bail out! ERROR: lost; kill -ABRT $$', True, (1, 1, 0),
                 'aborting: was killed by SIGABRT: Bail out! ERROR: lost'),
    'hanging': ('echo 1..2; echo ok 1 /a; sleep 60', True, (1, 1, 0), 'hanging: ran into its time limit'),
    'silent': ('true', True, (0, 1, 0), 'silent: printed no test at all'),
    'without-plan': ('echo ok 1 /a', True, (1, 1, 0), 'without-plan: printed no plan'),
    'plain': ('echo ok', False, (1, 0, 0), ''),
    'plain-failing': ('exit 1', False, (0, 1, 0), 'plain-failing: exited with status 1'),
    'plain-skipped': ('echo no tool; exit 77', False, (0, 0, 1), 'plain-skipped: no tool'),
    'plain-hanging': ('sleep 60', False, (0, 1, 0), 'plain-hanging: ran into its time limit'),
}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_meson(folder, PROGRAMS)
        print(f'1..{len(PROGRAMS) + 4}')
        number, good = 0, True

        def claim(title, holds, output):
            nonlocal number, good
            number += 1
            good = good and holds
            print(f'{"ok" if holds else "not ok"} {number} /tools/summarize/{title}')
            if not holds:
                print(''.join(f'# {line}\n' for line in output.splitlines()), end='')

        for program, (_, _, counts, words) in PROGRAMS.items():
            status, output = summarize(folder / f'build/meson-logs/{program}.junit.xml')
            claim(program, status == (1 if counts[1] else 0) and words in output and ends_with(output, counts), output)

        total = tuple(sum(counts[i] for _, _, counts, _ in PROGRAMS.values()) for i in range(3))
        status, output = summarize(*(folder / f'build/meson-logs/{program}.junit.xml' for program in PROGRAMS))
        claim('sum-of-several-files', status == 1 and ends_with(output, total), output)

        passing = folder / 'build/meson-logs/passing.junit.xml'
        status, output = summarize('--exit-status', '3', passing)
        claim('failure-of-meson-itself', status == 1 and ends_with(output, (2, 1, 0)), output)
        status, output = summarize('--step', 'one=0', '--step', 'two=2', passing)
        claim('steps', status == 1 and 'two: exited with status 2' in output and ends_with(output, (3, 1, 0)), output)
        status, output = summarize(folder / 'missing.junit.xml')
        claim('no-results', status == 1 and ends_with(output, (0, 1, 0)), output)
    return 0 if good else 1


def run_meson(folder, programs):
    lines = ["project ('scratch')", "shell = find_program ('sh')"]
    for name, (script, is_tap, _, _) in programs.items():
        protocol = 'tap' if is_tap else 'exitcode'
        arguments = f"args: ['-c', '{script}'], protocol: '{protocol}', suite: 'c', timeout: 1"
        lines.append(f"test ('{name}', shell, {arguments})")
    (folder / 'meson.build').write_text('\n'.join(lines) + '\n')
    quietly(['meson', 'setup', 'build'], folder).check_returncode()
    for name in programs:
        quietly(['meson', 'test', '-C', 'build', '--no-rebuild', '--logbase', name, name], folder)


def quietly(command, folder):
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def summarize(*arguments):
    run = subprocess.run([sys.executable, SUMMARIZE, *arguments],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    return run.returncode, run.stdout


def ends_with(output, counts):
    return output.endswith('{} passed, {} failed, {} skipped\n'.format(*counts))


if __name__ == '__main__':
    sys.exit(main())
