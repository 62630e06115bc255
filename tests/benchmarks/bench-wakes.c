/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"

#include <aiothreads-glib/aiothreads-glib.h>

#include <glib/gstdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * How often threads and main loops wake each other. The program runs a part of itself under strace, which counts the calls of
 * futex () and, as main loops are woken by eventfds and nothing else is written, those of write ().
 */

#define N_ROUNDS 3

typedef struct
{
  const char *part;       /* does only this, in so many operations */
  guint n_operations;
  gboolean quick;

  /* One for each round */
  double n_futexes[N_ROUNDS];
  guint n_counted;
  guint n_read;
} Traced;

/* The fourth word of a line is how often, the last one what. */
static double
find_calls (const char *summary,
            const char *name)
{
  g_auto (GStrv) lines = g_strsplit (summary, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) words = g_strsplit_set (*line, " ", -1);
      guint n = 0;

      if (!g_str_has_suffix (*line, name))
        continue;
      for (char **word = words; *word != NULL; word++)
        if (**word != '\0' && ++n == 4)
          return g_ascii_strtod (*word, NULL);
    }
  return 0;
}

static char *
trace (const char  *part,
       gboolean     quick,
       GError     **error)
{
  g_autofree char *path = NULL;
  g_autofree char *summary = NULL;
  const char *arguments[] = {
    "strace", "-f", "-c", "-e", "trace=futex,write", "-o", NULL,
    "/proc/self/exe", "--part", part, "--part-json", "/dev/null", quick ? "--quick" : NULL, NULL
  };
  g_autofree char *program = g_file_read_link ("/proc/self/exe", error);
  int fd = program != NULL ? g_file_open_tmp ("aiot-bench-XXXXXX", &path, error) : -1;
  int status;

  if (fd == -1)
    return NULL;
  g_close (fd, NULL);
  arguments[6] = path;
  arguments[7] = program;
  if (g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                    &status, error) &&
      g_spawn_check_wait_status (status, error))
    g_file_get_contents (path, &summary, NULL, error);
  g_remove (path);
  return g_steal_pointer (&summary);
}

/* The calls of write (); those of futex () are kept for the next group. */
static double
run_traced (gpointer data)
{
  Traced *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *summary = trace (self->part, self->quick, &error);

  if (summary == NULL)
    g_error ("%s: %s", self->part, error->message);
  self->n_futexes[self->n_counted++] = find_calls (summary, " futex") / self->n_operations;
  return find_calls (summary, " write") / self->n_operations;
}

static double
read_futexes (gpointer data)
{
  Traced *self = data;

  return self->n_futexes[self->n_read++];
}

static const char *
find_what_is_missing (void)
{
  g_autofree char *strace = g_find_program_in_path ("strace");
  g_autofree char *summary = NULL;

  if (strace == NULL)
    return "strace is not installed";
  summary = trace ("only-nothing", TRUE, NULL);
  return summary == NULL ? "strace may not look here" : NULL;
}

static void
measure_wakes (const BenchRun *run)
{
  const char *missing = find_what_is_missing ();
  const guint n = bench_scaled (run, BENCH_N_ALONE);
  Traced invoke = { "only-invocations", n, run->quick }, stream = { "only-stream", n, run->quick };
  Traced channel = { "only-channel", n, run->quick }, calls = { "only-calls", n, run->quick };
  Traced tasks = { "only-tasks", n, run->quick };
  const BenchWay writes[] = {
    { "g_main_context_invoke, an item", run_traced, &invoke, { NULL }, missing },
    { "generator, foreach_async, an item", run_traced, &stream, { NULL }, missing },
    { "channel, foreach_async, an item", run_traced, &channel, { NULL }, missing },
    { "g_task_run_in_thread, of 64 in flight", run_traced, &tasks, { NULL }, missing },
    { "aiot_offload_async, of 64 in flight", run_traced, &calls, { NULL }, missing },
  };
  const BenchWay futexes[] = {
    { "g_main_context_invoke, an item", read_futexes, &invoke, { NULL }, missing },
    { "generator, foreach_async, an item", read_futexes, &stream, { NULL }, missing },
    { "channel, foreach_async, an item", read_futexes, &channel, { NULL }, missing },
    { "g_task_run_in_thread, of 64 in flight", read_futexes, &tasks, { NULL }, missing },
    { "aiot_offload_async, of 64 in flight", read_futexes, &calls, { NULL }, missing },
  };
  const BenchGroup group = {
    "wakes-eventfd", "Wake-ups of the main loop, by eventfd", writes, G_N_ELEMENTS (writes), bench_n_rounds (run, N_ROUNDS),
    "calls"
  };
  const BenchGroup futex_group = {
    "wakes-futex", "Wake-ups and waits of threads, by futex", futexes, G_N_ELEMENTS (futexes), group.n_rounds, "calls"
  };

  bench_run_group (run, &group);
  bench_run_group (run, &futex_group);
}

