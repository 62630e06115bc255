# SPDX-License-Identifier: LGPL-2.1-or-later
"""Executors, limiters, progress, and asking the main loop, with functions written in Python."""

import re
import sys
import threading
import weakref

import pytest
from gi.repository import AioThreads, AiotTest, Gio, GLib, GObject


class Answer:
    def __init__(self, finish):
        self.n_called = 0
        self.value = self.error = None
        self.finish = finish

    def __call__(self, source, result, *data):
        self.n_called += 1
        try:
            self.value = self.finish(result)
        except GLib.Error as error:
            self.error = error


def offload(body, *arguments, executor=None, cancellable=None):
    answer = Answer(AioThreads.offload_finish)
    AioThreads.offload_async(executor, body, arguments, cancellable, answer)
    return answer


def call(threaded, argument=None, cancellable=None):
    answer = Answer(threaded.call_finish)
    threaded.call_async(argument, cancellable, answer)
    return answer


def shutdown(executor, how=AioThreads.Shutdown.WAIT, timeout_ms=AioThreads.TIMEOUT_NONE, cancellable=None):
    answer = Answer(executor.shutdown_finish)
    executor.shutdown_async(how, timeout_ms, cancellable, answer)
    assert answer.n_called == 0
    return answer


@pytest.fixture
def run(iterate_until):
    """Runs a function in a worker, and gives what it returns or raises, whatever that is."""

    def run_to_the_end(function, *arguments, **options):
        outcome = []

        def body(call):
            try:
                outcome.append((function(*arguments), None))
            except BaseException as error:
                outcome.append((None, error))
            return True

        answer = offload(body, **options)
        iterate_until(lambda: answer.n_called)
        if answer.error:
            raise answer.error
        value, error = outcome.pop()
        if error:
            raise error
        return value

    return run_to_the_end


class Gate:
    """A body that says that it runs, and goes on when it is let, or cancelled."""

    def __init__(self):
        self.running, self.leave = threading.Event(), threading.Event()

    def __call__(self, call):
        cancellable = call.get_cancellable()
        identifier = cancellable.connect(lambda *_: self.leave.set())
        self.running.set()
        assert self.leave.wait(60)
        cancellable.disconnect(identifier)
        call.set_error_if_cancelled()
        return True


# --- Kinds ------------------------------------------------------------------

def test_kinds():
    pool = AioThreads.Executor.new_pool('pool', 3)
    serial = AioThreads.Executor.new_serial('serial')
    separate = AioThreads.Executor.new_separate('separate', False)
    assert [executor.get_kind() for executor in (pool, serial, separate)] == [
        AioThreads.ExecutorKind.POOL, AioThreads.ExecutorKind.SERIAL, AioThreads.ExecutorKind.SEPARATE]
    assert [executor.props.kind.value_nick for executor in (pool, serial, separate)] == ['pool', 'serial', 'separate']
    assert [executor.props.name for executor in (pool, serial, separate)] == ['pool', 'serial', 'separate']
    assert (pool.props.size, serial.props.size) == (3, 1)
    assert separate.props.size == AioThreads.get_thread_limit()
    assert (pool.props.detached, separate.props.detached) == (True, False)
    assert AioThreads.Executor.new_separate(None, True).get_detached()
    assert AioThreads.Executor.new_serial(None).get_name()


def test_made_with_properties():
    serial = AioThreads.Executor(kind=AioThreads.ExecutorKind.SERIAL, name='made')
    assert (serial.get_kind(), serial.get_name(), serial.get_size()) == (AioThreads.ExecutorKind.SERIAL, 'made', 1)
    pool = AioThreads.Executor(size=2)
    assert (pool.get_kind(), pool.get_size()) == (AioThreads.ExecutorKind.POOL, 2)


def test_size_notifies():
    pool, seen = AioThreads.Executor.new_pool(None, 1), []
    pool.connect('notify::size', lambda pool, pspec: seen.append(pool.props.size))
    pool.props.size = 2
    pool.set_size(2)
    pool.set_size(3)
    assert seen == [2, 3]


