#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles the examples of the documentation, and runs those that are programs.

A block of C in a page or in a documentation comment is a program if it has a main (), a piece of a file if it begins
with a definition, and else a piece of a function, for which preamble.h declares what it takes for granted.

A block of Python is a program if it runs an event loop, and then has a name, in a comment above it. It looks itself whether
all is as the page says; that it complains of nothing is looked at here. Anything else is only compiled.
"""

import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent


def blocks_of_page(path, language):
    return re.findall(rf'^```{language}\n(.*?)^```', path.read_text(), re.M | re.S)


def blocks_of_comments(path):
    text = path.read_text()
    for block in re.findall(r'^ \* ```c\n(.*?)^ \* ```', text, re.M | re.S):
        yield re.sub(r'^ \*(?: |$)', '', block, flags=re.M)


def c_examples():
    for path in sorted((ROOT / 'docs').glob('*.md')):
        for number, block in enumerate(blocks_of_page(path, 'c'), 1):
            yield f'{path.stem}/{number}', block
    for path in sorted((ROOT / 'aiothreads-glib').glob('*.c')):
        for number, block in enumerate(blocks_of_comments(path), 1):
            yield f'{path.stem}/{number}', block


def native_python_examples():
    """Gives names, programs that need no overrides, and what each has to print."""
    for number, block in enumerate(blocks_of_page(ROOT / 'docs' / 'bindings.md', 'python'), 1):
        yield str(number), block, '/etc/passwd'


def python_examples():
    for path in (ROOT / 'README.md', ROOT / 'docs' / 'python.md', ROOT / 'docs' / 'from-aiothreads.md'):
        text = path.read_text()
        named = re.findall(r'^<!-- example: ([a-z-]+) -->\n\n```python\n(.*?)^```', text, re.M | re.S)
        names = {block: name for name, block in named}
        for number, block in enumerate(blocks_of_page(path, 'python'), 1):
            yield names.get(block, f'{path.stem}/{number}'), block, ''


def runs_a_loop(block):
    return any(f'{call}(' in block for call in ('.run', '.run_until_complete'))


def run_python(block, folder, environment):
    if not runs_a_loop(block):
        return run('/usr/bin/python3', '-c', 'import sys; compile(sys.stdin.read(), "example", "exec")', input=block)
    source = pathlib.Path(folder, 'example.py')
    source.write_text(block)
    # PyGObject 3.42 is loaded in a way that Python 3.11 warns of.
    ran = run('/usr/bin/python3', '-X', 'dev', '-W', 'error', '-W', 'ignore::ImportWarning', str(source),
              env=environment, cwd=folder)
    # A loop in debug mode says when it was slow, which on a busy machine it may be.
    noise = [line for line in ran.stderr.splitlines() if not re.match(r'Executing <.*> took [0-9.]+ seconds$', line)]
    ran.returncode = ran.returncode or len(noise)
    return ran


def as_file(block):
    if 'main (' in block:
        return block
    defined = re.findall(r'^static .*\n(\w+) \(', block, re.M)
    preamble = ''.join([*(f'#define {name} {name}_elsewhere\n' for name in defined),
                        '#include "preamble.h"\n',
                        *(f'#undef {name}\n' for name in defined)])
    # A definition may be followed by a piece of a function, which begins in the first column as well.
    parts = re.split(r'(?<=^}\n)\n?(?=\S)', block, flags=re.M)
    pieces = []
    for number, part in enumerate(parts):
        if part.startswith('static'):
            pieces.append(part)
        else:
            pieces.append(f'gboolean example_{number} (void);\ngboolean example_{number} (void)\n{{\n{part}\nreturn FALSE;\n}}\n')
    return preamble + '\n'.join(pieces)


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, name, process):
        self.count += 1
        good = process.returncode == 0
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.count} - {name}')
        if not good:
            for line in (process.stdout + process.stderr).splitlines()[:40]:
                print('#', line)
        return good


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cc', required=True)
    parser.add_argument('--flags', required=True, help='compiler flags for programs that use the library')
    parser.add_argument('--library', required=True, help='the built library')
    parser.add_argument('--typelib-dir')
    parser.add_argument('--overrides', action='store_true', help='the overrides for Python are on PYTHONPATH')
    arguments = parser.parse_args()
    library = pathlib.Path(arguments.library).resolve()
    flags = [*shlex.split(arguments.flags), '-Wall', '-Werror', '-Wno-unused', f'-I{HERE}']
    tap = Tap()

    with tempfile.TemporaryDirectory() as folder:
        for name, block in c_examples():
            source = pathlib.Path(folder, 'example.c')
            source.write_text(as_file(block))
            if 'main (' not in block:
                tap.result(f'/docs/example/{name}', run(arguments.cc, '-fsyntax-only', *flags, str(source)))
                continue
            program = str(pathlib.Path(folder, 'example'))
            built = run(arguments.cc, str(source), '-o', program, *flags, str(library), f'-Wl,-rpath,{library.parent}')
            if built.returncode != 0 or '#include <aiothreads-glib' not in block:
                tap.result(f'/docs/example/{name}', built)
                continue
            ran = run(program, str(source))
            if 'example.c' not in ran.stdout:
                ran.returncode = ran.returncode or 1
            tap.result(f'/docs/example/{name}', ran)

        if arguments.typelib_dir:
            environment = {**os.environ, 'GI_TYPELIB_PATH': arguments.typelib_dir, 'LD_LIBRARY_PATH': str(library.parent)}
            for name, block, expected in [*native_python_examples(), *(python_examples() if arguments.overrides else ())]:
                ran = run_python(block, folder, environment)
                if expected not in ran.stdout:
                    ran.returncode = ran.returncode or 1
                tap.result(f'/docs/example/python/{name}', ran)

    print(f'1..{tap.count}')
    return 1 if tap.failed or tap.count == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
