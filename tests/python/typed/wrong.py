# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a type checker has to refuse, and nothing else. It is never run.

Behind each fault stands what it is, and a piece of what the checker says.
"""

from collections.abc import Iterator

from gi.repository import AioThreads
from gi.repository.AioThreads import FromThreadChannel, IteratorWrapper, sync_await, threaded, threaded_iterable


@threaded
def square(number: int) -> int:
    return number * number


@threaded
def now() -> float:
    return 0.0


@threaded
async def coroutine_function(number: int) -> int:
    return number


@threaded_iterable(max_size=4)
def count(stop: int) -> Iterator[int]:
    yield from range(stop)


class Store:
    @threaded
    def read(self, length: int) -> bytes:
        return b''

    @threaded
    @classmethod
    def open(cls, path: str) -> 'Store':
        return cls()

    @threaded
    @staticmethod
    def compress(data: bytes) -> bytes:
        return data


async def get_text(host: str) -> str:
    return host


async def main() -> None:
    store = Store()

    square('2')                             # wrong argument: No overload variant of "__call__"
    square(1, 2)                            # too many arguments: No overload variant of "__call__"
    square.sync_call('2')                   # wrong argument of sync_call: No overload variant of "sync_call"
    now(1)                                  # argument of a function that takes none: Too many arguments
    text: str = await square(2)             # wrong result: expression has type "int", variable has type "str"
    text = square.sync_call(2)              # wrong result of sync_call: expression has type "int", variable has type "str"
    square(2) + 1                           # result that was not awaited: Unsupported operand types for +
    await coroutine_function(1)             # coroutine function: "_CoroutineFunctionIsRefused" not callable

    store.read('1')                         # wrong argument of a method: incompatible type "str"; expected "int"
    store.read()                            # missing argument of a method: Missing positional argument "length"
    store.read(1, size=2)                   # unknown argument of a method: Unexpected keyword argument "size"
    Store.read(1)                           # method without its instance: No overload variant of "__call__"
    Store.open(1)                           # wrong argument of a class method: incompatible type "int"; expected "str"
    store.compress('text')                  # wrong argument of a static method: No overload variant of "__call__"

    count('3')                              # wrong argument of an iterable: No overload variant of "__call__"
    await count(3)                          # iterable that is awaited: Incompatible types in "await"
    for number in count(3):                 # iterable without async: has no attribute "__iter__"
        print(number)
    async for letter in count(3):
        letter.upper()                      # wrong item: "int" has no attribute "upper"
    threaded_iterable(max_size='4')         # wrong size: No overload variant of "__call__"
    threaded_iterable(now.sync_call)        # iterable that gives no items: incompatible type
    IteratorWrapper(3)                      # wrapper of a number: incompatible type "int"

    channel: FromThreadChannel[int] = FromThreadChannel(maxsize=2)
    channel.put('1')                        # wrong item of a channel: incompatible type "str"; expected "int"
    text = await channel.get()              # wrong type of what is received: expression has type "int", variable has type "str"
    channel.is_closed()                     # property that is called: "bool" not callable

    sync_await(get_text, 1)                 # wrong argument of sync_await: incompatible type "int"; expected "str"
    sync_await(len, 'text')                 # sync_await of what is not awaitable: expected "Callable[[Sized], Awaitable
    AioThreads.run(get_text)                # coroutine function in place of a coroutine: incompatible type
    AioThreads.ThreadPoolExecutor('4')      # wrong number of threads: incompatible type "str"
