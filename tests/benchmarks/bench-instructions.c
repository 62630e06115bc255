/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <aiothreads-glib/aiothreads-glib.h>

#include "aiot-clock-private.h"

#include <gnu/libc-version.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <valgrind/callgrind.h>

/*
 * For callgrind, which counts the instructions of one thread between two marks; the same program gives the same counts on any
 * machine, however busy. Each path is gone by one thread, while all others wait for it, and with a clock that stands still. It is
 * gone twice, and only the second time is counted: the first one registers types and starts threads.
 *
 * Each count is dumped under the name of its path and how often it was gone. "check-instructions" runs this and reads them.
 */

#define N        2000
#define CAPACITY 1024

static int waste = 0;

/* What a careless change would add to a path, to see that it is found. */
static void
pay (void)
{
  for (volatile int i = 0; i < waste; i++)
    ;
}

/* The string is one literal: valgrind reads it when it names the dump. */
#define DUMP(name, n) CALLGRIND_DUMP_STATS_AT (name " " G_STRINGIFY (n))

static void
stop_on_error (GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

/* --- a gate that a thread opens for another --- */

typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean is_open;
} Gate;

static void
open_gate (Gate *self)
{
  g_mutex_lock (&self->mutex);
  self->is_open = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* Closes it behind itself. */
static void
pass_gate (Gate *self)
{
  g_mutex_lock (&self->mutex);
  while (!self->is_open)
    g_cond_wait (&self->cond, &self->mutex);
  self->is_open = FALSE;
  g_mutex_unlock (&self->mutex);
}

/* --- an item through a channel, in one thread --- */

static void
send_and_receive (void)
{
  g_autoptr (AiotChannel) channel = aiot_channel_new (CAPACITY);
  g_autoptr (GError) error = NULL;
  g_auto (GValue) item = G_VALUE_INIT;

  g_value_init (&item, G_TYPE_INT64);
  CALLGRIND_TOGGLE_COLLECT;
  for (guint i = 0; i < N; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_value_set_int64 (&item, i);
      aiot_channel_try_send (channel, &item, &error);
      if (!aiot_channel_try_receive (channel, &value, &error) || g_value_get_int64 (&value) != i)
        g_error ("An item is lost");
      pay ();
    }
  CALLGRIND_TOGGLE_COLLECT;
  stop_on_error (error);
}

/* --- an item of a generator: what the worker does, and then what home does --- */

typedef struct
{
  gboolean (*emit) (AiotGenerator *generator,
                    gint64         number);
  Gate emitted;
  GMainLoop *loop;
  guint n_received;
} Stream;

static gboolean
emit_waiting (AiotGenerator *generator,
              gint64         number)
{
  return aiot_generator_emit_int64 (generator, number, NULL);
}

static gboolean
emit_trying (AiotGenerator *generator,
             gint64         number)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_value_init (&item, G_TYPE_INT64);
  g_value_set_int64 (&item, number);
  return aiot_generator_try_emit (generator, &item, NULL);
}

/* The first item starts it and is taken at once, so it is not counted. */
static gboolean
emit_all (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  Stream *self = user_data;
  gboolean succeeded = TRUE;

  CALLGRIND_TOGGLE_COLLECT;
  for (guint i = 0; i < N && succeeded; i++)
    {
      succeeded = self->emit (generator, i);
      pay ();
    }
  CALLGRIND_TOGGLE_COLLECT;
  open_gate (&self->emitted);
  return succeeded;
}

static void
receive_item (Stream       *self,
              const GValue *item)
{
  if (g_value_get_int64 (item) != self->n_received)
    g_error ("An item came out of its turn");
  self->n_received++;
  pay ();
}

static void
batch_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Stream *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AiotBatch) batch = aiot_iterator_next_many_finish (AIOT_ITERATOR (source_object), result, &error);
  guint length = batch != NULL ? aiot_batch_get_length (batch) : 0;

  stop_on_error (error);
  for (guint i = 0; i < length; i++)
    receive_item (self, aiot_batch_get_item (batch, i));
  if (batch != NULL)
    aiot_iterator_next_many_async (AIOT_ITERATOR (source_object), 1, 256, NULL, batch_cb, self);
  else
    g_main_loop_quit (self->loop);
}

static void
take_many (AiotIterator *iterator,
           Stream       *self)
{
  aiot_iterator_next_many_async (iterator, 1, 256, NULL, batch_cb, self);
}

static gboolean
item_func (const GValue *item,
           gpointer      user_data)
{
  receive_item (user_data, item);
  return TRUE;
}

static void
foreach_done_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  aiot_iterator_foreach_finish (AIOT_ITERATOR (source_object), result, &error);
  stop_on_error (error);
  g_main_loop_quit (((Stream *) user_data)->loop);
}

static void
take_each (AiotIterator *iterator,
           Stream       *self)
{
  aiot_iterator_foreach_async (iterator, item_func, self, NULL, NULL, foreach_done_cb, self);
}

