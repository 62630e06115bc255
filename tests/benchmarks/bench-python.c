/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"

#include <gio/gio.h>

/*
 * What calls and items cost in Python, against what asyncio itself has for them. A program in Python does all the work of all
 * rounds of a part in one process, and times it; it is told by lines what to do next, so that its rounds alternate as all
 * others do.
 */

typedef struct
{
  GSubprocess *process;     /* NULL: it could not be started */
  GDataInputStream *output;
  char *missing;            /* why it can't work; NULL if it can */
} Interpreter;

typedef struct
{
  Interpreter *interpreter;
  const char *name;
  guint n_operations;
} Work;

/* --- the program in Python --- */

static char *
read_line (Interpreter *self)
{
  g_autoptr (GError) error = NULL;
  char *line = g_data_input_stream_read_line_utf8 (self->output, NULL, NULL, &error);

  if (error != NULL)
    g_error ("python: %s", error->message);
  return line;
}

/* Its first line is empty, or says what it misses. */
static void
start (Interpreter *self,
       const char  *script)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  if (script == NULL)
    {
      self->missing = g_strdup ("not built");
      return;
    }

  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, script, NULL);
  if (self->process == NULL)
    {
      self->missing = g_strdup ("python3 is not installed");
      return;
    }

  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  line = read_line (self);
  if (line == NULL)
    g_error ("%s: ended at once", script);
  if (line[0] != '\0')
    self->missing = g_steal_pointer (&line);
}

/* Ends with its input. */
static void
stop (Interpreter *self)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->missing, g_free);
  if (self->process == NULL)
    return;
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
  if (!g_subprocess_wait_check (self->process, NULL, &error))
    g_error ("python: %s", error->message);
  g_clear_object (&self->output);
  g_clear_object (&self->process);
}

static double
run_work (gpointer data)
{
  const Work *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *order = g_strdup_printf ("%s %u\n", self->name, self->n_operations);
  g_autofree char *answer = NULL;

  if (!g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->interpreter->process), order, strlen (order), NULL,
                                  NULL, &error))
    g_error ("python: %s", error->message);
  answer = read_line (self->interpreter);
  if (answer == NULL)
    g_error ("python: ended in %s", self->name);
  return g_ascii_strtod (answer, NULL);
}

/* --- the parts of the program --- */

#define WAY(title, work, ...) { title, run_work, work, { __VA_ARGS__ }, python->missing }

static void
measure_one_at_a_time (const BenchRun *run,
                       Interpreter    *python)
{
  const char *peer = "asyncio.to_thread";
  const guint n = bench_scaled (run, 2000);
  Work to_thread = { python, "one-to-thread", n }, threaded = { python, "one-threaded", n };
  const BenchWay ways[] = {
    WAY (peer, &to_thread),
    WAY ("threaded", &threaded, .against = peer, .at_most = 0.67),
  };
  const BenchGroup group = {
    "python-one-at-a-time", "Python: one awaited call at a time, on one processor", ways, G_N_ELEMENTS (ways), 9
  };

  bench_run_group (run, &group);
}

static void
measure_in_flight (const BenchRun *run,
                   Interpreter    *python)
{
  const char *peer = "asyncio.to_thread";
  const guint n = bench_scaled (run, 6400);
  Work to_thread = { python, "many-to-thread", n }, threaded = { python, "many-threaded", n };
  const BenchWay ways[] = {
    WAY (peer, &to_thread),
    WAY ("threaded", &threaded, .against = peer, .at_most = 0.67, .itself_at_most = 20),
  };
  const BenchGroup group = {
    "python-in-flight-64", "Python: 64 awaited calls in flight", ways, G_N_ELEMENTS (ways), 7
  };

  bench_run_group (run, &group);
}

static void
measure_items (const BenchRun *run,
               Interpreter    *python)
{
  const char *peer = "run_in_executor, unbounded Queue";
  const guint n = bench_scaled (run, 20000);
  Work unbounded = { python, "items-unbounded", n }, bounded = { python, "items-bounded", n / 10 };
  Work items = { python, "items-iterable", 5 * n }, batches = { python, "items-next-many", 5 * n };
  Work channel = { python, "items-channel", 5 * n };
  const BenchWay ways[] = {
    WAY (peer, &unbounded),
    WAY ("run_in_executor, bounded Queue", &bounded),
    WAY ("threaded_iterable, async for", &items, .against = peer, .at_most = 0.3, .itself_at_most = 3),
    WAY ("threaded_iterable, next_many", &batches),
    WAY ("FromThreadChannel, async for", &channel),
  };
  const BenchGroup group = {
    "python-items", "Python: an item from a worker to a loop", ways, G_N_ELEMENTS (ways), 7
  };

  bench_run_group (run, &group);
}

static void
measure_sync_await (const BenchRun *run,
                    Interpreter    *python)
{
  const guint n = bench_scaled (run, 2000);
  Work peer = { python, "await-threadsafe", n }, own = { python, "await-sync-await", n };
  const BenchWay ways[] = {
    WAY ("run_coroutine_threadsafe", &peer),
    WAY ("sync_await", &own),
  };
  const BenchGroup group = {
    "python-sync-await", "Python: from a worker into the loop and back, on one processor", ways, G_N_ELEMENTS (ways), 9
  };

  bench_run_group (run, &group);
}

void
bench_python (const BenchRun *run)
{
  Interpreter python = { 0 };

  start (&python, run->python_script);
  measure_in_flight (run, &python);
  measure_items (run, &python);
  stop (&python);
}

/* What has one side wait for the other at each step. */
void
bench_python_one_processor (const BenchRun *run)
{
  Interpreter python = { 0 };

  start (&python, run->python_script);
  measure_one_at_a_time (run, &python);
  measure_sync_await (run, &python);
  stop (&python);
}