def test_serial_is_one_thread_in_order(iterate_until):
    serial, seen = AioThreads.Executor.new_serial('in order'), []
    answers = [offload(lambda call, number: seen.append((number, threading.get_ident())) or True, number, executor=serial)
               for number in range(100)]
    iterate_until(lambda: all(answer.n_called for answer in answers))
    assert [number for number, _ in seen] == list(range(100))
    assert len({thread for _, thread in seen}) == 1


def test_separate_threads_each(iterate_until):
    separate = AioThreads.Executor.new_separate('separate', True)
    gates = [Gate() for _ in range(4)]
    answers = [offload(gate, executor=separate) for gate in gates]
    assert all(gate.running.wait(60) for gate in gates)
    assert separate.get_n_threads() == separate.get_n_running() == 4
    for gate in gates:
        gate.leave.set()
    iterate_until(lambda: all(answer.n_called for answer in answers))


def test_list_running(iterate_until):
    pool = AioThreads.Executor.new_pool('two', 2)
    assert pool.list_running() == []
    named, gates = AiotTest.new_wait_for_gate(), [Gate()]
    named.props.executor = pool
    AiotTest.close_gate()
    answers = [call(named), offload(gates[0], executor=pool)]
    AiotTest.wait_until_gate_is_reached()
    assert gates[0].running.wait(60)
    running = pool.list_running()
    assert len(running) == 2 and all(isinstance(text, str) for text in running)
    assert sorted(re.sub(r' \(\d+\.\d s\)$', '', text) for text in running) == ['a function', 'wait-for-gate']
    AiotTest.open_gate()
    gates[0].leave.set()
    iterate_until(lambda: all(answer.n_called for answer in answers))


def test_thread_limit():
    limit = AioThreads.get_thread_limit()
    AioThreads.set_thread_limit(limit + 1)
    try:
        assert AioThreads.get_thread_limit() == limit + 1
    finally:
        AioThreads.set_thread_limit(limit)


def test_thread_limit_is_an_error(iterate_until):
    limit, separate, gate = AioThreads.get_thread_limit(), AioThreads.Executor.new_separate(None, True), Gate()
    first = offload(gate, executor=separate)
    assert gate.running.wait(60)
    AioThreads.set_thread_limit(1)
    try:
        second = offload(lambda call: True, executor=separate)
        iterate_until(lambda: second.n_called)
    finally:
        AioThreads.set_thread_limit(limit)
        gate.leave.set()
    assert second.error.matches(AioThreads.error_quark(), AioThreads.Error.EXHAUSTED)
    iterate_until(lambda: first.n_called)


def test_error_codes():
    assert [int(code) for code in (
        AioThreads.Error.FAILED, AioThreads.Error.EXHAUSTED, AioThreads.Error.CLOSED, AioThreads.Error.WOULD_DEADLOCK,
        AioThreads.Error.CONTEXT_GONE, AioThreads.Error.NO_ORIGIN, AioThreads.Error.FORKED)] == list(range(7))
    assert GLib.quark_to_string(AioThreads.error_quark()) == 'aiot-error-quark'


# --- Thread hook ------------------------------------------------------------

def test_thread_hook(iterate_until, collect):
    class Data:
        pass

    seen, data = [], Data()
    gone = weakref.ref(data)
    serial = AioThreads.Executor.new_serial('hooked')
    serial.set_thread_hook(lambda phase, data: seen.append((phase, threading.get_ident(), type(data))), data)
    del data
    answer = offload(lambda call: seen.append(('work', threading.get_ident(), Data)) or True, executor=serial)
    iterate_until(lambda: answer.n_called)
    ended = shutdown(serial)
    iterate_until(lambda: ended.n_called)
    assert [what for what, _, _ in seen] == [AioThreads.ThreadPhase.STARTS, 'work', AioThreads.ThreadPhase.ENDS]
    assert len({thread for _, thread, _ in seen}) == 1 and seen[0][1] != threading.get_ident()
    assert {kind for _, _, kind in seen} == {Data}
    del serial, ended
    collect(lambda: gone() is None)
    assert gone() is None


def test_thread_hook_is_taken_away(iterate_until, collect):
    class Hook:
        def __call__(self, phase):
            raise AssertionError('it was taken away')

    pool, hook = AioThreads.Executor.new_pool(None, 1), Hook()
    gone = weakref.ref(hook)
    pool.set_thread_hook(hook)
    pool.set_thread_hook(None)
    del hook
    collect(lambda: gone() is None)
    assert gone() is None
    answer = offload(lambda call: True, executor=pool)
    iterate_until(lambda: answer.n_called)


