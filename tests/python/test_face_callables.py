# SPDX-License-Identifier: LGPL-2.1-or-later
"""Row 6: what can be threaded at all, and that the threaded thing looks like it."""

import functools
import inspect
import operator

import pytest
from gi.repository.AioThreads import (
    BoundThreaded, BoundThreadedIterable, Threaded, ThreadedBase, ThreadedIterable, ThreadedSeparate, threaded,
    threaded_separate)

DECORATORS = pytest.mark.parametrize('decorate', [threaded, threaded_separate, threaded_separate(detach=False)],
                                     ids=['pool', 'separate', 'not detached'])


class Thing:
    @threaded
    def method(self, *arguments):
        """Tells who it is."""

    @threaded
    @classmethod
    def of_class(cls, *arguments):
        pass

    @threaded
    @staticmethod
    def static(*arguments):
        pass


class Derived(Thing):
    pass


# --- Looks ------------------------------------------------------------------

def example(a: int, b: str = 'b', *, c: float = 0.5) -> list:
    """Does what it does."""


@pytest.mark.parametrize('decorate, kind', [(threaded, Threaded), (threaded_separate, ThreadedSeparate),
                                            (threaded_separate(detach=False), ThreadedSeparate)])
def test_defect_y_looks_like_the_function(decorate, kind):
    body = decorate(example)
    assert type(body) is kind and isinstance(body, ThreadedBase)
    assert body.func is example and body.__wrapped__ is example
    for name in ('__name__', '__qualname__', '__doc__', '__module__', '__annotations__'):
        assert getattr(body, name) == getattr(example, name)
    assert inspect.signature(body) == inspect.signature(example)
    assert 'example' in repr(body) and kind.__name__ in repr(body)
    assert inspect.getdoc(body) == 'Does what it does.' and callable(body)


def test_defect_y_methods_look_like_those_of_the_function():
    thing = Thing()
    for bound in (thing.method, Derived().method):
        assert isinstance(bound, BoundThreaded) and isinstance(bound, ThreadedBase)
        assert (bound.__name__, bound.__doc__) == ('method', 'Tells who it is.')
        assert str(inspect.signature(bound)) == '(*arguments)'
        assert 'method' in repr(bound)
    assert str(inspect.signature(Thing.method)) == '(self, *arguments)'
    assert Thing.method.__doc__ == 'Tells who it is.' and Thing.method.__qualname__ == 'Thing.method'
    assert [str(inspect.signature(call)) for call in (Thing.of_class, thing.static, Thing.static)] == ['(*arguments)'] * 3
    assert [call.__name__ for call in (Thing.of_class, Thing.static)] == ['of_class', 'static']


def test_defect_y_generator_functions_look_alike():
    class Any:
        @threaded
        def items(self, count: int):
            """Counts."""
            yield from range(count)

    assert isinstance(vars(Any)['items'], ThreadedIterable) and isinstance(Any().items, BoundThreadedIterable)
    assert (Any.items.__name__, Any.items.__doc__) == ('items', 'Counts.')
    assert str(inspect.signature(Any().items)) == '(count: int)'
    assert 'items' in repr(Any.items)


# --- Defect h: callables that are no functions ------------------------------

class Callable:
    def __call__(self, *arguments):
        return sum(arguments)


@DECORATORS
@pytest.mark.parametrize('function', [
    functools.partial(operator.add, 1), functools.partial(functools.partial(operator.add), 1), Callable(), Callable().__call__,
    sum, operator.itemgetter(0), [].count, functools.lru_cache(lambda *numbers: sum(numbers)), complex],
    ids=['partial', 'partial of partial', 'object', 'bound method', 'builtin', 'itemgetter', 'method of builtin', 'cache', 'type'])
def test_defect_h_callables(run_async, decorate, function):
    arguments = ((1, 2),) if function is sum or isinstance(function, operator.itemgetter) else (2,)

    async def main():
        body = decorate(function)
        assert body.func is function and repr(body)
        assert await body(*arguments) == function(*arguments) == body.sync_call(*arguments)

    run_async(main)


@pytest.mark.parametrize('function', [None, 42, 'text', object()], ids=['None', 'number', 'text', 'object'])
def test_row_6_what_cannot_be_called_is_refused(function):
    with pytest.raises(TypeError):
        Threaded(function)
