# SPDX-License-Identifier: LGPL-2.1-or-later
"""Context variables, set in Python, and seen by functions in Python and in C."""

import itertools
import sys
import threading
import weakref

import pytest
from gi.repository import AioThreads, AiotTest, Gio, GLib, GObject


class Thing:
    """Any Python object."""


@pytest.fixture
def var():
    """A variable of strings, whose value at the end is that at the beginning."""
    variable = AioThreads.ContextVar.new('text', str, None)
    token = variable.set('before')
    yield variable
    variable.reset(token)
    assert variable.get() is None


@pytest.fixture
def run(iterate_until):
    """Runs a function in a worker, and gives what it returns or raises."""

    def run_to_the_end(function, *arguments, executor=None):
        outcome, called = [], []

        def body(call):
            try:
                outcome.append((function(*arguments), None))
            except BaseException as error:
                outcome.append((None, error))
            return True

        AioThreads.offload_async(executor, body, (), None, lambda *_: called.append(1))
        iterate_until(lambda: called)
        value, error = outcome.pop()
        if error:
            raise error
        return value

    return run_to_the_end


def call(threaded, argument, iterate_until):
    values = []
    threaded.call_async(argument, None, lambda threaded, result: values.append(threaded.call_finish(result)))
    iterate_until(lambda: values)
    return values[0]


def offload_sync(function, executor=None):
    def body(call, data):
        call.set_result((function(),))
        return True

    return AioThreads.offload_sync(executor, body, None, None).get_result()[0]


# --- Values -----------------------------------------------------------------

def test_not_set_is_none():
    for value_type in (str, int, bool, float, Gio.Cancellable, GObject.TYPE_PYOBJECT, GObject.TYPE_INT64, GLib.Variant):
        var = AioThreads.ContextVar.new('empty', value_type, None)
        assert var.get() is None and var.get_default_value() is None and var.props.default_value is None
        assert AioThreads.Context.dup_current().get_value(var) is None


def test_name_type_and_default():
    var = AioThreads.ContextVar.new('name', int, 42)
    assert (var.get_name(), var.get_default_value(), var.get()) == ('name', 42, 42)
    assert (var.props.name, var.props.default_value) == ('name', 42)
    assert var.get_value_type() == var.props.value_type == GObject.TYPE_INT
    made = AioThreads.ContextVar(name='made', value_type=str, default_value='default')
    assert (made.get_name(), made.get()) == ('made', 'default')


@pytest.mark.parametrize('value_type, value', [
    (str, ''), (str, 'häßlich'), (int, 0), (int, -7), (bool, False), (bool, True), (float, 0.5), (GObject.TYPE_INT64, 3),
    (GObject.TYPE_PYOBJECT, ['list']), (GObject.TYPE_PYOBJECT, {'a': None}), (GObject.TYPE_PYOBJECT, ('nul \0', 2 ** 100)),
], ids=repr)
def test_values(run, value_type, value):
    var = AioThreads.ContextVar.new('value', value_type, None)
    token = var.set(value)
    for got in (var.get(), run(var.get)):
        assert got == value and type(got) is type(value)
    var.reset(token)
    assert var.get() is None


def test_objects_are_the_same(run):
    for value_type, thing in ((GObject.TYPE_PYOBJECT, Thing()), (Gio.Cancellable, Gio.Cancellable()), (GObject.Object, Gio.Cancellable())):
        var = AioThreads.ContextVar.new('object', value_type, None)
        token = var.set(thing)
        assert var.get() is thing and run(var.get) is thing
        var.reset(token)


def test_large_numbers_have_an_explicit_type():
    var = AioThreads.ContextVar.new('large', GObject.TYPE_INT64, None)
    token = var.set(GObject.Value(GObject.TYPE_INT64, 2 ** 40))
    assert var.get() == 2 ** 40
    var.reset(token)