def test_thread_hook_that_raises(iterate_until, capfd):
    def hook(phase):
        raise ValueError(f'unexpected {phase.value_nick}')

    serial = AioThreads.Executor.new_serial(None)
    serial.set_thread_hook(hook)
    answer = offload(lambda call: call.set_result('done') or True, executor=serial)
    iterate_until(lambda: answer.n_called)
    ended = shutdown(serial)
    iterate_until(lambda: ended.n_called)
    assert (answer.value, ended.value) == ('done', True)
    printed = capfd.readouterr().err
    assert 'ValueError: unexpected starts' in printed and 'ValueError: unexpected ends' in printed


# --- Shutdown ---------------------------------------------------------------

def test_shutdown_waits_for_work(iterate_until):
    pool, gate = AioThreads.Executor.new_pool(None, 1), Gate()
    answers = [offload(gate, executor=pool), offload(lambda call: True, executor=pool)]
    assert gate.running.wait(60)
    ended = shutdown(pool)
    gate.leave.set()
    iterate_until(lambda: ended.n_called)
    assert ended.value is True and all(answer.n_called and not answer.error for answer in answers)
    assert (pool.props.n_threads, pool.props.n_done) == (0, 2)


def test_shutdown_cancels_work(iterate_until):
    pool, gate, ran = AioThreads.Executor.new_pool(None, 1), Gate(), []
    answers = [offload(gate, executor=pool), offload(lambda call: ran.append(1) or True, executor=pool)]
    assert gate.running.wait(60)
    ended = shutdown(pool, AioThreads.Shutdown.CANCEL)
    iterate_until(lambda: ended.n_called and all(answer.n_called for answer in answers))
    assert ended.value is True and not ran
    for answer in answers:
        assert answer.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_shut_down_takes_no_work(iterate_until, run):
    pool = AioThreads.Executor.new_pool('closed', 1)
    assert pool.shutdown_sync(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None) is True
    with pytest.raises(GLib.Error) as caught:
        run(lambda: None, executor=pool)
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.CLOSED)
    with pytest.raises(GLib.Error) as caught:
        AioThreads.offload_sync(pool, lambda call, data: True, None, None)
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.CLOSED)


def test_shutdown_times_out_and_names_what_runs(iterate_until):
    pool, named = AioThreads.Executor.new_pool('slow', 1), AiotTest.new_make_item_at_gate()
    named.props.executor = pool
    AiotTest.close_gate()
    answer = call(named)
    AiotTest.wait_until_gate_is_reached()
    late = shutdown(pool, AioThreads.Shutdown.CANCEL, 1)
    iterate_until(lambda: late.n_called)
    assert late.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)
    assert 'slow' in late.error.message and 'make-item-at-gate' in late.error.message
    with pytest.raises(GLib.Error) as caught:
        pool.shutdown_sync(AioThreads.Shutdown.WAIT, 1, None)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)
    ended = shutdown(pool)
    AiotTest.open_gate()
    iterate_until(lambda: ended.n_called and answer.n_called)
    assert ended.value is True


def test_shutdown_is_cancelled(iterate_until):
    pool, gate, cancellable = AioThreads.Executor.new_pool(None, 1), Gate(), Gio.Cancellable()
    answer = offload(gate, executor=pool)
    assert gate.running.wait(60)
    left = shutdown(pool, cancellable=cancellable)
    cancellable.cancel()
    iterate_until(lambda: left.n_called)
    assert left.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    gate.leave.set()
    iterate_until(lambda: answer.n_called)
    assert not answer.error


def test_shutdown_by_its_own_thread_would_deadlock(run):
    pool = AioThreads.Executor.new_pool(None, 1)
    with pytest.raises(GLib.Error) as caught:
        run(lambda: pool.shutdown_sync(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None), executor=pool)
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.WOULD_DEADLOCK)


# --- Limiter ----------------------------------------------------------------

