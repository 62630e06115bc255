#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves that check-claims fails on each kind of bad input. The output is TAP."""

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CHECK_CLAIMS = Path(__file__).resolve().with_name('check-claims')


def write_results(folder, programs):
    """Writes what meson writes: per program its result, its exit code and its TAP lines."""
    root = ElementTree.Element('testsuites')
    with open(folder / 'testlog.json', 'w') as log:
        for name, (result, code, lines) in programs.items():
            full_name = f'library:{name}'
            suite = ElementTree.SubElement(root, 'testsuite', name=f'library.{full_name}')
            for number, (verdict, test, reason) in enumerate(lines, 1):
                case = ElementTree.SubElement(suite, 'testcase', name=f'{number} {test}')
                if verdict == 'skip':
                    ElementTree.SubElement(case, 'skipped')
                elif verdict == 'not ok':
                    ElementTree.SubElement(case, 'failure')
                if reason:
                    ElementTree.SubElement(case, 'system-out').text = reason
            output = f'1..{len(lines)}\n' + ''.join(
                f'{"ok" if verdict == "skip" else verdict} {test}\n' for verdict, test, _ in lines)
            record = {'name': full_name, 'stdout': output, 'result': result, 'returncode': code}
            log.write(json.dumps(record) + '\n')
    ElementTree.ElementTree(root).write(folder / 'testlog.junit.xml')


RESULTS = {
    'c / offload': ('OK', 0, [('ok', '/offload/result', ''),
                              ('skip', '/offload/display', 'there is no display'),
                              ('skip', '/offload/silent', '')]),
    'c / channel': ('FAIL', 1, [('ok', '/channel/order', ''), ('not ok', '/channel/close', '')]),
    'c / crash': ('ERROR', -11, [('ok', '/crash/before', '')]),
    'c / hang': ('TIMEOUT', -15, [('ok', '/hang/before', '')]),
    'c / race': ('ERROR', 66, [('ok', '/race/all-fine', '')]),
    'c / twin': ('FAIL', 1, [('not ok', '/offload/twin', '')]),
    'c / other-twin': ('OK', 0, [('ok', '/offload/twin', '')]),
    'python / offload': ('OK', 0, [('ok', 'test_offload.py::test_result', ''),
                                   ('ok', 'test_offload.py::test_kind[a/b]', ''),
                                   ('ok', 'test_offload.py::test_kind[c]', ''),
                                   ('ok', 'test_offload.py::test_xfail', 'not yet')]),
    'python / half': ('FAIL', 1, [('ok', 'test_half.py::test_kind[a]', ''),
                                  ('not ok', 'test_half.py::test_kind[b]', '')]),
}

GOOD = '''# A comment.

promise 1 (home): Callbacks happen at home.
    c       /offload/result
    python  tests/python/test_offload.py::test_result  test_offload.py::test_kind
home (title): A sentence: with a colon (and brackets).
    c       /offload/display /offload/result (may skip)
'''