@pytest.mark.parametrize('value_type, default', [(str, 'default'), (Gio.Cancellable, Gio.Cancellable()), (GObject.TYPE_PYOBJECT, (1,))])
def test_none_hides_the_default(run, value_type, default):
    var = AioThreads.ContextVar.new('none', value_type, default)
    token = var.set(None)
    assert var.get() is None and run(var.get) is None
    var.reset(token)
    assert var.get() == default


def test_reset_goes_back_to_what_was_set(var):
    tokens = [var.set(str(number)) for number in range(3)]
    assert [(var.get(), var.reset(token))[0] for token in reversed(tokens)] == ['2', '1', '0']
    assert var.get() == 'before'


def test_many_variables():
    variables = [AioThreads.ContextVar.new(str(number), int, None) for number in range(100)]
    tokens = [variable.set(number) for number, variable in enumerate(variables)]
    assert [variable.get() for variable in variables] == list(range(100))
    for variable, token in zip(variables, tokens):
        variable.reset(token)
    assert not any(variable.get() for variable in variables)


# --- Contexts ---------------------------------------------------------------

def test_context_does_not_change(var):
    context = AioThreads.Context.dup_current()
    token = var.set('after')
    assert (context.get_value(var), var.get()) == ('before', 'after')
    var.reset(token)


def test_run_in_a_context(var):
    seen = []

    def function(*data):
        seen.append((var.get(), threading.current_thread(), data))
        # It ends with the function.
        var.set('inside')
        seen.append(var.get())

    context = AioThreads.Context.dup_current()
    token = var.set('after')
    context.run(function, 'some', 'data')
    assert seen == [('before', threading.main_thread(), ('some', 'data')), 'inside']
    assert var.get() == 'after'
    var.reset(token)


def test_run_of_what_raises(var, capfd):
    def function():
        var.set('inside')
        raise ValueError('unexpected')

    AioThreads.Context.dup_current().run(function)
    assert var.get() == 'before'
    assert 'ValueError: unexpected' in capfd.readouterr().err


def test_threads_have_their_own(var):
    seen = []

    def thread():
        seen.append(var.get())
        var.set('in a thread')
        seen.append(var.get())

    other = threading.Thread(target=thread)
    other.start()
    other.join()
    assert seen == [None, 'in a thread'] and var.get() == 'before'


# --- Along with the work ----------------------------------------------------

def test_worker_sees_what_was_set(var, run):
    assert run(var.get) == 'before'
    token = var.set('after')
    assert run(var.get) == 'after'
    var.reset(token)


def test_worker_sees_what_was_set_when_it_was_asked(var, iterate_until):
    """And so does the callback, although it is set otherwise when it is called."""
    seen, called = [], []
    tokens = [var.set('asked')]
    AioThreads.offload_async(None, lambda call: seen.append(var.get()) or True, (), None, lambda *_: called.append(var.get()))
    tokens.append(var.set('after'))
    iterate_until(lambda: called)
    assert (seen, called, var.get()) == (['asked'], ['asked'], 'after')
    for token in reversed(tokens):
        var.reset(token)


@pytest.mark.parametrize('make', [lambda: AioThreads.Executor.new_pool(None, 1), lambda: AioThreads.Executor.new_serial(None),
                                  lambda: AioThreads.Executor.new_separate(None, True)], ids=['pool', 'serial', 'separate'])
def test_what_a_worker_sets_stays_with_the_work(var, run, make):
    executor = make()

    def set_inside():
        var.set('inside')
        return var.get(), offload_sync(var.get)

    assert run(set_inside, executor=executor) == ('inside', 'inside')
    assert run(var.get, executor=executor) == 'before' and var.get() == 'before'


def test_what_a_callback_sets_ends_with_it(var, iterate_until):
    called = []

    def callback(source, result):
        var.set('in the callback')
        called.append(var.get())

    AioThreads.offload_async(None, lambda call: True, (), None, callback)
    iterate_until(lambda: called)
    assert called == ['in the callback'] and var.get() == 'before'