def test_limiter(iterate_until):
    limiter, gate, seen = AioThreads.Limiter.new(1), Gate(), []
    first = AioThreads.Threaded.new(gate)
    # The second may not start although its executor is another one, and has nothing to do.
    second = AioThreads.Threaded.new(lambda call: seen.append(limiter.get_n_inside()) or True)
    pools = [AioThreads.Executor.new_pool(None, 1) for _ in range(2)]
    for threaded, pool in zip((first, second), pools):
        threaded.set_executor(pool)
        threaded.props.limiter = limiter
        assert threaded.get_limiter() is limiter
    answers = [call(first)]
    assert gate.running.wait(60)
    answers += [call(second) for _ in range(3)]
    assert (limiter.props.n_inside, limiter.props.n_waiting, limiter.props.capacity) == (1, 3, 1)
    assert not seen
    gate.leave.set()
    iterate_until(lambda: all(answer.n_called for answer in answers))
    assert seen == [1, 1, 1]
    second.set_limiter(None)
    assert second.props.limiter is None


def test_limiter_is_raised(iterate_until):
    limiter, gates, notified = AioThreads.Limiter(capacity=1), [Gate(), Gate()], []
    limiter.connect('notify::capacity', lambda limiter, pspec: notified.append(limiter.get_capacity()))
    answers = []
    for gate in gates:
        threaded = AioThreads.Threaded.new(gate)
        threaded.set_limiter(limiter)
        answers.append(call(threaded))
    assert gates[0].running.wait(60)
    assert limiter.get_n_waiting() == 1
    limiter.set_capacity(2)
    assert gates[1].running.wait(60)
    assert (limiter.get_n_inside(), notified) == (2, [2])
    for gate in gates:
        gate.leave.set()
    iterate_until(lambda: all(answer.n_called for answer in answers))


def test_waiting_for_a_limiter_is_cancelled(iterate_until):
    limiter, gate, ran, cancellable = AioThreads.Limiter.new(1), Gate(), [], Gio.Cancellable()
    first, second = AioThreads.Threaded.new(gate), AioThreads.Threaded.new(lambda call: ran.append(1) or True)
    first.props.limiter = second.props.limiter = limiter
    answers = [call(first)]
    assert gate.running.wait(60)
    answers.append(call(second, None, cancellable))
    cancellable.cancel()
    iterate_until(lambda: answers[1].n_called)
    assert answers[1].error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert limiter.get_n_waiting() == 0 and not answers[0].n_called
    gate.leave.set()
    iterate_until(lambda: answers[0].n_called)
    assert not ran


# --- Progress and posts -----------------------------------------------------

def test_progress(iterate_until):
    progress, seen = AioThreads.Progress.new(), []
    assert (progress.props.fraction, progress.props.text) == (0, None)

    def notified(progress, pspec):
        seen.append((pspec.name, threading.current_thread()))

    def body(call, progress):
        for step in range(1000):
            progress.report(step / 1000, f'step {step}')
        progress.report(1, 'done')
        return True

    progress.connect('notify', notified)
    answer = offload(body, progress)
    iterate_until(lambda: answer.n_called and progress.get_fraction() == 1)
    assert progress.get_text() == 'done'
    assert {thread for _, thread in seen} == {threading.main_thread()}
    # Once a frame, not once a report.
    assert len(seen) < 1000


def test_progress_is_bound(iterate_until):
    class Bar(GObject.Object):
        fraction = GObject.Property(type=float)
        text = GObject.Property(type=str)

    progress, bar = AioThreads.Progress.new(), Bar()
    for name in ('fraction', 'text'):
        progress.bind_property(name, bar, name, GObject.BindingFlags.SYNC_CREATE)
    assert bar.text is None
    progress.report(2.5, 'too far')
    iterate_until(lambda: bar.text)
    assert (bar.fraction, bar.text) == (1, 'too far')
    progress.report(-1, None)
    iterate_until(lambda: bar.text is None)
    assert bar.fraction == 0


def test_post(iterate_until):
    seen = []

    def posted(*data):
        seen.append((data, threading.current_thread()))

    def body(call):
        for number in range(10):
            call.post(posted, number, 'data')
        call.post(posted)
        return True

    def called_back(source, result):
        AioThreads.offload_finish(result)
        seen.append('called back')

    AioThreads.offload_async(None, body, (), None, called_back)
    iterate_until(lambda: 'called back' in seen)
    assert seen[:-1] == [((number, 'data'), threading.main_thread()) for number in range(10)] + [
        ((), threading.main_thread())]


