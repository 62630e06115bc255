# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A namespace that has no stubs of its own may be anything.

from typing import Any

def __getattr__(name: str) -> Any: ...
