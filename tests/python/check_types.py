#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the type hints: mypy accepts what is right, refuses all that is wrong, and they name all that there is.

The hints are found through PYTHONPATH as they are among installed modules, because MYPYPATH knows no folder "gi-stubs".
"""

import argparse
import ast
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STUBS = HERE.parent.parent / 'bindings' / 'python'
STUB = STUBS / 'gi-stubs' / 'repository' / 'AioThreads.pyi'

# What stands for PyGObject-stubs: it has these, and does not say that it is a part of something.
OTHER_STUBS = {
    '__init__.pyi': 'def require_version(namespace: str, version: str) -> None: ...\n',
    'repository/__init__.pyi': '',
    'repository/Gio.pyi': 'class Cancellable: ...\nclass AsyncResult: ...\n',
    'repository/GLib.pyi': 'class Error(RuntimeError): ...\nclass MainContext:\n    @staticmethod\n'
                           '    def default() -> MainContext: ...\n',
    'repository/GObject.pyi': 'class Object: ...\nclass GBoxed: ...\nclass GEnum(int): ...\nclass GInterface: ...\nclass GType: ...\n',
}

# Python counts references by itself.
NOT_HINTED = {'ref', 'unref'}

PROGRAM_WITH_OTHERS = '''
from gi.repository import AioThreads, GLib
AioThreads.Executor.new_pool('four', 4).get_size()
GLib.MainContext.default()
AioThreads.Executor.new_pool('four', 4).get_colour()
GLib.MainContext.default().get_colour()
'''


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def result(self, name, *complaints):
        self.count += 1
        self.failed += bool(complaints)
        print(f'{"not ok" if complaints else "ok"} {self.count} - /types/{name}')
        for complaint in complaints:
            print('#', complaint)


def errors_of(mypy, path, *folders):
    """What mypy says about a file, as pairs of a line number and a message."""
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, folders)), 'MYPYPATH': ''}
    # From the folder of a file mypy would find what lies beside it.
    ran = subprocess.run([mypy, '--strict', '--no-error-summary', '--hide-error-context', '--cache-dir', os.devnull,
                          '--show-absolute-path', '--config-file=', str(path)],
                         env=environment, cwd='/', capture_output=True, text=True, timeout=120, check=False)
    found = re.findall(rf'^{re.escape(str(path))}:(\d+): error: (.*)$', ran.stdout, re.M)
    if ran.returncode not in (0, 1) or (ran.returncode == 1 and not found):
        found.append((0, ran.stdout + ran.stderr))
    return [(int(line), message) for line, message in found]


def check_right(tap, mypy):
    tap.result('hints-are-sound', *(f'line {line}: {message}' for line, message in errors_of(mypy, STUB, STUBS)))
    tap.result('right-is-accepted',
               *(f'line {line}: {message}' for line, message in errors_of(mypy, HERE / 'typed' / 'right.py', STUBS)))


def check_wrong(tap, mypy):
    path = HERE / 'typed' / 'wrong.py'
    errors = errors_of(mypy, path, STUBS)
    expected = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := re.search(r'  # ([^:]+): (.*)$', line):
            expected[number] = match.groups()
    for number, (fault, words) in expected.items():
        messages = [message for line, message in errors if line == number]
        complaints = [] if any(words in message for message in messages) else [
            f'line {number} must be refused with “{words}”', *messages]
        tap.result(f'wrong/{fault.replace(" ", "-")}', *complaints)
    tap.result('wrong/nothing-else', *(f'line {line}: {message}' for line, message in errors if line not in expected))


def check_with_others(tap, mypy):
    """The hints of the library and those of other namespaces, from different folders and from the same one."""
    with tempfile.TemporaryDirectory() as folder:
        others, together = pathlib.Path(folder, 'others'), pathlib.Path(folder, 'together')
        for target, contents in ((others, OTHER_STUBS),
                                 (together, {**own_stubs(), **OTHER_STUBS}),
                                 (together / 'later', {**OTHER_STUBS, **own_stubs()})):
            for name, text in contents.items():
                path = target / 'gi-stubs' / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        program = pathlib.Path(folder, 'program.py')
        program.write_text(PROGRAM_WITH_OTHERS)
        for name, folders in (('before', [STUBS, others]), ('after', [others, STUBS]),
                              ('overwritten', [together]), ('overwriting', [together / 'later'])):
            errors = errors_of(mypy, program, *folders)
            complaints = [f'line {line}: {message}' for line, message in errors]
            good = len(errors) == 2 and all('no attribute "get_colour"' in message for _, message in errors)
            tap.result(f'with-stubs-of-other-namespaces/{name}', *([] if good else complaints or ['nothing was refused']))


def own_stubs():
    folder = STUBS / 'gi-stubs'
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob('*')
            if path.suffix == '.pyi' or path.name == 'py.typed'}


def members_of(body):
    names = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
    return names


def all_members_of(name, classes):
    """What a class has, and what its bases have that are in the same file."""
    names = members_of(classes[name].body)
    for base in classes[name].bases:
        base = base.value if isinstance(base, ast.Subscript) else base
        if isinstance(base, ast.Name) and base.id in classes:
            names |= all_members_of(base.id, classes)
    return names


def native_names():
    """What the typelib has but types of functions and the structures of classes."""
    from gi._gi import CallbackInfo, Repository, StructInfo
    return {info.get_name() for info in Repository.get_default().get_infos('AioThreads')
            if not isinstance(info, CallbackInfo) and not (isinstance(info, StructInfo) and info.is_gtype_struct())}


def members_at_run_time(thing):
    """What a class has from the library, but for what is declared where it comes from."""
    ours, others = set(), set()
    for base in thing.__mro__:
        is_ours = base.__module__.startswith(('gi.repository.AioThreads', 'gi.overrides.AioThreads'))
        (ours if is_ours else others).update(name for name in vars(base) if not name.startswith('_'))
    return ours - others


def check_complete(tap):
    import gi
    gi.require_version('AioThreads', '1')
    from gi.repository import AioThreads

    body = ast.parse(STUB.read_text()).body
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    hinted = {name for name in members_of(body) if not name.startswith('_')}
    there = native_names() | set(sys.modules['gi.overrides.AioThreads'].__all__)
    tap.result('complete/names', *(f'{name} has no hint' for name in sorted(there - hinted)),
               *(f'there is no {name}' for name in sorted(hinted) if not hasattr(AioThreads, name)))

    complaints = []
    for name in sorted(hinted & there & set(classes)):
        thing, members = getattr(AioThreads, name), all_members_of(name, classes)
        # An enumeration has what all numbers have, and only instances have what is declared without a value.
        if not issubclass(thing, int):
            complaints += [f'{name}.{member} has no hint' for member in sorted(members_at_run_time(thing) - members - NOT_HINTED)]
        methods = {node.name for node in classes[name].body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
        complaints += [f'there is no {name}.{member}' for member in sorted(methods) if not hasattr(thing, member)]
    tap.result('complete/methods', *complaints)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mypy', required=True)
    parser.add_argument('--complete', action='store_true', help='compare with the namespace, which is loaded')
    arguments = parser.parse_args()
    tap = Tap()
    check_right(tap, arguments.mypy)
    check_wrong(tap, arguments.mypy)
    check_with_others(tap, arguments.mypy)
    if arguments.complete:
        check_complete(tap)
    print(f'1..{tap.count}')
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