def test_post_that_raises(iterate_until, capfd):
    def posted():
        raise ValueError('unexpected')

    answer = offload(lambda call: call.post(posted) or call.set_result('done') or True)
    iterate_until(lambda: answer.n_called)
    assert answer.value == 'done' and 'ValueError: unexpected' in capfd.readouterr().err


# --- Blocking and waiting for other work ------------------------------------

def test_blocking_makes_room(iterate_until):
    pool, opened = AioThreads.Executor.new_pool(None, 1), threading.Event()

    def wait(call):
        AioThreads.blocking_begin()
        try:
            return opened.wait(60)
        finally:
            AioThreads.blocking_end()

    first = offload(wait, executor=pool)
    second = offload(lambda call: opened.set() or True, executor=pool)
    iterate_until(lambda: first.n_called and second.n_called)
    assert not first.error and not second.error


def test_offload_sync(run):
    pool, seen = AioThreads.Executor.new_pool(None, 1), []

    def body(call, data):
        seen.append(threading.get_ident())
        call.set_result((data, None))
        return True

    # From the main thread, and from a worker.
    assert AioThreads.offload_sync(pool, body, 'data', None).get_result() == ('data', None)
    assert run(lambda: AioThreads.offload_sync(pool, body, 7, None).get_result()) == (7, None)
    assert len(set(seen)) == 1 and seen[0] != threading.get_ident()


def test_offload_sync_on_its_own_pool(run):
    pool = AioThreads.Executor.new_pool(None, 1)

    def nest(depth):
        def body(call, data):
            call.set_result(nest(depth - 1) + 1)
            return True

        return AioThreads.offload_sync(pool, body, None, None).get_result() if depth else 0

    assert run(nest, 5, executor=pool) == 5


def test_offload_sync_serial_by_itself(run):
    serial, threads = AioThreads.Executor.new_serial(None), []

    def inner(call, data):
        threads.append(threading.get_ident())
        return True

    def outer():
        threads.append(threading.get_ident())
        assert AioThreads.offload_sync(serial, inner, None, None).get_result() is None

    run(outer, executor=serial)
    assert len(threads) == 2 and len(set(threads)) == 1


def test_offload_sync_errors(run, capfd):
    def fails(call, data):
        raise GLib.Error.new_literal(Gio.io_error_quark(), 'no such thing', Gio.IOErrorEnum.NOT_FOUND)

    def breaks(call, data):
        raise ValueError('unexpected')

    cancelled, ran = Gio.Cancellable(), []
    cancelled.cancel()
    for function, cancellable, domain, code in [
            (fails, None, Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND),
            (breaks, None, AioThreads.error_quark(), AioThreads.Error.FAILED),
            (lambda call, data: ran.append(1) or True, cancelled, Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)]:
        for somewhere in (run, lambda function: function()):
            with pytest.raises(GLib.Error) as caught:
                somewhere(lambda f=function, c=cancellable: AioThreads.offload_sync(None, f, None, c))
            assert caught.value.matches(domain, code)
    assert not ran
    assert 'ValueError: unexpected' in capfd.readouterr().err


# --- Asking the main loop ---------------------------------------------------

def query(path, attributes='standard::size', then=None):
    """A start function: what Gio does asynchronously, whose result becomes that of the task."""

    def start(task, data):
        assert threading.current_thread() is threading.main_thread()

        def queried(file, result):
            try:
                task.return_value(file.query_info_finish(result))
            except GLib.Error as error:
                task.return_error(error)

        Gio.File.new_for_path(path).query_info_async(
            attributes, Gio.FileQueryInfoFlags.NONE, GLib.PRIORITY_DEFAULT, task.get_cancellable(), queried)
        return True

    return start


def ask(start, data=None, timeout_ms=AioThreads.TIMEOUT_NONE, cancellable=None):
    return AioThreads.sync_await_task(start, data, timeout_ms, cancellable).get_result()


def test_sync_await(run, tmp_path):
    path = tmp_path / 'file'
    path.write_text('12345')
    assert run(lambda: ask(query(str(path))).get_size()) == 5


