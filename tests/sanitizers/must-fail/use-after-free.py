# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads memory after freeing it, which only the detector's own allocator shows."""

import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

memory = libc.malloc(64)
libc.free(memory)
ctypes.string_at(memory, 64)
