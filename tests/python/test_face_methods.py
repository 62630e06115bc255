# SPDX-License-Identifier: LGPL-2.1-or-later
"""Row 6: methods of every kind, of classes and instances of every kind."""

import abc
import asyncio
import collections
import dataclasses
import enum
import functools
import threading
import weakref

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import ThreadedSeparate, threaded, threaded_iterable, threaded_separate

DECORATORS = pytest.mark.parametrize('decorate', [threaded, threaded_separate, threaded_separate(detach=False)],
                                     ids=['pool', 'separate', 'not detached'])


class Thing:
    """Has a method of each kind."""

    def __init__(self, value=None):
        self.value = value

    @threaded
    def method(self, *arguments):
        """Tells who it is."""
        return self, arguments

    @threaded
    @classmethod
    def of_class(cls, *arguments):
        return cls, arguments

    @threaded
    @staticmethod
    def static(*arguments):
        return arguments


class Derived(Thing):
    pass


# --- Kinds of methods -------------------------------------------------------

@DECORATORS
@pytest.mark.parametrize('inside', [False, True], ids=['decorates descriptor', 'is in descriptor'])
def test_row_6_kinds_of_methods(run_async, decorate, inside):
    class Any:
        @decorate
        def method(self, *arguments):
            return self, arguments, threading.get_ident()

        def of_class(cls, *arguments):
            return cls, arguments, threading.get_ident()

        def static(*arguments):
            return arguments, threading.get_ident()

        if inside:
            of_class, static = classmethod(decorate(of_class)), staticmethod(decorate(static))
        else:
            of_class, static = decorate(classmethod(of_class)), decorate(staticmethod(static))

    async def main():
        thing = Any()
        here = threading.get_ident()
        for call in (thing.method, functools.partial(Any.method, thing)):
            *result, thread = await call(1, 2)
            assert result == [thing, (1, 2)] and thread != here
        for call in (thing.of_class, Any.of_class):
            *result, thread = await call(1, 2)
            assert result == [Any, (1, 2)] and thread != here
        for call in (thing.static, Any.static):
            result, thread = await call(1, 2)
            assert result == (1, 2) and thread != here

    run_async(main)


@DECORATORS
def test_row_6_sync_call_of_methods(decorate):
    class Any:
        method = decorate(lambda self, *arguments: (self, arguments, threading.get_ident()))
        of_class = decorate(classmethod(lambda cls, *arguments: (cls, arguments, threading.get_ident())))
        static = decorate(staticmethod(lambda *arguments: (arguments, threading.get_ident())))

    thing, here = Any(), threading.get_ident()
    assert thing.method.sync_call(1) == Any.method.sync_call(thing, 1) == (thing, (1,), here)
    assert thing.of_class.sync_call(1) == Any.of_class.sync_call(1) == (Any, (1,), here)
    assert thing.static.sync_call(1) == Any.static.sync_call(1) == ((1,), here)


def test_row_6_async_call_of_methods(run_async):
    async def main():
        thing = Thing()
        assert await thing.method.async_call(1) == (thing, (1,))
        assert await Thing.of_class.async_call(1) == (Thing, (1,))
        assert await Thing.static.async_call(1) == (1,)

    run_async(main)


def test_row_6_names_of_the_caller_are_not_taken(run_async):
    """What a function calls its arguments is its own business."""
    class Any:
        @threaded
        def method(self, **keywords):
            return keywords

    async def main():
        given = {'func': 1, 'args': 2, 'kwargs': 3, 'executor': 4, 'loop': 5, 'instance': 6}
        assert await threaded(lambda **keywords: keywords)(self=0, **given) == {'self': 0, **given}
        assert await Any().method(**given) == given

    run_async(main)


# --- Kinds of instances -----------------------------------------------------

class Slotted:
    __slots__ = ('value',)

    @threaded
    def method(self):
        return self


class Unhashable:
    __hash__ = None

    @threaded
    def method(self):
        return self


class Incomparable:
    @threaded
    def method(self):
        return self

    def __eq__(self, other):
        raise AssertionError('nobody may compare')

    def __hash__(self):
        raise AssertionError('nobody may hash')


class Falsy:
    @threaded
    def method(self):
        return self

    def __bool__(self):
        return False

    def __len__(self):
        return 0


@dataclasses.dataclass
class Data:
    value: int = 1

    @threaded
    def method(self):
        return self


class Named(collections.namedtuple('Named', ['value'], defaults=([],))):
    @threaded
    def method(self):
        return self


class Text(str):
    @threaded
    def method(self):
        return self


class Colour(enum.Enum):
    RED = 1

    @threaded
    def method(self):
        return self


class Proxy:
    """Says yes to everything."""

    def __getattr__(self, name):
        return self

    @threaded
    def method(self):
        return self


@pytest.mark.parametrize('make', [
    Slotted, Unhashable, Incomparable, Falsy, Data, Named, Text, lambda: Colour.RED, Proxy], ids=lambda make: make.__name__)
def test_row_6_kinds_of_instances(run_async, make):
    async def main():
        instance = make()
        assert await instance.method() is instance
        assert instance.method.sync_call() is instance

    run_async(main)