def test_sync_await_chain(run, tmp_path):
    """Open, read and close, each asynchronous, in one start function."""
    path = tmp_path / 'file'
    path.write_bytes(b'some text')

    def start(task, data):
        def guarded(function):
            def callback(source, result, *rest):
                try:
                    function(source, result, *rest)
                except GLib.Error as error:
                    task.return_error(error)
            return callback

        @guarded
        def opened(file, result):
            file.read_finish(result).read_bytes_async(100, GLib.PRIORITY_DEFAULT, task.get_cancellable(), read)

        @guarded
        def read(stream, result):
            contents = stream.read_bytes_finish(result).get_data()
            stream.close_async(GLib.PRIORITY_DEFAULT, task.get_cancellable(), closed, contents)

        @guarded
        def closed(stream, result, contents):
            stream.close_finish(result)
            task.return_value(contents)

        Gio.File.new_for_path(data).read_async(GLib.PRIORITY_DEFAULT, task.get_cancellable(), opened)
        return True

    assert run(ask, start, str(path)) == b'some text'
    with pytest.raises(GLib.Error) as caught:
        run(ask, start, str(tmp_path / 'none'))
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)


@pytest.mark.parametrize('value', [None, 0, 42, False, True, 0.5, '', 'text', ['list'], {'a': 1}, (None, 2 ** 100)], ids=repr)
def test_sync_await_values(run, value):
    result = run(ask, lambda task, value: task.return_value(value) or True, value)
    assert result == value and type(result) is type(value)


def test_sync_await_later(run):
    def start(task, data):
        def later():
            task.return_value(data)
            return GLib.SOURCE_REMOVE

        GLib.idle_add(later, priority=GLib.PRIORITY_LOW)
        return True

    thing = object()
    assert run(ask, start, thing) is thing


def test_sync_await_error(run):
    def start(task, data):
        task.return_error(GLib.Error.new_literal(Gio.io_error_quark(), 'no such thing', Gio.IOErrorEnum.NOT_FOUND))
        return True

    with pytest.raises(GLib.Error) as caught:
        run(ask, start)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)
    assert caught.value.message == 'no such thing'
    with pytest.raises(GLib.Error) as caught:
        run(ask, query('/nowhere/at/all'))
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)


def test_sync_await_start_raises(run):
    def start(task, data):
        raise GLib.Error.new_literal(Gio.io_error_quark(), 'no such thing', Gio.IOErrorEnum.NOT_FOUND)

    with pytest.raises(GLib.Error) as caught:
        run(ask, start)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)
    assert caught.value.message == 'no such thing'


def test_sync_await_start_raises_something_else(run, capfd):
    kept = []

    def start(task, data):
        # The traceback, which the interpreter keeps, would keep it as well.
        kept.append(task)
        raise ValueError('unexpected')

    with pytest.raises(GLib.Error) as caught:
        run(ask, start)
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.FAILED)
    assert 'ValueError: unexpected' in capfd.readouterr().err
    assert kept.pop().get_cancellable().is_cancelled()


def test_sync_await_completed_in_spite_of_an_exception(run, drain):
    def start(task, data):
        task.return_value('too late')
        raise GLib.Error.new_literal(Gio.io_error_quark(), 'no such thing', Gio.IOErrorEnum.NOT_FOUND)

    with pytest.raises(GLib.Error) as caught:
        run(ask, start)
    assert caught.value.message == 'no such thing'
    drain()


def test_sync_await_task_is_dropped(run):
    with pytest.raises(GLib.Error) as caught:
        run(ask, lambda task, data: True)
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.FAILED)


def test_sync_await_times_out(run, iterate_until):
    tasks, cancelled = [], []

    def start(task, data):
        task.get_cancellable().connect(lambda *_: cancelled.append(threading.current_thread()))
        tasks.append(task)
        return True

    with pytest.raises(GLib.Error) as caught:
        run(ask, start, None, 1)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)
    # Somebody who starts a millisecond late has no reason to start at all.
    if tasks:
        iterate_until(lambda: cancelled)
        assert cancelled == [threading.main_thread()]
        tasks.pop().return_value('too late')


