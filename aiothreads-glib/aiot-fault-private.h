/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/*
 * Faults that are built in for tests that must find them, by compiling a file once more. The library has none of them.
 */

#ifdef AIOT_FAULT_LOST_RESERVATION
# define AIOT_LOSES_RESERVATIONS TRUE
#else
# define AIOT_LOSES_RESERVATIONS FALSE
#endif

#ifdef AIOT_FAULT_CLOSE_WAKES_ONE
# define AIOT_CLOSE_WAKES_ONE TRUE
#else
# define AIOT_CLOSE_WAKES_ONE FALSE
#endif