# Name, claims, and words of the complaint that must come; None for none.
CASES = (
    ('good', GOOD, None),
    ('must-fail/claim-without-test', 'promise 1 (home): At home.\nrow 2 (two): Two.\n    c /offload/result\n',
     'claims.txt:1: promise 1 (home) has no test'),
    ('must-fail/unknown-test', 'row 1 (one): One.\n    c /offload/result /offload/resul\n',
     'claims.txt:2: row 1 (one): /offload/resul does not exist or did not run'),
    ('must-fail/test-in-the-wrong-file', 'row 1 (one): One.\n    python test_other.py::test_result\n',
     'does not exist'),
    ('must-fail/failed-test', 'row 1 (one): One.\n    c /channel/close\n', '/channel/close failed'),
    ('must-fail/failed-in-one-of-two-programs', 'row 1 (one): One.\n    c /offload/twin\n', '/offload/twin failed'),
    ('must-fail/failed-with-one-parameter', 'row 1 (one): One.\n    python test_half.py::test_kind\n', 'failed'),
    ('must-fail/expected-failure', 'row 1 (one): One.\n    python test_offload.py::test_xfail\n', 'expected to fail'),
    ('must-fail/skipped-test', 'row 1 (one): One.\n    c /offload/display\n', 'was skipped: there is no display'),
    ('must-fail/skipped-without-reason', 'row 1 (one): One.\n    c /offload/silent (may skip)\n', 'gives no reason'),
    ('must-fail/crashed-program', 'row 1 (one): One.\n    c /crash/before\n', 'was killed by SIGSEGV'),
    ('must-fail/hanging-program', 'row 1 (one): One.\n    c /hang/before\n', 'time limit'),
    ('must-fail/sanitizer-report', 'row 1 (one): One.\n    c /race/all-fine\n', 'exited with status 66'),
    ('must-fail/id-twice', GOOD + 'promise 1 (again): Again.\n    c /offload/result\n',
     'claims.txt:8: promise 1 was claimed in line 3 already'),
    ('must-fail/no-claim-at-all', '# Only a comment.\n', '0 claims'),
    ('must-fail/malformed/no-title', 'promise 1: At home.\n    c /offload/result\n', 'malformed line'),
    ('must-fail/malformed/empty-title', 'promise 1 (): At home.\n    c /offload/result\n', 'malformed line'),
    ('must-fail/malformed/no-sentence', 'promise 1 (home):\n    c /offload/result\n', 'malformed line'),
    ('must-fail/malformed/id', 'Promise #1 (home): At home.\n    c /offload/result\n', 'malformed line'),
    ('must-fail/malformed/test-before-claim', '    c /offload/result\n' + GOOD, 'malformed line'),
    ('must-fail/malformed/kind-alone', GOOD + '    c\n', 'malformed line'),
    ('must-fail/malformed/unknown-kind', GOOD + '    pyhton test_offload.py::test_result\n', 'malformed line'),
    ('must-fail/malformed/prose', GOOD + '    docs, see above\n', 'malformed line'),
    ('must-fail/malformed/may-skip-inside', GOOD + '    c (may skip) /offload/display\n', 'malformed line'),
)


def check(folder, claims, *results):
    (folder / 'claims.txt').write_text(claims)
    return subprocess.run([sys.executable, CHECK_CLAIMS, '--claims', folder / 'claims.txt', *results],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def judge(run, complaint):
    if complaint is None:
        return run.returncode == 0
    return run.returncode == 1 and complaint in run.stdout


def main():
    verdicts = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_results(folder, RESULTS)
        results = folder / 'testlog.junit.xml'
        for title, claims, complaint in CASES:
            run = check(folder, claims, results)
            verdicts.append((title, run, judge(run, complaint)))

        run = check(folder, GOOD, folder / 'missing.junit.xml')
        verdicts.append(('must-fail/no-results', run, judge(run, 'run ./run test first')))

        (folder / 'other.json').write_text(''.join((folder / 'testlog.json').read_text().splitlines(True)[:3]))
        (folder / 'other.junit.xml').write_bytes(results.read_bytes())
        run = check(folder, GOOD, folder / 'other.junit.xml')
        verdicts.append(('must-fail/results-of-two-runs', run, judge(run, 'are of different runs')))

        (folder / 'cut.json').write_text('')
        (folder / 'cut.junit.xml').write_text('<testsuites><testsuite')
        run = check(folder, GOOD, folder / 'cut.junit.xml')
        verdicts.append(('must-fail/cut-off-results', run, judge(run, 'not what meson writes')))

    print(f'1..{len(verdicts)}')
    for number, (title, run, good) in enumerate(verdicts, 1):
        print(f'{"ok" if good else "not ok"} {number} /tools/check-claims/{title}')
        if not good:
            print(f'# exit status {run.returncode}')
            for line in run.stdout.splitlines():
                print(f'# {line}')
    return 0 if all(good for _, _, good in verdicts) else 1


if __name__ == '__main__':
    sys.exit(main())