@pytest.mark.parametrize('whose', ['own', 'of the call'])
def test_sync_await_is_cancelled(iterate_until, whose):
    cancellable, started, caught, cancelled = Gio.Cancellable(), [], [], []

    def start(task, data):
        task.get_cancellable().connect(lambda *_: cancelled.append(threading.current_thread()))
        started.append(task)
        return True

    def body(call):
        try:
            ask(start, cancellable=cancellable if whose == 'own' else None)
        except GLib.Error as error:
            caught.append(error)
        return True

    answer = offload(body, cancellable=cancellable if whose != 'own' else None)
    iterate_until(lambda: started)
    cancellable.cancel()
    iterate_until(lambda: answer.n_called and cancelled)
    assert caught[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert cancelled == [threading.main_thread()]
    # Without what the traceback holds, the task is dropped here, and nobody waits for it.
    started.clear()


def test_sync_await_cancelled_before_never_starts(run):
    started, cancelled = [], Gio.Cancellable()
    cancelled.cancel()
    with pytest.raises(GLib.Error) as caught:
        run(ask, lambda task, data: started.append(1) or True, None, AioThreads.TIMEOUT_NONE, cancelled)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert not started


def test_sync_await_would_deadlock(iterate_until):
    started = []

    def start(task, data):
        started.append(1)
        return True

    def check():
        for main_context in (None, GLib.MainContext.default()):
            with pytest.raises(GLib.Error) as caught:
                AioThreads.sync_await_task_in(main_context, start, None, AioThreads.TIMEOUT_NONE, None)
            assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.WOULD_DEADLOCK)

    check()
    # In a callback as well.
    checked = []
    AioThreads.offload_async(None, lambda call: True, (), None, lambda *_: check() or checked.append(1))
    iterate_until(lambda: checked)
    assert not started


def test_sync_await_in_from_any_thread(iterate_until):
    caught, values = [], []

    def thread():
        try:
            ask(lambda task, data: True)
        except GLib.Error as error:
            caught.append(error)
        values.append(AioThreads.sync_await_task_in(
            GLib.MainContext.default(), lambda task, data: task.return_value((threading.get_ident(), data)) or True,
            'data', AioThreads.TIMEOUT_NONE, None).get_result())
        GLib.MainContext.default().wakeup()

    asking = threading.Thread(target=thread)
    asking.start()
    iterate_until(lambda: values)
    asking.join()
    assert caught[0].matches(AioThreads.error_quark(), AioThreads.Error.NO_ORIGIN)
    assert values == [(threading.get_ident(), 'data')]


def test_sync_await_context_gone():
    """The thread of a main context abandons it while a worker waits for it."""
    caught, kept, called_back, left = [], [], [], threading.Event()

    def body(call):
        try:
            ask(lambda task, data: kept.append(task) or True)
        except GLib.Error as error:
            caught.append(error)
        left.set()
        return True

    def thread():
        own = GLib.MainContext.new()
        own.push_thread_default()
        AioThreads.offload_async(None, body, (), None, lambda *_: called_back.append(1))
        while not kept:
            own.iteration(True)
        AioThreads.main_context_abandon(own)
        own.pop_thread_default()

    abandoning = threading.Thread(target=thread)
    abandoning.start()
    abandoning.join(60)
    assert left.wait(60)
    assert caught[0].matches(AioThreads.error_quark(), AioThreads.Error.CONTEXT_GONE)
    assert not called_back


def test_sync_await_nested(run):
    """A worker asks the main loop, which starts work, which asks the main loop."""
    pool = AioThreads.Executor.new_pool(None, 1)

    def ask_nested(depth):
        def start(task, data):
            assert threading.current_thread() is threading.main_thread()
            if depth == 0:
                task.return_value('bottom')
                return True

            def finished(source, result):
                try:
                    task.return_value(AioThreads.offload_finish(result) + ' up')
                except GLib.Error as error:
                    task.return_error(error)

            AioThreads.offload_async(pool, lambda call: call.set_result(ask_nested(depth - 1)) or True, (), None, finished)
            return True

        return ask(start)

    assert run(ask_nested, 3, executor=pool) == 'bottom up up up'


