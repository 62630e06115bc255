# SPDX-License-Identifier: LGPL-2.1-or-later
#
# As little of PyGObject as a program needs that has no PyGObject-stubs. Where those are installed too, it does not matter which
# of the two files of this name is found.

from typing import Any

def require_version(namespace: str, version: str) -> None: ...
def __getattr__(name: str) -> Any: ...
