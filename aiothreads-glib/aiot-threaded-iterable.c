/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-threaded-iterable.h"

#include "aiot-environment.h"
#include "aiot-threaded-iterator-private.h"

/**
 * AiotThreadedIterable:
 *
 * A blocking function that gives many results, to be iterated over again and again.
 *
 * It is to such functions what [class@Threaded] is to those with one result:
 *
 * ```c
 * static gboolean
 * read_lines (AiotGenerator  *generator,
 *             gpointer        user_data,
 *             GError        **error)
 * {
 *   char *line;
 *
 *   while ((line = read_one_line (user_data, error)) != NULL)
 *     if (!aiot_generator_emit_take_string (generator, line, error))
 *       return FALSE;
 *   return TRUE;
 * }
 *
 * AiotThreadedIterable *lines = aiot_threaded_iterable_new (read_lines, reader, NULL);
 * g_autoptr (AiotThreadedIterator) iterator = aiot_threaded_iterable_iterate (lines, NULL, NULL);
 *
 * aiot_iterator_foreach_async (AIOT_ITERATOR (iterator), on_item, self, NULL, NULL, on_all_lines, self);
 * ```
 *
 * Each iteration runs the function anew, in a worker thread, at most [property@ThreadedIterable:capacity] items ahead of
 * whoever takes them. Iterations may go on at the same time; the function must be ready to run in several threads then.
 *
 * All functions may be called from any thread, and none blocks but [method@ThreadedIterable.iterate_sync].
 *
 * Since: 1.0
 */

struct _AiotThreadedIterable
{
  GObject parent_instance;

  /* Set at construction, then read by any thread */
  AiotGeneratorFunc func;
  gpointer user_data;
  GDestroyNotify user_data_destroy;
  AiotHome *home;

  GMutex mutex;            /* guards all below */
  const char *name;        /* interned */
  AiotExecutor *executor;
  int capacity;
  int priority;
};