/* --- a program that has nothing to do --- */

#define N_IDLE 1000

typedef struct
{
  gint64 duration;
  GMainLoop *loop;
  GPtrArray *objects;
  long n_wakes;
} Idle;

/* How often a thread has gone to sleep, so woken up before. */
static long
count_sleeps (const char *thread)
{
  g_autofree char *path = g_strconcat ("/proc/self/task/", thread, "/status", NULL);
  g_autofree char *status = NULL;
  const char *line;

  /* It may have ended. */
  if (!g_file_get_contents (path, &status, NULL, NULL))
    return 0;
  line = strstr (status, "\nvoluntary_ctxt_switches:");
  return line != NULL ? strtol (strchr (line, ':') + 1, NULL, 10) : 0;
}

static long
count_all_sleeps (long but_of)
{
  g_autofree char *own = g_strdup_printf ("%ld", but_of);
  g_autoptr (GDir) threads = g_dir_open ("/proc/self/task", 0, NULL);
  const char *thread;
  long n = 0;

  while ((thread = g_dir_read_name (threads)) != NULL)
    if (!g_str_equal (thread, own))
      n += count_sleeps (thread);
  return n;
}

static gpointer
observe (gpointer data)
{
  Idle *self = data;
  long own = syscall (SYS_gettid);
  long n_before;

  /* What was begun is over by then. */
  g_usleep (self->duration / 4);
  n_before = count_all_sleeps (own);
  g_usleep (self->duration);
  self->n_wakes = count_all_sleeps (own) - n_before;
  g_main_loop_quit (self->loop);
  return NULL;
}

static gboolean
emit_for_ever (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  while (aiot_generator_emit_int64 (generator, 0, error))
    ;
  return FALSE;
}

static gboolean
ignore_item (const GValue *item,
             gpointer      user_data)
{
  return TRUE;
}

static gboolean
do_nothing (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  return TRUE;
}

/* Channels that somebody waits for, functions that wait for room, and threads that have worked. */
static void
fill (Idle *self)
{
  for (guint i = 0; i < N_IDLE; i++)
    {
      AiotChannel *channel = aiot_channel_new (AIOT_CAPACITY_DEFAULT);
      AiotIterator *reader = aiot_channel_iterate (channel);

      aiot_iterator_foreach_async (reader, ignore_item, NULL, NULL, NULL, NULL, NULL);
      aiot_offload_async (NULL, do_nothing, NULL, NULL, NULL, NULL, NULL);
      g_ptr_array_add (self->objects, channel);
      g_ptr_array_add (self->objects, reader);
    }
  for (guint i = 0; i < 8; i++)
    {
      AiotThreadedIterator *iterator = aiot_threaded_iterator_new (emit_for_ever, NULL, NULL, NULL, 4, NULL);
      g_auto (GValue) value = G_VALUE_INIT;

      aiot_iterator_try_next (AIOT_ITERATOR (iterator), &value, NULL);
      g_ptr_array_add (self->objects, iterator);
    }
}

static double
run_idle (gpointer data)
{
  Idle self = *(Idle *) data;
  GThread *observer;

  self.loop = g_main_loop_new (NULL, FALSE);
  self.objects = g_ptr_array_new_with_free_func (g_object_unref);
  fill (&self);
  observer = g_thread_new ("observer", observe, &self);
  g_main_loop_run (self.loop);
  g_thread_join (observer);
  g_ptr_array_unref (self.objects);
  g_main_loop_unref (self.loop);
  return self.n_wakes;
}

static void
measure_idle (const BenchRun *run)
{
  Idle idle = { run->quick ? 200 * G_TIME_SPAN_MILLISECOND : G_TIME_SPAN_SECOND };
  const BenchWay ways[] = {
    { "1000 channels, their readers, 8 iterators", run_idle, &idle, { .at_most = 0.5 } },
  };
  const BenchGroup group = {
    "wakes-idle", "Wake-ups of all threads in a second in which nothing happens", ways, G_N_ELEMENTS (ways),
    bench_n_rounds (run, N_ROUNDS), "wakes"
  };

  bench_run_group (run, &group);
}

void
bench_wakes (const BenchRun *run)
{
  measure_wakes (run);
  measure_idle (run);
}

void
bench_only_nothing (const BenchRun *run)
{
}