@DECORATORS
def test_defect_b_equal_instances_are_not_mixed_up(run_async, decorate):
    @dataclasses.dataclass(frozen=True)
    class Equal:
        value: int

        @decorate
        def method(self):
            return self

    async def main():
        one, other = Equal(1), Equal(1)
        assert one == other and hash(one) == hash(other)
        for _ in range(3):
            for instance in (one, other):
                assert await instance.method() is instance
        bound = one.method, other.method
        assert await bound[1]() is other and await bound[0]() is one
        assert [id(instance) for instance in await asyncio.gather(*(instance.method() for instance in (one, other) * 10))] == [
            id(one), id(other)] * 10

    run_async(main)


# --- Kinds of classes -------------------------------------------------------

def test_row_6_inheritance(run_async):
    class Overrides(Thing):
        @threaded
        def method(self, *arguments):
            return 'overridden', *super().method.sync_call(*arguments)

        def plain(self):
            return super().method(1)

    async def main():
        derived = Derived()
        assert await derived.method(1) == (derived, (1,))
        assert await Derived.of_class(1) == await derived.of_class(1) == (Derived, (1,))
        assert await Derived.static(1) == (1,)
        overrides = Overrides()
        assert await overrides.method(1) == ('overridden', overrides, (1,))
        assert await overrides.plain() == (overrides, (1,))
        assert await Thing.method(overrides, 1) == (overrides, (1,))

    run_async(main)


@pytest.mark.parametrize('inside', [False, True], ids=['decorates abstract', 'is abstract'])
def test_row_6_abstract_methods(run_async, inside):
    class Base(abc.ABC):
        def method(self):
            raise AssertionError('it is abstract')

        def of_class(cls):
            raise AssertionError('it is abstract')

        if inside:
            method = abc.abstractmethod(threaded(method))
            of_class = classmethod(abc.abstractmethod(threaded(of_class)))
        else:
            method = threaded(abc.abstractmethod(method))
            of_class = threaded(classmethod(abc.abstractmethod(of_class)))

    class Concrete(Base):
        @threaded
        def method(self):
            return self

        @threaded
        @classmethod
        def of_class(cls):
            return cls

    assert Base.__abstractmethods__ == {'method', 'of_class'} and not Concrete.__abstractmethods__
    with pytest.raises(TypeError):
        Base()

    async def main():
        concrete = Concrete()
        assert await concrete.method() is concrete and await concrete.of_class() is Concrete

    run_async(main)


def test_row_6_metaclasses(run_async):
    class Meta(type):
        @threaded
        def method(cls, *arguments):
            return cls, arguments

        def __eq__(cls, other):
            raise AssertionError('nobody may compare')

        __hash__ = None

    class Any(metaclass=Meta):
        @threaded
        @classmethod
        def of_class(cls, *arguments):
            return cls, arguments

    async def main():
        for call in (Any.method, Any.of_class, Any().of_class):
            cls, arguments = await call(1)
            assert cls is Any and arguments == (1,)

    run_async(main)


@pytest.mark.parametrize('decorate', [threaded_separate, threaded_separate(), threaded_separate(detach=False)],
                         ids=['bare', 'called', 'not detached'])
def test_defect_a_separate_methods_have_threads_of_their_own(run_async, decorate):
    started, leave = threading.Semaphore(0), threading.Event()

    class Any:
        def work(self=None):
            started.release()
            assert leave.wait(60)
            return threading.get_ident()

        method, of_class, static = decorate(work), decorate(classmethod(work)), decorate(staticmethod(work))

    async def main():
        assert isinstance(vars(Any)['method'], ThreadedSeparate)
        # All of them at once, where the pool has one thread.
        calls = [Any().method(), Any().method(), Any.of_class(), Any.static()]
        assert all(started.acquire(timeout=60) for _ in calls)
        leave.set()
        assert len(set(await asyncio.gather(*calls))) == len(calls)

    pool = AioThreads.Executor.new_pool('one', 1)
    AioThreads.set_default_executor(pool)
    try:
        run_async(main)
    finally:
        AioThreads.set_default_executor(None)
    assert (pool.props.n_threads, pool.props.n_done) == (0, 0)


# --- What binding keeps -----------------------------------------------------

@DECORATORS
def test_defect_c_binding_keeps_no_instance_alive(run_async, collect, decorate):
    class Any:
        @decorate
        def method(self):
            return None

        @threaded_iterable
        def items(self):
            yield 1

    instances = weakref.WeakSet()

    async def main():
        for _ in range(100):
            instance = Any()
            instances.add(instance)
            assert instance.method and instance.items
            await instance.method()
            assert [item async for item in instance.items()] == [1]

    run_async(main)
    collect(lambda: not instances)
    assert len(instances) == 0


def test_row_6_a_bound_method_keeps_its_instance(run_async, collect):
    async def main():
        bound = Thing('value').method
        instance = weakref.ref(bound.sync_call()[0])
        assert instance() is not None and (await bound())[0] is instance()
        bound = None
        return instance

    instance = run_async(main)
    collect(lambda: instance() is None)
    assert instance() is None


def test_row_6_binding_changes_nothing():
    thing = Thing()
    before = dict(vars(Thing)), dict(vars(thing))
    assert thing.method is not None and Thing.of_class is not None and thing.static is not None
    assert (dict(vars(Thing)), dict(vars(thing))) == before