def test_native_functions_see_it(var, iterate_until):
    assert call(AiotTest.new_read_var(var), None, iterate_until) == 'before'
    assert call(AiotTest.new_set_var(var), 'by the worker', iterate_until) == 'by the worker'
    assert call(AiotTest.new_read_var(var), None, iterate_until) == 'before' and var.get() == 'before'


def test_sync_calls_share_it(var):
    """Who calls in its own thread calls in its own context."""
    assert AiotTest.new_read_var(var).call_sync(None, None).get_result() == 'before'
    assert offload_sync(var.get) == 'before'


def test_start_functions_and_posts_see_that_of_the_worker(var, run, iterate_until):
    posted = []

    def body(call):
        var.set('in the worker')
        call.post(lambda: posted.append(var.get()))

        def start(task, data):
            task.return_value(var.get())
            return True

        call.set_result(AioThreads.sync_await_task(start, None, AioThreads.TIMEOUT_NONE, None).get_result())
        return True

    values = []
    AioThreads.offload_async(None, body, (), None, lambda source, result: values.append(AioThreads.offload_finish(result)))
    iterate_until(lambda: values)
    assert (values, posted, var.get()) == (['in the worker'], ['in the worker'], 'before')


def test_shutdown_is_answered_in_it(var, iterate_until):
    executor, seen = AioThreads.Executor.new_serial(None), []
    token = var.set('asked')
    executor.shutdown_async(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None, lambda *_: seen.append(var.get()))
    var.reset(token)
    iterate_until(lambda: seen)
    assert seen == ['asked']


def test_limited_work_has_that_of_its_caller(var, iterate_until):
    """Whoever leaves a limiter lets others in, but not into its own context."""
    limiter, running, leave, values = AioThreads.Limiter.new(1), threading.Event(), threading.Event(), []

    def body(call):
        running.set()
        call.set_result(var.get())
        return leave.wait(60)

    threaded = AioThreads.Threaded.new(body)
    threaded.set_limiter(limiter)
    for text in ('first', 'second'):
        token = var.set(text)
        threaded.call_async(None, None, lambda threaded, result: values.append((threaded.call_finish(result), var.get())))
        var.reset(token)
    assert running.wait(60)
    leave.set()
    iterate_until(lambda: len(values) == 2)
    assert values == [('first', 'first'), ('second', 'second')]


# --- Nothing leaks ----------------------------------------------------------

def test_values_are_released(iterate_until, collect):
    var, things = AioThreads.ContextVar.new('thing', GObject.TYPE_PYOBJECT, None), weakref.WeakSet()
    read, numbers = AiotTest.new_read_var(AioThreads.ContextVar.new('number', int, None)), itertools.count()

    def set_and_call():
        thing = Thing()
        things.add(thing)
        token = var.set(thing)
        assert call(read, next(numbers), iterate_until) is None
        assert var.get() is thing
        var.reset(token)

    for _ in range(100):
        set_and_call()
    # The worker that was last holds no context.
    collect(lambda: not things)
    assert len(things) == 0


def test_references(collect):
    def count():
        return [sys.getrefcount(thing), var.__grefcount__]

    var, thing = AioThreads.ContextVar.new('thing', GObject.TYPE_PYOBJECT, None), Thing()
    before = count()
    for _ in range(100):
        tokens = [var.set(thing), var.set(thing)]
        context = AioThreads.Context.dup_current()
        assert var.get() is context.get_value(var) is thing
        for token in reversed(tokens):
            var.reset(token)
        del tokens, token, context
    collect(lambda: count() == before)
    assert count() == before


def test_memory_is_steady(var, steady):
    def set_and_reset():
        var.reset(var.set('value'))

    def set_only():
        var.set('value')

    def make():
        AioThreads.ContextVar.new('name', str, 'default').get()

    context, token = AioThreads.Context.dup_current(), var.set('before')
    for function in (var.get, var.get_name, var.get_value_type, lambda: context.get_value(var),
                     AioThreads.Context.dup_current, set_and_reset, set_only, make):
        steady(function)
    steady(lambda: context.run(set_only), 1)
    var.reset(token)
