# SPDX-License-Identifier: LGPL-2.1-or-later
"""What "meson test" found, read from the two files that it writes for each run.

The junit file names the subtests, but says nothing of a program that ran into its time limit, bailed out or ran
fewer tests than it had planned: such a program looks as if it had passed. The JSON file beside it has one result for
each program and no subtests. Only both together tell what happened. With --repeat the junit file holds the subtests of
the last repetition, the JSON file holds all repetitions.
"""

import json
import re
import signal
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

PASSED, FAILED, SKIPPED = 'passed', 'failed', 'skipped'


class NoResults(Exception):
    """There is no file with results, or not a whole one."""


@dataclass
class Case:
    """One test: a line of TAP, or a whole program that speaks no TAP."""
    name: str
    outcome: str
    reason: str = ''


@dataclass
class Program:
    """One program that meson ran."""
    name: str       # as meson shows it, without the project: "suite / name"
    cases: list[Case] = field(default_factory=list)
    trouble: str = ''   # what went wrong with the program itself, beside failed cases


def load(junit_file):
    """Returns the programs of one run, in the order in which meson started them."""
    junit_file = Path(junit_file)
    json_file = junit_file.with_name(junit_file.name.removesuffix('.junit.xml') + '.json')
    try:
        records = [json.loads(line) for line in json_file.read_text(errors='replace').splitlines()]
        # Meson copies what a program printed, escape sequences too, which XML does not allow.
        text = re.sub(r'[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]', '', junit_file.read_text(errors='replace'))
        suites = list(ElementTree.fromstring(text.encode()))
    except OSError as error:
        raise NoResults(f'{error.filename}: {error.strerror}') from error
    except (ElementTree.ParseError, ValueError) as error:
        raise NoResults(f'{junit_file}: not what meson writes: {error}') from error

    repetitions = {}
    for record in records:
        repetitions.setdefault(record['name'], []).append(record)
    subtests, plain = {}, set()
    for suite in suites:
        # A program with subtests is a suite of its own, called "project.name". The others share a suite.
        name = next((name for name in repetitions if suite.get('name').endswith('.' + name)), None)
        if name:
            subtests[name] = [_subtest(case) for case in suite.iter('testcase')]
        else:
            plain.update(case.get('name') for case in suite.iter('testcase'))
    if subtests.keys() | plain != repetitions.keys():
        raise NoResults(f'{junit_file} and {json_file.name} are of different runs; does another one go on?')
    return [_program(name, runs, subtests.get(name, [])) for name, runs in repetitions.items()]


def _program(name, runs, cases):
    program = Program(re.sub(r'^[^:/]*(:| / )', '', name), cases)
    program.trouble = next(filter(None, (_trouble(run, bool(cases)) for run in runs)), '')
    if not cases and not program.trouble:
        skipped = runs[-1]['result'] == 'SKIP'
        outcome = SKIPPED if skipped else PASSED
        program.cases = [Case(program.name.rpartition(' / ')[2], outcome, _skip_reason(runs[-1]) if skipped else '')]
    return program


def _subtest(testcase):
    name = re.sub(r'^[0-9]+ +(- )?', '', testcase.get('name'))
    explanation = (testcase.findtext('system-out') or '').strip()
    if testcase.find('failure') is not None or testcase.find('error') is not None:
        # GLib and others append what failed to the name.
        name, _, reason = name.partition(' - ')
        return Case(name, FAILED, reason or (testcase.findtext('failure') or ''))
    if testcase.find('skipped') is not None:
        return Case(name, SKIPPED, explanation)
    if explanation:
        # "not ok # TODO why": meson writes it like a passed test, but it proves nothing.
        return Case(name, SKIPPED, f'expected to fail: {explanation}')
    return Case(name, PASSED)


def _trouble(record, has_subtests):
    """Says what went wrong with the program as a whole."""
    result, code, output = record['result'], record['returncode'], record['stdout'] or ''
    plan = re.search(r'^1\.\.([0-9]+)', output, re.MULTILINE)
    results = re.findall(r'^(?:not )?ok\b', output, re.MULTILINE)
    if result == 'EXPECTEDFAIL':
        return ''
    if result == 'TIMEOUT':
        return 'ran into its time limit'
    if result == 'UNEXPECTEDPASS':
        return 'passed, but was expected to fail'
    if result == 'INTERRUPT':
        return 'was interrupted'
    if result in ('FAIL', 'ERROR'):
        # A failed assertion of GLib's says so here, and then aborts.
        bail_out = re.search(r'^Bail out!.*', output, re.MULTILINE)
        words = f': {bail_out.group()}' if bail_out else ''
        if code < 0:
            return f'was killed by {_signal_name(-code)}{words}'
        if code > 0:
            return f'exited with status {code}{words}'
        if bail_out:
            return bail_out.group()
        if plan and int(plan.group(1)) != len(results):
            return f'planned {plan.group(1)} tests and ran {len(results)}'
        return 'failed'
    # To meson a TAP program that prints nothing is a skipped one, and one without a plan passed however early it ended.
    if result == 'SKIP' and code == 0 and not plan and not has_subtests:
        return 'printed no test at all'
    if has_subtests and not plan:
        return 'printed no plan, so nobody knows whether all tests ran'
    return ''


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f'signal {number}'


def _skip_reason(record):
    """A skipped program says why in its TAP plan, or in the last line it prints."""
    plan = re.search(r'^1\.\.0\s*#\s*skip\S*\s+(.*)', record['stdout'] or '', re.MULTILINE | re.IGNORECASE)
    if plan:
        return plan.group(1).strip()
    lines = ((record['stdout'] or '') + '\n' + record.get('stderr', '')).split('\n')
    return next((line.strip() for line in reversed(lines) if line.strip()), '')
