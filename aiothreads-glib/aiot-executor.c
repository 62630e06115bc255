/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-executor-private.h"

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
 * seconds. Dropping the last reference to an executor loses no work: what was given to it is done first.
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

  AiotPool *pool;   /* set at construction; workers hold references of their own */
  char *name;       /* construction only */
  guint size;       /* likewise */
};

enum
{
  PROP_0,
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
    case PROP_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_SIZE:
      if (self->pool == NULL)
        self->size = g_value_get_uint (value);
      else
        aiot_executor_set_size (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_executor_constructed (GObject *object)
{
  AiotExecutor *self = AIOT_EXECUTOR (object);

  G_OBJECT_CLASS (aiot_executor_parent_class)->constructed (object);

  self->pool = aiot_pool_new (self->name != NULL ? self->name : "aiot-pool", self->size);
  g_clear_pointer (&self->name, g_free);
}

static void
aiot_executor_finalize (GObject *object)
{
  AiotExecutor *self = AIOT_EXECUTOR (object);

  g_clear_pointer (&self->pool, aiot_pool_let_go);

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
   * The largest number of threads that work at the same time, at least 1.
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

static guint
get_default_size (void)
{
  const char *text = g_getenv (SIZE_VARIABLE);
  guint64 size;

  if (text == NULL)
    return DEFAULT_SIZE;
  if (g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT, &size, NULL))
    return size;

  g_warning (SIZE_VARIABLE " is “%s”, which is not a number of threads, 1 or more; using %d", text, DEFAULT_SIZE);
  return DEFAULT_SIZE;
}

/* The pool itself, which outlives the executor while there is work. @self may be NULL. */
AiotPool *
aiot_executor_dup_pool (AiotExecutor *self)
{
  g_autoptr (AiotExecutor) used = self != NULL ? g_object_ref (self) : aiot_executor_dup_default ();

  return aiot_pool_ref (used->pool);
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
  made = aiot_executor_new_pool ("aiot-default", get_default_size ());
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

  return aiot_pool_get_name (self->pool);
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

  return aiot_pool_get_size (self->pool);
}

/**
 * aiot_executor_set_size: (set-property size)
 * @self: an executor
 * @size: the largest number of threads, at least 1
 *
 * Sets how many threads may work at the same time.
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

  if (size == aiot_pool_get_size (self->pool))
    return;

  aiot_pool_set_size (self->pool, size);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SIZE]);
}

static AiotPoolStatistics
get_statistics (AiotExecutor *self)
{
  AiotPoolStatistics statistics = { 0 };

  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), statistics);

  aiot_pool_get_statistics (self->pool, &statistics);
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
