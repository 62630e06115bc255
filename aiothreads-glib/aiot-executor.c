/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-executor-private.h"

#include "aiot-enum-types.h"
#include "aiot-environment-private.h"
#include "aiot-process-private.h"

/**
 * AiotExecutor:
 *
 * Where blocking work runs.
 *
 * Most programs need no executor of their own: wherever one is asked for, %NULL stands for the default pool, which is
 * made when it is first used. [func@set_default_executor] puts another in its place, and [ctor@Executor.new_pool]
 * makes one with a limit of its own, for instance one that must not load a disk with more than four requests at once:
 *
 * ```c
 * g_autoptr (AiotExecutor) disk = aiot_executor_new_pool ("disk", 4);
 *
 * aiot_offload_async (disk, read_one_file, path, g_free, NULL, on_file_read, self);
 * ```
 *
 * A pool starts no thread before it has work. It does short work on few threads, because that is fastest, adds
 * threads within milliseconds while its work blocks, up to its size, and lets threads go that had nothing to do for 10
 * seconds. A thread that waits in this library does not count. Urgent work goes first; work that others were preferred to gets
 * one turn in sixteen, so that it never starves.
 *
 * There are two more kinds. One that is *serial*, [ctor@Executor.new_serial], does everything on one and the same thread, in
 * order. One of *separate* threads, [ctor@Executor.new_separate], starts a new one for each piece of work.
 *
 * Dropping the last reference to an executor loses no work: what was given to it is done first.
 * [method@Executor.shutdown_async] ends one, and tells when it has ended. When the process ends, it waits for nothing but
 * separate threads that are not detached; functions are told that they are cancelled, and nobody is called back any more.
 *
 * The `n-…` properties are statistics for those who look; they change all the time and give no notification. All
 * functions of an executor may be called from any thread, and none blocks.
 *
 * Since: 1.0
 */

/* As many files, sockets or sleeps as a program usually has under way at once; idle threads cost little and leave. */
#define DEFAULT_SIZE 64

#define SIZE_VARIABLE "AIOTHREADS_POOL_SIZE"

struct _AiotExecutor
{
  GObject parent_instance;

  /* Set at construction */
  AiotRunner *runner;   /* workers hold references of their own */
  AiotExecutorKind kind;
  gboolean detached;

  /* Construction only */
  char *name;
  guint size;
};

