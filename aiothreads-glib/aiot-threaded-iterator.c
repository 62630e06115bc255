/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-threaded-iterator-private.h"

#include "aiot-environment.h"
#include "aiot-progress.h"
#include "aiot-queue-iterator-private.h"

/**
 * AiotThreadedIterator:
 *
 * An [iface@Iterator] over what a blocking function gives in a thread.
 *
 * It is made by [method@ThreadedIterable.iterate], or by [ctor@ThreadedIterator.new] for a function that is used once. The
 * function starts when the first item is asked for, not before; it runs ahead of its consumer by as many items as the capacity
 * allows, and waits then.
 *
 * When the iterator is closed, or its last reference is dropped, from whatever thread, the function learns it at its next item, and
 * at once if it waits for room. All that was not handed out is freed on the main context that made the iterator.
 *
 * Since: 1.0
 */

struct _AiotThreadedIterator
{
  AiotQueueIterator parent_instance;

  AiotGenerator *generator;   /* set when it is made */
};

enum
{
  PROP_0,
  PROP_CAPACITY,
  PROP_PROGRESS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (AiotThreadedIterator, aiot_threaded_iterator, AIOT_TYPE_QUEUE_ITERATOR)

static void
aiot_threaded_iterator_start (AiotQueueIterator *iterator)
{
  aiot_generator_start (AIOT_THREADED_ITERATOR (iterator)->generator);
}

static void
aiot_threaded_iterator_closed (AiotQueueIterator *iterator)
{
  aiot_generator_close (AIOT_THREADED_ITERATOR (iterator)->generator);
}

static const AiotQueueIteratorFuncs iterator_funcs = {
  .start = aiot_threaded_iterator_start,
  .closed = aiot_threaded_iterator_closed,
  .has_producer = TRUE,
};

static void
aiot_threaded_iterator_get_property (GObject    *object,
                                     guint       property_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  AiotThreadedIterator *self = AIOT_THREADED_ITERATOR (object);

  switch (property_id)
    {
    case PROP_CAPACITY:
      g_value_set_uint (value, aiot_threaded_iterator_get_capacity (self));
      break;
    case PROP_PROGRESS:
      g_value_set_object (value, aiot_threaded_iterator_get_progress (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_threaded_iterator_finalize (GObject *object)
{
  g_clear_pointer (&AIOT_THREADED_ITERATOR (object)->generator, aiot_generator_unref);

  G_OBJECT_CLASS (aiot_threaded_iterator_parent_class)->finalize (object);
}

static void
aiot_threaded_iterator_class_init (AiotThreadedIteratorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = aiot_threaded_iterator_get_property;
  object_class->finalize = aiot_threaded_iterator_finalize;

  /**
   * AiotThreadedIterator:capacity: (getter get_capacity)
   *
   * How many items wait at most; 0 is no limit.
   *
   * Since: 1.0
   */
  properties[PROP_CAPACITY] =
    g_param_spec_uint ("capacity", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * AiotThreadedIterator:progress: (getter get_progress)
   *
   * How far the function has come, as it says itself.
   *
   * Since: 1.0
   */
  properties[PROP_PROGRESS] =
    g_param_spec_object ("progress", NULL, NULL, AIOT_TYPE_PROGRESS,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
aiot_threaded_iterator_init (AiotThreadedIterator *self)
{
}

/* Takes the generator. */
AiotThreadedIterator *
aiot_threaded_iterator_new_for (AiotGenerator              *generator,
                                const AiotGeneratorOptions *options,
                                GCancellable               *cancellable)
{
  AiotThreadedIterator *self = g_object_new (AIOT_TYPE_THREADED_ITERATOR, NULL);

  aiot_generator_prepare (generator, options, cancellable);
  self->generator = generator;
  aiot_queue_iterator_set_queue (AIOT_QUEUE_ITERATOR (self), aiot_queue_ref (aiot_generator_get_queue (generator)),
                                 &iterator_funcs);
  return self;
}

/**
 * aiot_threaded_iterator_new:
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): the blocking function
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data, on the thread-default main context of the calling thread, when @func has
 *   ended or will never run
 * @executor: (nullable): where it runs, or %NULL for the default one
 * @capacity: how many items wait at most, %AIOT_CAPACITY_DEFAULT or %AIOT_CAPACITY_UNBOUNDED
 * @cancellable: (nullable): stops @func; what it has given is still received, then %G_IO_ERROR_CANCELLED
 *
 * Makes an iterator over what a function gives that is used once. For one that is used again, see [class@ThreadedIterable].
 *
 * A function in JavaScript can't be called on another thread; use one from a native library there.
 *
 * Returns: (transfer full): a new iterator, which has not started anything
 *
 * Since: 1.0
 */
AiotThreadedIterator *
aiot_threaded_iterator_new (AiotGeneratorFunc  func,
                            gpointer           user_data,
                            GDestroyNotify     user_data_destroy,
                            AiotExecutor      *executor,
                            int                capacity,
                            GCancellable      *cancellable)
{
  AiotGeneratorOptions options = {
    .executor = executor,
    .capacity = capacity == AIOT_CAPACITY_DEFAULT ? aiot_get_default_capacity () : (guint) capacity,
  };

  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (executor == NULL || AIOT_IS_EXECUTOR (executor), NULL);
  g_return_val_if_fail (capacity >= AIOT_CAPACITY_DEFAULT, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return aiot_threaded_iterator_new_for (aiot_generator_new (func, user_data, user_data_destroy, NULL, NULL),
                                         &options, cancellable);
}

/**
 * aiot_threaded_iterator_get_capacity: (get-property capacity)
 * @self: an iterator
 *
 * Gets how many items wait at most.
 *
 * Returns: a number of items; 0 is no limit
 *
 * Since: 1.0
 */
guint
aiot_threaded_iterator_get_capacity (AiotThreadedIterator *self)
{
  g_return_val_if_fail (AIOT_IS_THREADED_ITERATOR (self), 0);

  return self->generator != NULL ? aiot_queue_get_capacity (aiot_generator_get_queue (self->generator)) : 0;
}

/**
 * aiot_threaded_iterator_get_length:
 * @self: an iterator
 *
 * Gets how many items wait now. It may be called from any thread.
 *
 * Returns: a number of items
 *
 * Since: 1.0
 */
guint
aiot_threaded_iterator_get_length (AiotThreadedIterator *self)
{
  g_return_val_if_fail (AIOT_IS_THREADED_ITERATOR (self), 0);

  return self->generator != NULL ? aiot_queue_get_length (aiot_generator_get_queue (self->generator)) : 0;
}

/**
 * aiot_threaded_iterator_get_peak_length:
 * @self: an iterator
 *
 * Gets how many items have waited at most so far. It may be called from any thread.
 *
 * Returns: a number of items
 *
 * Since: 1.0
 */
guint
aiot_threaded_iterator_get_peak_length (AiotThreadedIterator *self)
{
  AiotQueueStatistics statistics = { 0 };

  g_return_val_if_fail (AIOT_IS_THREADED_ITERATOR (self), 0);

  if (self->generator != NULL)
    aiot_queue_get_statistics (aiot_generator_get_queue (self->generator), &statistics);
  return statistics.peak_length;
}

/**
 * aiot_threaded_iterator_get_progress: (get-property progress)
 * @self: an iterator
 *
 * Gets how far the function has come, as it tells with [method@Generator.report_progress].
 *
 * The object notifies on the main context that made the iterator, at most once a frame. Use it only there.
 *
 * Returns: (transfer none): the progress, valid as long as the iterator
 *
 * Since: 1.0
 */
AiotProgress *
aiot_threaded_iterator_get_progress (AiotThreadedIterator *self)
{
  g_return_val_if_fail (AIOT_IS_THREADED_ITERATOR (self), NULL);

  return self->generator != NULL ? aiot_generator_get_progress (self->generator) : NULL;
}
