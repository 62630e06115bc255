/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-threaded.h"

#include "aiot-call-private.h"
#include "aiot-enum-types.h"
#include "aiot-error.h"
#include "aiot-limiter.h"
#include "aiot-process-private.h"
#include "aiot-result-private.h"

/**
 * AiotThreaded:
 *
 * A blocking function that can be called again and again.
 *
 * It keeps the function together with how it is to run: on which executor, how urgently, under which name, and what
 * happens on cancellation. Each call has an argument of its own, and calls may overlap; each is answered when it is done.
 *
 * ```c
 * g_autoptr (AiotThreaded) counter = aiot_threaded_new (count_lines, NULL, NULL);
 * g_auto (GValue) argument = G_VALUE_INIT;
 *
 * aiot_threaded_set_name (counter, "count-lines");
 * g_value_init (&argument, G_TYPE_STRING);
 * g_value_set_static_string (&argument, "/etc/passwd");
 * aiot_threaded_call_async (counter, &argument, cancellable, on_counted, self);
 * ```
 *
 * It may be used from any thread. What its function was given is freed on the main context that made the object,
 * wherever the last reference to it is dropped.
 *
 * Since: 1.0
 */

struct _AiotThreaded
{
  GObject parent_instance;

  /* Set at construction, then read by any thread */
  AiotThreadFunc func;
  gpointer user_data;
  AiotHome *home;

  /* Travels home when the object is gone */
  struct _DestroyAtHome
  {
    AiotHomeEntry entry;
    gpointer user_data;
    GDestroyNotify destroy;
  } *data;

  GMutex mutex;            /* guards all below */
  const char *name;        /* interned */
  AiotExecutor *executor;
  AiotLimiter *limiter;
  int priority;
  AiotOnCancel on_cancel;
};

typedef struct _DestroyAtHome DestroyAtHome;

enum
{
  PROP_0,
  PROP_NAME,
  PROP_EXECUTOR,
  PROP_LIMITER,
  PROP_PRIORITY,
  PROP_ON_CANCEL,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (AiotThreaded, aiot_threaded, G_TYPE_OBJECT)

static void
destroy_at_home_run (AiotHomeEntry *entry)
{
  DestroyAtHome *data = (DestroyAtHome *) entry;

  data->destroy (data->user_data);
  g_free (data);
}

static const AiotHomeEntryFuncs destroy_at_home_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = destroy_at_home_run,
  .release = destroy_at_home_run,
};

static void
aiot_threaded_finalize (GObject *object)
{
  AiotThreaded *self = AIOT_THREADED (object);
  DestroyAtHome *data = g_steal_pointer (&self->data);

  if (data != NULL && aiot_home_is_here (self->home))
    destroy_at_home_run (&data->entry);
  else if (data != NULL)
    aiot_home_push (self->home, &data->entry);

  g_clear_pointer (&self->home, aiot_home_unref);
  g_clear_object (&self->executor);
  g_clear_object (&self->limiter);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (aiot_threaded_parent_class)->finalize (object);
}

/* What the field holds, an object or NULL, is replaced under the lock. */
static gpointer
dup_object (AiotThreaded *self,
            gpointer      field)
{
  GObject *object;

  g_mutex_lock (&self->mutex);
  object = *(GObject **) field;
  if (object != NULL)
    g_object_ref (object);
  g_mutex_unlock (&self->mutex);

  return object;
}