enum
{
  PROP_0,
  PROP_NAME,
  PROP_EXECUTOR,
  PROP_CAPACITY,
  PROP_PRIORITY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (AiotThreadedIterable, aiot_threaded_iterable, G_TYPE_OBJECT)

static void
aiot_threaded_iterable_finalize (GObject *object)
{
  AiotThreadedIterable *self = AIOT_THREADED_ITERABLE (object);

  if (self->user_data_destroy != NULL && aiot_home_is_here (self->home))
    self->user_data_destroy (self->user_data);
  else
    aiot_home_destroy (self->home, self->user_data, self->user_data_destroy);

  g_clear_pointer (&self->home, aiot_home_unref);
  g_clear_object (&self->executor);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (aiot_threaded_iterable_parent_class)->finalize (object);
}

static AiotExecutor *
dup_executor (AiotThreadedIterable *self)
{
  AiotExecutor *executor;

  g_mutex_lock (&self->mutex);
  executor = self->executor != NULL ? g_object_ref (self->executor) : NULL;
  g_mutex_unlock (&self->mutex);

  return executor;
}

static void
aiot_threaded_iterable_get_property (GObject    *object,
                                     guint       property_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  AiotThreadedIterable *self = AIOT_THREADED_ITERABLE (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, aiot_threaded_iterable_get_name (self));
      break;
    case PROP_EXECUTOR:
      g_value_take_object (value, dup_executor (self));
      break;
    case PROP_CAPACITY:
      g_value_set_int (value, aiot_threaded_iterable_get_capacity (self));
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, aiot_threaded_iterable_get_priority (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_threaded_iterable_set_property (GObject      *object,
                                     guint         property_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  AiotThreadedIterable *self = AIOT_THREADED_ITERABLE (object);

  switch (property_id)
    {
    case PROP_NAME:
      aiot_threaded_iterable_set_name (self, g_value_get_string (value));
      break;
    case PROP_EXECUTOR:
      aiot_threaded_iterable_set_executor (self, g_value_get_object (value));
      break;
    case PROP_CAPACITY:
      aiot_threaded_iterable_set_capacity (self, g_value_get_int (value));
      break;
    case PROP_PRIORITY:
      aiot_threaded_iterable_set_priority (self, g_value_get_int (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_threaded_iterable_class_init (AiotThreadedIterableClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = aiot_threaded_iterable_finalize;
  object_class->get_property = aiot_threaded_iterable_get_property;
  object_class->set_property = aiot_threaded_iterable_set_property;

  /**
   * AiotThreadedIterable:name: (getter get_name) (setter set_name)
   *
   * What the iterations are called in messages and debuggers; names are kept for the life of the process.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * AiotThreadedIterable:executor: (getter get_executor) (setter set_executor)
   *
   * Where the function runs; %NULL is the default pool.
   *
   * While a function waits for room it does not count against the size of a pool. On a serial executor it holds the one thread from
   * its start to its end.
   *
   * Since: 1.0
   */
  properties[PROP_EXECUTOR] = g_param_spec_object ("executor", NULL, NULL, AIOT_TYPE_EXECUTOR, flags);

  /**
   * AiotThreadedIterable:capacity: (getter get_capacity) (setter set_capacity)
   *
   * How many items of one iteration wait at most, %AIOT_CAPACITY_DEFAULT, or %AIOT_CAPACITY_UNBOUNDED.
   *
   * With a capacity of 1 the function is one item ahead of whoever takes them.
   *
   * Since: 1.0
   */
  properties[PROP_CAPACITY] =
    g_param_spec_int ("capacity", NULL, NULL, AIOT_CAPACITY_DEFAULT, G_MAXINT, AIOT_CAPACITY_DEFAULT, flags);

  /**
   * AiotThreadedIterable:priority: (getter get_priority) (setter set_priority)
   *
   * How urgent it is to start, as a GLib priority: lower numbers are taken from the queue of the executor first.
   *
   * Since: 1.0
   */
  properties[PROP_PRIORITY] =
    g_param_spec_int ("priority", NULL, NULL, G_MININT, G_MAXINT, G_PRIORITY_DEFAULT, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
aiot_threaded_iterable_init (AiotThreadedIterable *self)
{
  g_mutex_init (&self->mutex);
  self->home = aiot_home_dup_thread_default ();
  self->capacity = AIOT_CAPACITY_DEFAULT;
}

/**
 * aiot_threaded_iterable_new:
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): the blocking function
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data, on the thread-default main context of the calling thread, when the object
 *   and its iterations are gone
 *
 * Makes an object that can be iterated over.
 *
 * A function in JavaScript can't be called on another thread; use one from a native library there.
 *
 * Returns: (transfer full): a new object
 *
 * Since: 1.0
 */
AiotThreadedIterable *
aiot_threaded_iterable_new (AiotGeneratorFunc  func,
                            gpointer           user_data,
                            GDestroyNotify     user_data_destroy)
{
  AiotThreadedIterable *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_object_new (AIOT_TYPE_THREADED_ITERABLE, NULL);
  self->func = func;
  self->user_data = user_data;
  self->user_data_destroy = user_data_destroy;
  return self;
}

/* A getter reads one field under the lock; its type says what is given for no object. */
#define GET_FIELD(self, type, field)                                          \
  type value;                                                                 \
                                                                              \
  g_return_val_if_fail (AIOT_IS_THREADED_ITERABLE (self), (type) 0);          \
                                                                              \
  g_mutex_lock (&(self)->mutex);                                              \
  value = (self)->field;                                                      \
  g_mutex_unlock (&(self)->mutex);                                            \
                                                                              \
  return value

/* A setter changes one field under the lock, and notifies without it. */
#define SET_FIELD(self, field, new_value, property)                           \
  G_STMT_START {                                                              \
    gboolean changed;                                                         \
    g_mutex_lock (&(self)->mutex);                                            \
    changed = (self)->field != (new_value);                                   \
    (self)->field = (new_value);                                              \
    g_mutex_unlock (&(self)->mutex);                                          \
    if (changed)                                                              \
      g_object_notify_by_pspec (G_OBJECT (self), properties[(property)]);     \
  } G_STMT_END

/**
 * aiot_threaded_iterable_get_name: (get-property name)
 * @self: an iterable
 *
 * Gets what its iterations are called.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL
 *
 * Since: 1.0
 */
const char *
aiot_threaded_iterable_get_name (AiotThreadedIterable *self)
{
  GET_FIELD (self, const char *, name);
}

/**
 * aiot_threaded_iterable_set_name: (set-property name)
 * @self: an iterable
 * @name: (nullable): the name, or %NULL
 *
 * Sets what its iterations are called.
 *
 * Since: 1.0
 */
void
aiot_threaded_iterable_set_name (AiotThreadedIterable *self,
                                 const char           *name)
{
  const char *interned = g_intern_string (name);

  g_return_if_fail (AIOT_IS_THREADED_ITERABLE (self));

  SET_FIELD (self, name, interned, PROP_NAME);
}

/**
 * aiot_threaded_iterable_get_executor: (get-property executor)
 * @self: an iterable
 *
 * Gets where the function runs.
 *
 * Returns: (transfer none) (nullable): an executor, valid until another one is set, or %NULL for the default pool
 *
 * Since: 1.0
 */
AiotExecutor *
aiot_threaded_iterable_get_executor (AiotThreadedIterable *self)
{
  GET_FIELD (self, AiotExecutor *, executor);
}

/**
 * aiot_threaded_iterable_set_executor: (set-property executor)
 * @self: an iterable
 * @executor: (nullable): an executor, or %NULL for the default pool
 *
 * Sets where iterations run that are made from now on.
 *
 * Since: 1.0
 */
void
aiot_threaded_iterable_set_executor (AiotThreadedIterable *self,
                                     AiotExecutor         *executor)
{
  g_autoptr (AiotExecutor) old = NULL;

  g_return_if_fail (AIOT_IS_THREADED_ITERABLE (self));
  g_return_if_fail (executor == NULL || AIOT_IS_EXECUTOR (executor));

  g_mutex_lock (&self->mutex);
  old = self->executor;
  self->executor = executor != NULL ? g_object_ref (executor) : NULL;
  g_mutex_unlock (&self->mutex);

  if (old != executor)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EXECUTOR]);
}

/**
 * aiot_threaded_iterable_get_capacity: (get-property capacity)
 * @self: an iterable
 *
 * Gets how many items of one iteration wait at most.
 *
 * Returns: a number of items, %AIOT_CAPACITY_DEFAULT, or %AIOT_CAPACITY_UNBOUNDED
 *
 * Since: 1.0
 */
int
aiot_threaded_iterable_get_capacity (AiotThreadedIterable *self)
{
  GET_FIELD (self, int, capacity);
}

/**
 * aiot_threaded_iterable_set_capacity: (set-property capacity)
 * @self: an iterable
 * @capacity: a number of items, %AIOT_CAPACITY_DEFAULT, or %AIOT_CAPACITY_UNBOUNDED
 *
 * Sets how many items wait at most in iterations that are made from now on.
 *
 * Since: 1.0
 */
void
aiot_threaded_iterable_set_capacity (AiotThreadedIterable *self,
                                     int                   capacity)
{
  g_return_if_fail (AIOT_IS_THREADED_ITERABLE (self));
  g_return_if_fail (capacity >= AIOT_CAPACITY_DEFAULT);

  SET_FIELD (self, capacity, capacity, PROP_CAPACITY);
}

/**
 * aiot_threaded_iterable_get_priority: (get-property priority)
 * @self: an iterable
 *
 * Gets how urgent it is to start.
 *
 * Returns: a GLib priority
 *
 * Since: 1.0
 */
int
aiot_threaded_iterable_get_priority (AiotThreadedIterable *self)
{
  GET_FIELD (self, int, priority);
}

/**
 * aiot_threaded_iterable_set_priority: (set-property priority)
 * @self: an iterable
 * @priority: a GLib priority
 *
 * Sets how urgent it is to start iterations that are made from now on.
 *
 * Since: 1.0
 */
void
aiot_threaded_iterable_set_priority (AiotThreadedIterable *self,
                                     int                   priority)
{
  g_return_if_fail (AIOT_IS_THREADED_ITERABLE (self));

  SET_FIELD (self, priority, priority, PROP_PRIORITY);
}

/* An iteration holds its object, so that the data of the function outlives it. */
static AiotGenerator *
new_generator (AiotThreadedIterable *self,
               const GValue         *argument)
{
  return aiot_generator_new (self->func, self->user_data, NULL, G_OBJECT (self), argument);
}

/**
 * aiot_threaded_iterable_iterate:
 * @self: an iterable
 * @argument: (nullable): what the function gets from [method@Generator.get_argument]; it is copied
 * @cancellable: (nullable): stops the function; what it has given is still received, then %G_IO_ERROR_CANCELLED
 *
 * Makes an iterator over what the function gives.
 *
 * Nothing runs before the first item is asked for. The items belong to the thread-default main context of the calling thread; in
 * a worker, to that of the work that it does. The function sees the context variables of the calling thread.
 *
 * Returns: (transfer full): a new iterator
 *
 * Since: 1.0
 */
AiotThreadedIterator *
aiot_threaded_iterable_iterate (AiotThreadedIterable *self,
                                const GValue         *argument,
                                GCancellable         *cancellable)
{
  g_autoptr (AiotExecutor) executor = NULL;
  AiotGeneratorOptions options;
  int capacity;

  g_return_val_if_fail (AIOT_IS_THREADED_ITERABLE (self), NULL);
  g_return_val_if_fail (self->func != NULL, NULL);
  g_return_val_if_fail (argument == NULL || G_IS_VALUE (argument), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  executor = dup_executor (self);
  capacity = aiot_threaded_iterable_get_capacity (self);
  options = (AiotGeneratorOptions) {
    .executor = executor,
    .name = aiot_threaded_iterable_get_name (self),
    .priority = aiot_threaded_iterable_get_priority (self),
    .capacity = capacity == AIOT_CAPACITY_DEFAULT ? aiot_get_default_capacity () : (guint) capacity,
  };
  return aiot_threaded_iterator_new_for (new_generator (self, argument), &options, cancellable);
}

/**
 * aiot_threaded_iterable_iterate_sync:
 * @self: an iterable
 * @argument: (nullable): what the function gets from [method@Generator.get_argument]; it is copied
 * @func: (scope call) (closure user_data): called with each item
 * @user_data: data for @func
 * @cancellable: (nullable): stops the function
 * @error: return location for an error
 *
 * Runs the function on the calling thread, and hands each item to another function at once.
 *
 * It blocks, and no other thread is involved. Where @func returns %FALSE, the iteration is over, as by `break`.
 *
 * Errors: what the function failed with; %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if all items were handed over, or @func returned %FALSE
 *
 * Since: 1.0
 */
gboolean
aiot_threaded_iterable_iterate_sync (AiotThreadedIterable  *self,
                                     const GValue          *argument,
                                     AiotItemFunc           func,
                                     gpointer               user_data,
                                     GCancellable          *cancellable,
                                     GError               **error)
{
  g_autoptr (AiotGenerator) generator = NULL;

  g_return_val_if_fail (AIOT_IS_THREADED_ITERABLE (self), FALSE);
  g_return_val_if_fail (self->func != NULL, FALSE);
  g_return_val_if_fail (argument == NULL || G_IS_VALUE (argument), FALSE);
  g_return_val_if_fail (func != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  generator = new_generator (self, argument);
  return aiot_generator_run_here (generator, aiot_threaded_iterable_get_name (self), func, user_data, cancellable, error);
}