enum
{
  PROP_0,
  PROP_KIND,
  PROP_DETACHED,
  PROP_NAME,
  PROP_SIZE,
  PROP_N_THREADS,
  PROP_N_RUNNING,
  PROP_N_QUEUED,
  PROP_N_DONE,
  PROP_N_FAILED,
  PROP_TOTAL_TIME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static GMutex default_mutex;   /* guards default_executor */
static AiotExecutor *default_executor;

G_DEFINE_FINAL_TYPE (AiotExecutor, aiot_executor, G_TYPE_OBJECT)

static void
aiot_executor_get_property (GObject    *object,
                            guint       property_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  AiotExecutor *self = AIOT_EXECUTOR (object);

  switch (property_id)
    {
    case PROP_KIND:
      g_value_set_enum (value, self->kind);
      break;
    case PROP_DETACHED:
      g_value_set_boolean (value, self->detached);
      break;
    case PROP_NAME:
      g_value_set_string (value, aiot_executor_get_name (self));
      break;
    case PROP_SIZE:
      g_value_set_uint (value, aiot_executor_get_size (self));
      break;
    case PROP_N_THREADS:
      g_value_set_uint (value, aiot_executor_get_n_threads (self));
      break;
    case PROP_N_RUNNING:
      g_value_set_uint (value, aiot_executor_get_n_running (self));
      break;
    case PROP_N_QUEUED:
      g_value_set_uint (value, aiot_executor_get_n_queued (self));
      break;
    case PROP_N_DONE:
      g_value_set_uint64 (value, aiot_executor_get_n_done (self));
      break;
    case PROP_N_FAILED:
      g_value_set_uint64 (value, aiot_executor_get_n_failed (self));
      break;
    case PROP_TOTAL_TIME:
      g_value_set_int64 (value, aiot_executor_get_total_time (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_executor_set_property (GObject      *object,
                            guint         property_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  AiotExecutor *self = AIOT_EXECUTOR (object);

  switch (property_id)
    {
    case PROP_KIND:
      self->kind = g_value_get_enum (value);
      break;
    case PROP_DETACHED:
      self->detached = g_value_get_boolean (value);
      break;
    case PROP_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_SIZE:
      if (self->runner != NULL)
        aiot_executor_set_size (self, g_value_get_uint (value));
      else
        self->size = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static AiotRunner *
new_runner (AiotExecutor *self)
{
  switch (self->kind)
    {
    case AIOT_EXECUTOR_SERIAL:
      return aiot_serial_new (self->name != NULL ? self->name : "aiot-serial");
    case AIOT_EXECUTOR_SEPARATE:
      return aiot_separate_new (self->name != NULL ? self->name : "aiot-separate", !self->detached);
    case AIOT_EXECUTOR_POOL:
    default:
      return aiot_pool_new (self->name != NULL ? self->name : "aiot-pool", self->size);
    }
}

static void
aiot_executor_constructed (GObject *object)
{
  AiotExecutor *self = AIOT_EXECUTOR (object);

  G_OBJECT_CLASS (aiot_executor_parent_class)->constructed (object);

  self->runner = new_runner (self);
  g_clear_pointer (&self->name, g_free);
}

static void
aiot_executor_finalize (GObject *object)
{
  AiotExecutor *self = AIOT_EXECUTOR (object);

  g_clear_pointer (&self->runner, aiot_runner_let_go);

  G_OBJECT_CLASS (aiot_executor_parent_class)->finalize (object);
}

static void
aiot_executor_class_init (AiotExecutorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = aiot_executor_get_property;
  object_class->set_property = aiot_executor_set_property;
  object_class->constructed = aiot_executor_constructed;
  object_class->finalize = aiot_executor_finalize;

  /**
   * AiotExecutor:kind: (getter get_kind)
   *
   * How it comes by its threads.
   *
   * Since: 1.0
   */
  properties[PROP_KIND] =
    g_param_spec_enum ("kind", NULL, NULL, AIOT_TYPE_EXECUTOR_KIND, AIOT_EXECUTOR_POOL,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:detached: (getter get_detached)
   *
   * Whether the end of the process does not wait for its threads. Only separate ones can be waited for.
   *
   * Since: 1.0
   */
  properties[PROP_DETACHED] =
    g_param_spec_boolean ("detached", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:name: (getter get_name)
   *
   * What debuggers and `top` call the threads. Linux shows the first 15 bytes.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:size: (getter get_size) (setter set_size)
   *
   * The largest number of threads that work at the same time, at least 1. It is that of a pool; a serial executor has 1, and
   * separate threads have no limit but [func@get_thread_limit].
   *
   * When it is lowered, work that already runs goes on. The default, 64, can be changed for the default pool with the
   * environment variable `AIOTHREADS_POOL_SIZE`.
   *
   * Since: 1.0
   */
  properties[PROP_SIZE] =
    g_param_spec_uint ("size", NULL, NULL, 1, G_MAXINT, DEFAULT_SIZE,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:n-threads: (getter get_n_threads)
   *
   * How many threads there are now, idle ones included.
   *
   * Since: 1.0
   */
  properties[PROP_N_THREADS] =
    g_param_spec_uint ("n-threads", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:n-running: (getter get_n_running)
   *
   * How many pieces of work run now.
   *
   * Since: 1.0
   */
  properties[PROP_N_RUNNING] =
    g_param_spec_uint ("n-running", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:n-queued: (getter get_n_queued)
   *
   * How many pieces of work wait for a thread.
   *
   * Since: 1.0
   */
  properties[PROP_N_QUEUED] =
    g_param_spec_uint ("n-queued", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:n-done: (getter get_n_done)
   *
   * How many pieces of work have run to their end so far, failed ones included.
   *
   * Since: 1.0
   */
  properties[PROP_N_DONE] =
    g_param_spec_uint64 ("n-done", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:n-failed: (getter get_n_failed)
   *
   * How many of those that have run ended with an error. A [class@Gio.Task] given to [method@Executor.run_task] never
   * counts, because its outcome is its own.
   *
   * Since: 1.0
   */
  properties[PROP_N_FAILED] =
    g_param_spec_uint64 ("n-failed", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * AiotExecutor:total-time: (getter get_total_time)
   *
   * How long all that has run took together, in microseconds of real time.
   *
   * Since: 1.0
   */
  properties[PROP_TOTAL_TIME] =
    g_param_spec_int64 ("total-time", NULL, NULL, 0, G_MAXINT64, 0,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
aiot_executor_init (AiotExecutor *self)
{
}

/* What runs the work, and outlives the executor while there is any. @self may be NULL. */
AiotRunner *
aiot_executor_dup_runner (AiotExecutor *self)
{
  g_autoptr (AiotExecutor) used = NULL;

  if (self != NULL)
    return aiot_runner_ref (self->runner);

  used = aiot_executor_dup_default ();
  return aiot_runner_ref (used->runner);
}

/**
 * aiot_executor_dup_default:
 *
 * Gets the executor that is used where none is given.
 *
 * Unless [func@set_default_executor] was called this is a pool of 64 threads at the most, or as many as the environment
 * variable `AIOTHREADS_POOL_SIZE` says. It is made when it is first needed. A value of the variable that is not a number
 * of at least 1 is ignored with a warning.
 *
 * It may be called from any thread, and does not block.
 *
 * Returns: (transfer full): the default executor
 *
 * Since: 1.0
 */
AiotExecutor *
aiot_executor_dup_default (void)
{
  g_autoptr (AiotExecutor) made = NULL;
  AiotExecutor *executor = NULL;

  g_mutex_lock (&default_mutex);
  if (default_executor != NULL)
    executor = g_object_ref (default_executor);
  g_mutex_unlock (&default_mutex);

  if (executor != NULL)
    return executor;

  /* Made without the lock, because it may warn; where two threads do it at once, one pool goes, without ever a thread. */
  made = aiot_executor_new_pool ("aiot-default", aiot_environment_get_number (SIZE_VARIABLE, 1, DEFAULT_SIZE,
                                                                              "a number of threads"));
  g_mutex_lock (&default_mutex);
  if (default_executor == NULL)
    default_executor = g_steal_pointer (&made);
  executor = g_object_ref (default_executor);
  g_mutex_unlock (&default_mutex);

  return executor;
}

/**
 * aiot_set_default_executor:
 * @executor: (nullable): the new default, or %NULL to have a new pool made when one is needed
 *
 * Replaces the executor that is used where none is given.
 *
 * Work that was given to the old one is done there. It may be called from any thread, and does not block.
 *
 * Since: 1.0
 */
void
aiot_set_default_executor (AiotExecutor *executor)
{
  g_autoptr (AiotExecutor) old = NULL;

  g_return_if_fail (executor == NULL || AIOT_IS_EXECUTOR (executor));

  g_mutex_lock (&default_mutex);
  old = g_steal_pointer (&default_executor);
  default_executor = executor != NULL ? g_object_ref (executor) : NULL;
  g_mutex_unlock (&default_mutex);
}

/**
 * aiot_executor_new_pool:
 * @name: (nullable): what to call its threads, or %NULL for a general name
 * @size: how many threads may work at the same time, at least 1
 *
 * Makes a pool of threads.
 *
 * No thread is started before there is work.
 *
 * Returns: (transfer full): a new executor
 *
 * Since: 1.0
 */
AiotExecutor *
aiot_executor_new_pool (const char *name,
                        guint       size)
{
  g_return_val_if_fail (size >= 1 && size <= G_MAXINT, NULL);

  return g_object_new (AIOT_TYPE_EXECUTOR,
                       "name", name,
                       "size", size,
                       NULL);
}

/**
 * aiot_executor_new_serial:
 * @name: (nullable): what to call its thread, or %NULL for a general name
 *
 * Makes an executor that does everything on one thread.
 *
 * It is for libraries whose objects must stay on one thread, such as an SQLite connection, and for what must happen in order:
 * work is done first come first served, whatever its priority. The thread is started with the first work, and stays until the
 * executor is dropped or shut down. Should its work wait for something, what comes later waits too; only work that it
 * hands to itself and waits for, with [func@offload_sync], is done in place.
 *
 * Returns: (transfer full): a new executor
 *
 * Since: 1.0
 */
AiotExecutor *
aiot_executor_new_serial (const char *name)
{
  return g_object_new (AIOT_TYPE_EXECUTOR,
                       "kind", AIOT_EXECUTOR_SERIAL,
                       "name", name,
                       "size", 1,
                       NULL);
}

/**
 * aiot_executor_new_separate:
 * @name: (nullable): what to call threads whose work has no name, or %NULL for a general name
 * @detached: whether the process may end while they run
 *
 * Makes an executor that starts a new thread for each piece of work.
 *
 * It is for work that lasts as long as the program does, such as watching a device, and would hold a thread of a pool all
 * the time. The thread is started before the call returns, and has the name of the work: see [property@Threaded:name]. Linux
 * shows the first 15 bytes.
 *
 * With @detached set, a thread that still runs ends with the process. Without, the end of the process waits for it, however long
 * that takes, and does not cancel it. A main context that such a thread has as its thread-default one goes on as well; all
 * others are gone by then.
 *
 * Returns: (transfer full): a new executor
 *
 * Since: 1.0
 */
AiotExecutor *
aiot_executor_new_separate (const char *name,
                            gboolean    detached)
{
  return g_object_new (AIOT_TYPE_EXECUTOR,
                       "kind", AIOT_EXECUTOR_SEPARATE,
                       "name", name,
                       "detached", detached,
                       NULL);
}

/**
 * aiot_executor_get_kind: (get-property kind)
 * @self: an executor
 *
 * Gets how an executor comes by its threads.
 *
 * Returns: the kind
 *
 * Since: 1.0
 */
AiotExecutorKind
aiot_executor_get_kind (AiotExecutor *self)
{
  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), AIOT_EXECUTOR_POOL);

  return self->kind;
}

/**
 * aiot_executor_get_detached: (get-property detached)
 * @self: an executor
 *
 * Gets whether the end of the process does not wait for the threads of an executor.
 *
 * Returns: %TRUE if the process may end while they run
 *
 * Since: 1.0
 */
gboolean
aiot_executor_get_detached (AiotExecutor *self)
{
  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), TRUE);

  return self->detached;
}

/**
 * aiot_executor_get_name: (get-property name)
 * @self: an executor
 *
 * Gets what the threads of an executor are called.
 *
 * Returns: (transfer none): the name, valid as long as the executor
 *
 * Since: 1.0
 */
const char *
aiot_executor_get_name (AiotExecutor *self)
{
  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), NULL);

  return self->runner->name;
}

/**
 * aiot_executor_get_size: (get-property size)
 * @self: an executor
 *
 * Gets how many threads may work at the same time.
 *
 * Returns: the largest number of threads
 *
 * Since: 1.0
 */
guint
aiot_executor_get_size (AiotExecutor *self)
{
  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), 0);

  return self->kind == AIOT_EXECUTOR_SEPARATE ? aiot_get_thread_limit () : aiot_pool_get_size (self->runner);
}

/**
 * aiot_executor_set_size: (set-property size)
 * @self: an executor
 * @size: the largest number of threads, at least 1
 *
 * Sets how many threads of a pool may work at the same time.
 *
 * When it is raised, work that waits may start at once. When it is lowered, work that runs goes on, and less is started.
 *
 * Since: 1.0
 */
void
aiot_executor_set_size (AiotExecutor *self,
                        guint         size)
{
  g_return_if_fail (AIOT_IS_EXECUTOR (self));
  g_return_if_fail (size >= 1 && size <= G_MAXINT);

  g_return_if_fail (self->kind == AIOT_EXECUTOR_POOL);

  if (size == aiot_pool_get_size (self->runner))
    return;

  aiot_pool_set_size (self->runner, size);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SIZE]);
}

static AiotStatistics
get_statistics (AiotExecutor *self)
{
  AiotStatistics statistics = { 0 };

  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), statistics);

  aiot_runner_get_statistics (self->runner, &statistics);
  return statistics;
}

/**
 * aiot_executor_get_n_threads: (get-property n-threads)
 * @self: an executor
 *
 * Gets how many threads there are now, idle ones included.
 *
 * Returns: a number of threads
 *
 * Since: 1.0
 */
guint
aiot_executor_get_n_threads (AiotExecutor *self)
{
  return get_statistics (self).n_threads;
}

/**
 * aiot_executor_get_n_running: (get-property n-running)
 * @self: an executor
 *
 * Gets how many pieces of work run now.
 *
 * Returns: a number of pieces of work
 *
 * Since: 1.0
 */
guint
aiot_executor_get_n_running (AiotExecutor *self)
{
  return get_statistics (self).n_running;
}

/**
 * aiot_executor_get_n_queued: (get-property n-queued)
 * @self: an executor
 *
 * Gets how many pieces of work wait for a thread.
 *
 * Returns: a number of pieces of work
 *
 * Since: 1.0
 */
guint
aiot_executor_get_n_queued (AiotExecutor *self)
{
  return get_statistics (self).n_queued;
}

/**
 * aiot_executor_get_n_done: (get-property n-done)
 * @self: an executor
 *
 * Gets how many pieces of work have run to their end, failed ones included.
 *
 * Returns: a number of pieces of work
 *
 * Since: 1.0
 */
guint64
aiot_executor_get_n_done (AiotExecutor *self)
{
  return get_statistics (self).n_done;
}

/**
 * aiot_executor_get_n_failed: (get-property n-failed)
 * @self: an executor
 *
 * Gets how many pieces of work ended with an error.
 *
 * Returns: a number of pieces of work
 *
 * Since: 1.0
 */
guint64
aiot_executor_get_n_failed (AiotExecutor *self)
{
  return get_statistics (self).n_failed;
}

/**
 * aiot_executor_get_total_time: (get-property total-time)
 * @self: an executor
 *
 * Gets how long all that has run took together.
 *
 * Returns: microseconds of real time
 *
 * Since: 1.0
 */
gint64
aiot_executor_get_total_time (AiotExecutor *self)
{
  return get_statistics (self).total_time;
}

/**
 * aiot_executor_list_running:
 * @self: an executor
 *
 * Tells what runs now, for people: each with its name, and for how long it has been running.
 *
 * Returns: (transfer full): texts such as “count-lines (2.3 s)”
 *
 * Since: 1.0
 */
char **
aiot_executor_list_running (AiotExecutor *self)
{
  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), NULL);

  return aiot_runner_describe_running (self->runner);
}

/**
 * aiot_executor_set_thread_hook:
 * @self: an executor
 * @hook: (scope notified) (closure user_data) (destroy user_data_destroy) (nullable): what each thread calls on itself, or
 *   %NULL for nothing
 * @user_data: data for @hook
 * @user_data_destroy: called with @user_data, on this main context, when the executor and its threads are gone
 *
 * Sets what every thread does before its first work and after its last.
 *
 * It is for libraries that want to be told of each thread, and for what belongs to one: a connection, a signal mask. Set it
 * before the executor has work: threads that run already have not called it for their start.
 *
 * A function in JavaScript can't be called on another thread; use one from a native library there.
 *
 * Since: 1.0
 */
void
aiot_executor_set_thread_hook (AiotExecutor   *self,
                               AiotThreadHook  hook,
                               gpointer        user_data,
                               GDestroyNotify  user_data_destroy)
{
  g_return_if_fail (AIOT_IS_EXECUTOR (self));

  aiot_runner_set_hook (self->runner, hook, user_data, user_data_destroy);
}

/**
 * aiot_get_thread_limit:
 *
 * Gets how many threads all executors of the process may have together.
 *
 * It may be called from any thread.
 *
 * Returns: a number of threads
 *
 * Since: 1.0
 */
guint
aiot_get_thread_limit (void)
{
  return aiot_process_get_thread_limit ();
}

/**
 * aiot_set_thread_limit:
 * @limit: a number of threads, at least 1
 *
 * Sets how many threads all executors of the process may have together.
 *
 * It is a safeguard, 512 by default. Pools stay below it by their size; but threads whose work waits in this library do not
 * count there, so that calls that wait for other calls go on. Where the limit is reached and every thread waits, work that is
 * queued fails with %AIOT_ERROR_EXHAUSTED, because nothing else would end the waiting.
 *
 * It may be called from any thread. Threads that run stay.
 *
 * Since: 1.0
 */
void
aiot_set_thread_limit (guint limit)
{
  g_return_if_fail (limit >= 1);

  aiot_process_set_thread_limit (limit);
}
