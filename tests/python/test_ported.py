# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that was written for aiothreads, from its documentation alone: only the line of its import was changed."""

import pathlib
import subprocess

from face_util import INTERPRETER

PROGRAM = pathlib.Path(__file__).parent / 'ported' / 'access-logs.py'


def test_a_program_for_aiothreads_runs():
    program = subprocess.run([*INTERPRETER, '-X', 'utf8', PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=60)
    assert program.returncode == 0, program.stderr
    # It asserts what it finds, and sums it up.
    assert len(program.stdout.splitlines()) >= 5, program.stdout
    assert 'Traceback' not in program.stderr