/* Items are taken when the function has ended. The executor has one thread: when the next function runs, that is over. */
static AiotIterator *
start_stream (Stream       *self,
              AiotExecutor *executor)
{
  AiotIterator *iterator = AIOT_ITERATOR (
    aiot_threaded_iterator_new (emit_all, self, NULL, executor, AIOT_CAPACITY_UNBOUNDED, NULL));
  g_auto (GValue) value = G_VALUE_INIT;

  if (aiot_iterator_try_next (iterator, &value, NULL))
    receive_item (self, &value);
  pass_gate (&self->emitted);
  return iterator;
}

static gboolean
do_nothing (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  return TRUE;
}

static void
await_idle (AiotExecutor *executor)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AiotCall) call = aiot_offload_sync (executor, do_nothing, NULL, NULL, &error);

  if (call == NULL)
    g_error ("%s", error->message);
}

static void
emit_items (AiotExecutor *executor,
            gboolean    (*emit) (AiotGenerator *generator,
                                 gint64         number))
{
  Stream self = { .emit = emit };
  g_autoptr (AiotIterator) iterator = start_stream (&self, executor);

  await_idle (executor);
  aiot_iterator_close (iterator);
}

static void
take_items (AiotExecutor *executor,
            void        (*take) (AiotIterator *iterator,
                                 Stream       *self))
{
  Stream self = { .emit = emit_waiting, .loop = g_main_loop_new (NULL, FALSE) };
  g_autoptr (AiotIterator) iterator = start_stream (&self, executor);

  await_idle (executor);
  CALLGRIND_ZERO_STATS;
  CALLGRIND_TOGGLE_COLLECT;
  take (iterator, &self);
  g_main_loop_run (self.loop);
  CALLGRIND_TOGGLE_COLLECT;
  if (self.n_received != N)
    g_error ("Not all items came");
  g_main_loop_unref (self.loop);
}

/* --- a call: what whoever makes it does, what the worker does, and what home does when it is done --- */

typedef struct
{
  Gate may_work;
  Gate worked;
  guint n_done;
} Calls;

static gboolean
begin_work (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  pass_gate (&((Calls *) user_data)->may_work);
  CALLGRIND_TOGGLE_COLLECT;
  return TRUE;
}

static gboolean
end_work (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  CALLGRIND_TOGGLE_COLLECT;
  open_gate (&((Calls *) user_data)->worked);
  return TRUE;
}

static gboolean
set_answer (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  aiot_call_set_result_int64 (call, 42);
  pay ();
  return TRUE;
}

static void
called_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  if (g_value_get_int64 (aiot_offload_finish (result, NULL)) != 42)
    g_error ("A call gave the wrong result");
  ((Calls *) user_data)->n_done++;
  pay ();
}

static void
start_calls (Calls        *self,
             AiotExecutor *executor)
{
  CALLGRIND_TOGGLE_COLLECT;
  for (guint i = 0; i < N; i++)
    {
      aiot_offload_async (executor, set_answer, NULL, NULL, NULL, called_cb, self);
      pay ();
    }
  CALLGRIND_TOGGLE_COLLECT;
}

static void
finish_calls (Calls *self)
{
  CALLGRIND_TOGGLE_COLLECT;
  while (self->n_done < N)
    g_main_context_iteration (NULL, FALSE);
  CALLGRIND_TOGGLE_COLLECT;
}

static void
make_calls (AiotExecutor *executor)
{
  Calls self = { .n_done = 0 };

  aiot_offload_async (executor, begin_work, &self, NULL, NULL, NULL, NULL);
  CALLGRIND_ZERO_STATS;
  start_calls (&self, executor);
  DUMP ("call-start", N);
  aiot_offload_async (executor, end_work, &self, NULL, NULL, NULL, NULL);
  open_gate (&self.may_work);
  pass_gate (&self.worked);
  await_idle (executor);
  DUMP ("call-work", N);
  finish_calls (&self);
  DUMP ("call-home", N);
}

/* --- all of them --- */

static void
go_all_paths (AiotExecutor *executor)
{
  CALLGRIND_ZERO_STATS;
  send_and_receive ();
  DUMP ("channel-try-send-and-receive", N);
  emit_items (executor, emit_waiting);
  DUMP ("generator-emit", N);
  emit_items (executor, emit_trying);
  DUMP ("generator-try-emit", N);
  take_items (executor, take_many);
  DUMP ("iterator-next-many", N);
  take_items (executor, take_each);
  DUMP ("iterator-foreach", N);
  make_calls (executor);
}

/* Counts of others can't be compared. */
static void
print_versions (void)
{
  struct utsname machine;

  if (uname (&machine) != 0)
    g_error ("The kind of this machine is not known");
#ifdef __clang__
  g_print ("clang %d.%d.%d", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  g_print ("gcc %d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
  g_print (", GLib %u.%u.%u, glibc %s, %s\n", glib_major_version, glib_minor_version, glib_micro_version,
           gnu_get_libc_version (), machine.machine);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("instructions");

  if (argc > 1 && g_str_equal (argv[1], "--versions"))
    {
      print_versions ();
      return EXIT_SUCCESS;
    }

  waste = argc > 1 ? atoi (argv[1]) : 0;
  aiot_clock_stop ();
  go_all_paths (executor);
  go_all_paths (executor);
  aiot_clock_resume ();
  return EXIT_SUCCESS;
}
