# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be threaded, what becomes of it, and that the threaded thing looks like it."""

import functools
import inspect
import operator

import pytest
from gi.repository.AioThreads import (
    BoundThreaded, BoundThreadedIterable, Threaded, ThreadedBase, ThreadedIterable, ThreadedIterableSeparate, ThreadedSeparate,
    threaded, threaded_separate)

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
    ids=['partial', 'partial of partial', 'object', 'bound method', 'builtin', 'itemgetter', 'method of builtin', 'cache',
         'type'])
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


# --- Row 4 ------------------------------------------------------------------

async def coroutine_function(*arguments):
    raise AssertionError('it is never called')


class Bodies:
    async def coroutine(self):
        raise AssertionError('it is never called')

    def generate(self, *items):
        yield from items

    async def __call__(self):
        raise AssertionError('it is never called')


class Generates:
    def __call__(self, *items):
        yield from items


@pytest.mark.parametrize('decorate', [
    threaded, threaded_separate, threaded(executor=None), threaded_separate(detach=False), Threaded],
    ids=['threaded', 'separate', 'executor', 'not detached', 'Threaded'])
@pytest.mark.parametrize('function', [
    coroutine_function, staticmethod(coroutine_function), classmethod(coroutine_function),
    functools.partial(coroutine_function, 1), functools.partial(functools.partial(coroutine_function, 1), 2),
    Bodies().coroutine, Bodies()], ids=lambda function: type(function).__name__)
def test_row_4_coroutine_functions_are_refused(decorate, function):
    with pytest.raises(TypeError):
        decorate(function)


def generate(*items):
    yield from items


@pytest.mark.parametrize('decorate, kind', [
    (threaded, ThreadedIterable), (threaded_separate, ThreadedIterableSeparate),
    (threaded_separate(detach=False), ThreadedIterableSeparate)], ids=['pool', 'separate', 'not detached'])
@pytest.mark.parametrize('function', [
    generate, functools.partial(generate), functools.partial(functools.partial(generate)), Bodies().generate, Generates()],
    ids=['function', 'partial', 'partial of partial', 'bound method', 'callable object'])
def test_row_4_generator_functions_become_iterables(run_async, decorate, kind, function):
    async def main():
        iterable = decorate(function)
        assert isinstance(iterable, kind)
        assert [item async for item in iterable(1, None, 3)] == [1, None, 3]
        assert list(iterable.sync_call(1, 2)) == [1, 2]

    run_async(main)


@pytest.mark.parametrize('decorate, kind', [
    (threaded, ThreadedIterable), (threaded_separate, ThreadedIterableSeparate)], ids=['pool', 'separate'])
def test_row_4_generator_methods_become_iterables(run_async, decorate, kind):
    class Thing:
        @decorate
        def method(self, *items):
            yield from (self, *items)

        @decorate
        @classmethod
        def of_class(cls, *items):
            yield from (cls, *items)

        @decorate
        @staticmethod
        def static(*items):
            yield from items

    async def main():
        thing = Thing()
        assert all(isinstance(vars(Thing)[name], kind) for name in ('method', 'of_class', 'static'))
        assert [item async for item in thing.method(1)] == [thing, 1]
        assert [item async for item in thing.of_class(1)] == [item async for item in Thing.of_class(1)] == [Thing, 1]
        assert [item async for item in thing.static(1)] == [item async for item in Thing.static(1)] == [1]

    run_async(main)