def test_sync_await_within_offload_sync(run):
    serial = AioThreads.Executor.new_serial(None)

    def body(call, data):
        call.set_result(ask(lambda task, data: task.return_value((threading.get_ident(),)) or True))
        return True

    assert run(lambda: AioThreads.offload_sync(serial, body, None, None).get_result()) == (threading.get_ident(),)


def test_origin_context(run):
    assert AioThreads.ref_origin_context() is None
    assert run(lambda: AioThreads.ref_origin_context() == GLib.MainContext.default())


def test_start_functions_are_released(run, collect):
    class Start:
        def __init__(self, how):
            self.how = how

        def __call__(self, task, data):
            if self.how == 'raises':
                raise GLib.Error.new_literal(Gio.io_error_quark(), 'no such thing', Gio.IOErrorEnum.NOT_FOUND)
            if self.how == 'value':
                task.return_value(data)
            return True

    class Data:
        pass

    def ask_or_fail(how):
        start, data = Start(how), Data()
        starts.add(start)
        datas.add(data)
        try:
            assert ask(start, data) is data
        except GLib.Error as error:
            return error.domain
        return None

    starts, datas = weakref.WeakSet(), weakref.WeakSet()
    for _ in range(100):
        assert run(ask_or_fail, 'value') is None
        assert run(ask_or_fail, 'raises') == 'g-io-error-quark'
        assert run(ask_or_fail, 'dropped') == 'aiot-error-quark'
    # The interpreter keeps the last exception.
    sys.last_type = sys.last_value = sys.last_traceback = None
    collect(lambda: not starts and not datas)
    assert (len(starts), len(datas)) == (0, 0)


# --- Nothing leaks ----------------------------------------------------------

def test_memory_is_steady(steady, drain):
    """Ten thousand calls of each kind take no memory."""
    pool = AioThreads.Executor.new_pool(None, 1)
    progress = AioThreads.Progress.new()
    threaded = AioThreads.Threaded.new(lambda call: call.post(nothing) or True)
    threaded.set_limiter(AioThreads.Limiter.new(1))

    def nothing():
        pass

    def posted_and_limited():
        answer = call(threaded)
        return lambda: answer.n_called

    def hooked():
        AioThreads.Executor.new_serial('made').set_thread_hook(lambda phase: None)
        drain()

    def offloaded():
        assert AioThreads.offload_sync(pool, lambda call, data: call.set_result(data) or True, 'data', None).get_result() == 'data'

    def reported():
        progress.report(0.5, 'text')

    for function in (pool.list_running, pool.get_name, AioThreads.Executor.dup_default, AioThreads.get_thread_limit,
                     AioThreads.ref_origin_context, reported, lambda: AioThreads.Limiter.new(2)):
        steady(function)
    steady(hooked, 1)
    steady(offloaded, 1)
    steady(posted_and_limited, 2)


def test_memory_is_steady_after_shutdown(steady):
    def shut_down():
        serial = AioThreads.Executor.new_serial(None)
        assert serial.shutdown_sync(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None)
        ended = shutdown(serial)
        return lambda: ended.n_called

    steady(shut_down, 1)


@pytest.mark.parametrize('how', ['value', 'error', 'raises', 'dropped'])
def test_memory_is_steady_in_sync_await(steady, how):
    def start(task, data):
        error = GLib.Error.new_literal(Gio.io_error_quark(), 'no such thing', Gio.IOErrorEnum.NOT_FOUND)
        if how == 'value':
            task.return_value('text')
        elif how == 'error':
            task.return_error(error)
        elif how == 'raises':
            raise error
        return True

    def body(call):
        try:
            assert ask(start) == 'text'
        except GLib.Error:
            assert how != 'value'
        return True

    def asked():
        answer = offload(body)
        return lambda: answer.n_called

    steady(asked, 3)


def test_references(iterate_until, collect):
    def start(task, data):
        task.return_value(data)
        return True

    def count():
        return [sys.getrefcount(thing) for thing in (start, data)] + [cancellable.__grefcount__]

    data, cancellable = object(), Gio.Cancellable()
    before = count()
    for _ in range(100):
        answer = offload(lambda call: ask(start, data, AioThreads.TIMEOUT_NONE, cancellable) is data)
        iterate_until(lambda a=answer: a.n_called)
        assert not answer.error
        del answer
    collect(lambda: count() == before)
    assert count() == before