static void
aiot_threaded_get_property (GObject    *object,
                            guint       property_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  AiotThreaded *self = AIOT_THREADED (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, aiot_threaded_get_name (self));
      break;
    case PROP_EXECUTOR:
      g_value_take_object (value, dup_object (self, &self->executor));
      break;
    case PROP_LIMITER:
      g_value_take_object (value, dup_object (self, &self->limiter));
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, aiot_threaded_get_priority (self));
      break;
    case PROP_ON_CANCEL:
      g_value_set_enum (value, aiot_threaded_get_on_cancel (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_threaded_set_property (GObject      *object,
                            guint         property_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  AiotThreaded *self = AIOT_THREADED (object);

  switch (property_id)
    {
    case PROP_NAME:
      aiot_threaded_set_name (self, g_value_get_string (value));
      break;
    case PROP_EXECUTOR:
      aiot_threaded_set_executor (self, g_value_get_object (value));
      break;
    case PROP_LIMITER:
      aiot_threaded_set_limiter (self, g_value_get_object (value));
      break;
    case PROP_PRIORITY:
      aiot_threaded_set_priority (self, g_value_get_int (value));
      break;
    case PROP_ON_CANCEL:
      aiot_threaded_set_on_cancel (self, g_value_get_enum (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_threaded_class_init (AiotThreadedClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = aiot_threaded_finalize;
  object_class->get_property = aiot_threaded_get_property;
  object_class->set_property = aiot_threaded_set_property;

  /**
   * AiotThreaded:name: (getter get_name) (setter set_name)
   *
   * What the calls are called in messages and debuggers; names are kept for the life of the process.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * AiotThreaded:executor: (getter get_executor) (setter set_executor)
   *
   * Where the function runs; %NULL is the default pool.
   *
   * Since: 1.0
   */
  properties[PROP_EXECUTOR] = g_param_spec_object ("executor", NULL, NULL, AIOT_TYPE_EXECUTOR, flags);

  /**
   * AiotThreaded:limiter: (getter get_limiter) (setter set_limiter)
   *
   * How many calls may be under way at once, together with all others that have the same limiter; %NULL is no limit.
   *
   * [method@Threaded.call_sync] takes no notice of it. A function that waits for a call with its own limiter may wait for
   * ever, because it is under way itself.
   *
   * Since: 1.0
   */
  properties[PROP_LIMITER] = g_param_spec_object ("limiter", NULL, NULL, AIOT_TYPE_LIMITER, flags);

  /**
   * AiotThreaded:priority: (getter get_priority) (setter set_priority)
   *
   * How urgent calls are, as a GLib priority: lower numbers are taken from the queue of the executor first.
   *
   * Calls with a number above %G_PRIORITY_DEFAULT, 0, are also answered behind the redraws of a GTK program.
   *
   * Since: 1.0
   */
  properties[PROP_PRIORITY] = g_param_spec_int ("priority", NULL, NULL, G_MININT, G_MAXINT, G_PRIORITY_DEFAULT, flags);

  /**
   * AiotThreaded:on-cancel: (getter get_on_cancel) (setter set_on_cancel)
   *
   * What happens when a call is cancelled whose function already runs.
   *
   * Since: 1.0
   */
  properties[PROP_ON_CANCEL] = g_param_spec_enum ("on-cancel", NULL, NULL, AIOT_TYPE_ON_CANCEL, AIOT_ON_CANCEL_WAIT, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
aiot_threaded_init (AiotThreaded *self)
{
  g_mutex_init (&self->mutex);
  self->home = aiot_home_dup_thread_default ();
}

/**
 * aiot_threaded_new:
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): the blocking function
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data when neither the object nor any call needs it, on this main context
 *
 * Makes a callable object of a blocking function.
 *
 * @func may run in several threads at the same time, when it is called several times.
 *
 * Returns: (transfer full): a new object
 *
 * Since: 1.0
 */
AiotThreaded *
aiot_threaded_new (AiotThreadFunc  func,
                   gpointer        user_data,
                   GDestroyNotify  user_data_destroy)
{
  AiotThreaded *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_object_new (AIOT_TYPE_THREADED, NULL);
  self->func = func;
  self->user_data = user_data;
  if (user_data_destroy != NULL)
    {
      self->data = g_new (DestroyAtHome, 1);
      *self->data = (DestroyAtHome) { { NULL, &destroy_at_home_funcs }, user_data, user_data_destroy };
    }
  return self;
}

static void
set_object (AiotThreaded *self,
            gpointer      field,
            gpointer      object,
            guint         property)
{
  g_autoptr (GObject) old = NULL;

  g_mutex_lock (&self->mutex);
  old = *(GObject **) field;
  *(GObject **) field = object != NULL ? g_object_ref (object) : NULL;
  g_mutex_unlock (&self->mutex);

  if (old != object)
    g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/**
 * aiot_threaded_get_name: (get-property name)
 * @self: a callable object
 *
 * Gets what its calls are called in messages and debuggers.
 *
 * Returns: (transfer none) (nullable): the name, valid for the life of the process
 *
 * Since: 1.0
 */
const char *
aiot_threaded_get_name (AiotThreaded *self)
{
  const char *name;

  g_return_val_if_fail (AIOT_IS_THREADED (self), NULL);

  g_mutex_lock (&self->mutex);
  name = self->name;
  g_mutex_unlock (&self->mutex);

  return name;
}

/* Each setter changes one field under the lock, and notifies without it. */
#define SET_FIELD(self, field, value, property)                               \
  G_STMT_START {                                                              \
    gboolean changed;                                                         \
    g_mutex_lock (&(self)->mutex);                                            \
    changed = (self)->field != (value);                                       \
    (self)->field = (value);                                                  \
    g_mutex_unlock (&(self)->mutex);                                          \
    if (changed)                                                              \
      g_object_notify_by_pspec (G_OBJECT (self), properties[(property)]);     \
  } G_STMT_END

/**
 * aiot_threaded_set_name: (set-property name)
 * @self: a callable object
 * @name: (nullable): a name
 *
 * Sets what calls made from now on are called in messages and debuggers.
 *
 * Since: 1.0
 */
void
aiot_threaded_set_name (AiotThreaded *self,
                        const char   *name)
{
  const char *interned = g_intern_string (name);

  g_return_if_fail (AIOT_IS_THREADED (self));

  SET_FIELD (self, name, interned, PROP_NAME);
}

/**
 * aiot_threaded_get_executor: (get-property executor)
 * @self: a callable object
 *
 * Gets where the function runs.
 *
 * Returns: (transfer none) (nullable): the executor, or %NULL for the default pool; valid until it is set anew
 *
 * Since: 1.0
 */
AiotExecutor *
aiot_threaded_get_executor (AiotThreaded *self)
{
  AiotExecutor *executor;

  g_return_val_if_fail (AIOT_IS_THREADED (self), NULL);

  g_mutex_lock (&self->mutex);
  executor = self->executor;
  g_mutex_unlock (&self->mutex);

  return executor;
}

/**
 * aiot_threaded_set_executor: (set-property executor)
 * @self: a callable object
 * @executor: (nullable): an executor, or %NULL for the default pool
 *
 * Sets where calls made from now on run.
 *
 * Since: 1.0
 */
void
aiot_threaded_set_executor (AiotThreaded *self,
                            AiotExecutor *executor)
{
  g_return_if_fail (AIOT_IS_THREADED (self));
  g_return_if_fail (executor == NULL || AIOT_IS_EXECUTOR (executor));

  set_object (self, &self->executor, executor, PROP_EXECUTOR);
}

/**
 * aiot_threaded_get_limiter: (get-property limiter)
 * @self: a callable object
 *
 * Gets what limits how many calls are under way at once.
 *
 * Returns: (transfer none) (nullable): the limiter, or %NULL if there is none; valid until it is set anew
 *
 * Since: 1.0
 */
AiotLimiter *
aiot_threaded_get_limiter (AiotThreaded *self)
{
  AiotLimiter *limiter;

  g_return_val_if_fail (AIOT_IS_THREADED (self), NULL);

  g_mutex_lock (&self->mutex);
  limiter = self->limiter;
  g_mutex_unlock (&self->mutex);

  return limiter;
}

/**
 * aiot_threaded_set_limiter: (set-property limiter)
 * @self: a callable object
 * @limiter: (nullable): a limiter, or %NULL for no limit
 *
 * Sets what limits how many calls made from now on are under way at once.
 *
 * Since: 1.0
 */
void
aiot_threaded_set_limiter (AiotThreaded *self,
                           AiotLimiter  *limiter)
{
  g_return_if_fail (AIOT_IS_THREADED (self));
  g_return_if_fail (limiter == NULL || AIOT_IS_LIMITER (limiter));

  set_object (self, &self->limiter, limiter, PROP_LIMITER);
}

/**
 * aiot_threaded_get_priority: (get-property priority)
 * @self: a callable object
 *
 * Gets how urgent its calls are.
 *
 * Returns: a GLib priority
 *
 * Since: 1.0
 */
int
aiot_threaded_get_priority (AiotThreaded *self)
{
  int priority;

  g_return_val_if_fail (AIOT_IS_THREADED (self), G_PRIORITY_DEFAULT);

  g_mutex_lock (&self->mutex);
  priority = self->priority;
  g_mutex_unlock (&self->mutex);

  return priority;
}

/**
 * aiot_threaded_set_priority: (set-property priority)
 * @self: a callable object
 * @priority: a GLib priority
 *
 * Sets how urgent calls made from now on are; see [property@Threaded:priority].
 *
 * Since: 1.0
 */
void
aiot_threaded_set_priority (AiotThreaded *self,
                            int           priority)
{
  g_return_if_fail (AIOT_IS_THREADED (self));

  SET_FIELD (self, priority, priority, PROP_PRIORITY);
}

/**
 * aiot_threaded_get_on_cancel: (get-property on-cancel)
 * @self: a callable object
 *
 * Gets what happens when a call is cancelled whose function already runs.
 *
 * Returns: whether to wait for the function
 *
 * Since: 1.0
 */
AiotOnCancel
aiot_threaded_get_on_cancel (AiotThreaded *self)
{
  AiotOnCancel on_cancel;

  g_return_val_if_fail (AIOT_IS_THREADED (self), AIOT_ON_CANCEL_WAIT);

  g_mutex_lock (&self->mutex);
  on_cancel = self->on_cancel;
  g_mutex_unlock (&self->mutex);

  return on_cancel;
}

/**
 * aiot_threaded_set_on_cancel: (set-property on-cancel)
 * @self: a callable object
 * @on_cancel: whether to wait for the function
 *
 * Sets what happens when a call made from now on is cancelled while its function runs.
 *
 * Since: 1.0
 */
void
aiot_threaded_set_on_cancel (AiotThreaded *self,
                             AiotOnCancel  on_cancel)
{
  g_return_if_fail (AIOT_IS_THREADED (self));
  g_return_if_fail (on_cancel <= AIOT_ON_CANCEL_ABANDON);

  SET_FIELD (self, on_cancel, on_cancel, PROP_ON_CANCEL);
}

/* A call holds its object, so that the data of the function outlives the call. */
static gboolean
run_function (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  AiotThreaded *self = user_data;

  if (G_LIKELY (self->func != NULL))
    return self->func (call, self->user_data, error);

  g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_FAILED,
                       "This object was made without a function; make it with aiot_threaded_new ()");
  return FALSE;
}

/**
 * aiot_threaded_call_async:
 * @self: a callable object
 * @argument: (nullable): what to call it with, which is copied
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure callback_data) (nullable): called when the result is there
 * @callback_data: data for @callback
 *
 * Calls the function in a thread, and calls back on the main context that asked.
 *
 * All that is said of [func@offload_async] holds here too: the call starts now, is answered on the thread-default main
 * context of the calling thread, and frees @argument there. What happens when @cancellable is cancelled while the function
 * runs is told by [property@Threaded:on-cancel].
 *
 * It may be called from any thread, also for several calls at the same time, and does not block.
 *
 * Since: 1.0
 */
void
aiot_threaded_call_async (AiotThreaded        *self,
                          const GValue        *argument,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             callback_data)
{
  g_autoptr (AiotExecutor) executor = NULL;
  g_autoptr (AiotLimiter) limiter = NULL;
  AiotCallOptions options = { 0 };

  g_return_if_fail (AIOT_IS_THREADED (self));
  g_return_if_fail (argument == NULL || G_IS_VALUE (argument));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* In a forked child it fails whatever they are, and maybe nobody will ever unlock them. */
  if (!aiot_process_is_forked ())
    {
      g_mutex_lock (&self->mutex);
      executor = self->executor != NULL ? g_object_ref (self->executor) : NULL;
      limiter = self->limiter != NULL ? g_object_ref (self->limiter) : NULL;
      options = (AiotCallOptions) { executor, limiter, self->name, self->priority, self->on_cancel };
      g_mutex_unlock (&self->mutex);
    }

  aiot_call_start (aiot_call_new (run_function, g_object_ref (self), g_object_unref, argument), &options,
                   self, aiot_threaded_call_async, cancellable, callback, callback_data);
}

/**
 * aiot_threaded_call_finish:
 * @self: a callable object
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the result of [method@Threaded.call_async].
 *
 * The result belongs to @result: in C it is valid until the callback returns, copy it to keep it. A function that
 * succeeded and set no result gives a value for which [func@value_is_no_value] is %TRUE. It may be asked more than
 * once, with the same answer.
 *
 * Errors: what the function set; %AIOT_ERROR_FAILED when it returned %FALSE and set none; %G_IO_ERROR_CANCELLED when the
 * call was cancelled before it ran, or was abandoned; %AIOT_ERROR_EXHAUSTED when no thread could be had.
 *
 * Returns: (transfer none) (nullable): the result, or %NULL with @error set
 *
 * Since: 1.0
 */
const GValue *
aiot_threaded_call_finish (AiotThreaded  *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (AIOT_IS_THREADED (self), NULL);
  g_return_val_if_fail (aiot_result_is_valid (result, self, aiot_threaded_call_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return aiot_call_finish (result, error);
}

/**
 * aiot_threaded_call_sync:
 * @self: a callable object
 * @argument: (nullable): what to call it with, which is copied
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Calls the function in the calling thread.
 *
 * No other thread is involved, so this blocks for as long as the function does: it is for workers, tests, and programs
 * without a main loop. The executor, the limiter and the priority of the object mean nothing here.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (AiotCall) call = aiot_threaded_call_sync (counter, &argument, NULL, &error);
 *
 * if (call != NULL)
 *   g_print ("%" G_GINT64_FORMAT " lines\n", g_value_get_int64 (aiot_call_get_result (call)));
 * ```
 *
 * Errors: those of [method@Threaded.call_finish], but for %AIOT_ERROR_EXHAUSTED.
 *
 * Returns: (transfer full) (nullable): the call, for its [method@Call.get_result], or %NULL with @error set
 *
 * Since: 1.0
 */
AiotCall *
aiot_threaded_call_sync (AiotThreaded  *self,
                         const GValue  *argument,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_autoptr (AiotCall) call = NULL;

  g_return_val_if_fail (AIOT_IS_THREADED (self), NULL);
  g_return_val_if_fail (argument == NULL || G_IS_VALUE (argument), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = aiot_call_new (run_function, g_object_ref (self), g_object_unref, argument);
  return aiot_call_run_here (call, aiot_threaded_get_name (self), cancellable, error) ? g_steal_pointer (&call) : NULL;
}
