/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tree-pipeline.h"

#include "tree-walk.h"

/*
 *                     files, a channel                 results, a channel
 *   one call, walks  ------------------>  some, hash  -------------------->  the main loop
 *             |                                                                  ^
 *             +------------------------------------------------------------------+
 *                          what is no file, or could not be listed
 *
 * Both channels are bounded, so memory is, however large the trees are: when the hashing is slow the walk waits, and when the
 * main loop is slow all wait. The main loop itself never does.
 *
 * The walk is done when it has sent the last file, and closes the first channel. What is in it is still received, then those
 * that hash are done. When all calls have come back the second channel is closed, and the iteration over it ends.
 */

#define CAPACITY 256

struct _TreePipeline
{
  GCancellable *cancellable;
  AiotThreadedIterable *walk;
  AiotChannel *files;
  AiotChannel *results;
  AiotThreaded *walker;
  AiotThreaded *hasher;
  guint n_hashers;

  int n_in_flight;      /* atomic: files that are being hashed */

  /* Main loop only */
  gboolean is_walking;
  guint n_hashing;      /* calls that have not come back */
  GError *error;        /* the first one */
};

/* --- In threads --- */

typedef struct
{
  TreePipeline *pipeline;
  GError *error;
} Sending;

/* Blocks while the channel is full, and the walk with it. */
static gboolean
send_finding (const GValue *item,
              gpointer      user_data)
{
  Sending *self = user_data;
  gboolean is_a_file = tree_finding_is_a_file (aiot_value_get_pointer (item));
  AiotChannel *channel = is_a_file ? self->pipeline->files : self->pipeline->results;

  return aiot_channel_send (channel, item, NULL, &self->error) != AIOT_SENT_NOTHING;
}

static gboolean
walk (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  Sending sending = { .pipeline = user_data };
  /* This thread has nothing else to do, so the generator needs no other one. */
  gboolean succeeded = aiot_threaded_iterable_iterate_sync (sending.pipeline->walk, NULL, send_finding, &sending,
                                                            aiot_call_get_cancellable (call), error);

  if (sending.error == NULL)
    return succeeded;

  g_clear_error (error);
  g_propagate_error (error, sending.error);
  return FALSE;
}

static gboolean
hash_finding (TreePipeline  *self,
              const GValue  *item,
              GCancellable  *cancellable,
              GError       **error)
{
  gboolean goes_on;

  g_atomic_int_inc (&self->n_in_flight);
  goes_on = tree_finding_hash (aiot_value_get_pointer (item), cancellable, error);
  g_atomic_int_add (&self->n_in_flight, -1);
  return goes_on && aiot_channel_send (self->results, item, NULL, error) != AIOT_SENT_NOTHING;
}

/* Takes one file after the other, as the others of its kind do, and sends on what it has found out about it. */
static gboolean
hash (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  TreePipeline *self = user_data;
  g_autoptr (AiotIterator) files = aiot_channel_iterate (self->files);
  g_autoptr (GError) end = NULL;
  gboolean goes_on = TRUE;

  while (goes_on)
    {
      g_auto (GValue) item = G_VALUE_INIT;

      goes_on = aiot_iterator_next_sync (files, &item, NULL, &end) &&
                hash_finding (self, &item, aiot_call_get_cancellable (call), &end);
    }

  if (end == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&end));
  return FALSE;
}

/* --- On the main loop --- */

/* A channel that was closed is no failure of those who wanted to send to it. */
static void
tree_pipeline_note_error (TreePipeline *self,
                          GError       *error)
{
  if (self->error == NULL && !g_error_matches (error, AIOT_ERROR, AIOT_ERROR_CLOSED))
    self->error = error;
  else
    g_clear_error (&error);
}

static void
tree_pipeline_go_on (TreePipeline *self)
{
  /* No more files come, or nobody takes them any more. */
  if (!self->is_walking || self->n_hashing == 0)
    aiot_channel_close (self->files);
  if (!self->is_walking && self->n_hashing == 0)
    aiot_channel_close (self->results);
}

static void
tree_pipeline_returned_cb (GObject      *source_object,
                           GAsyncResult *result,
                           gpointer      user_data)
{
  TreePipeline *self = user_data;
  AiotThreaded *threaded = AIOT_THREADED (source_object);
  GError *error = NULL;

  if (aiot_threaded_call_finish (threaded, result, &error) == NULL)
    tree_pipeline_note_error (self, error);
  if (threaded == self->walker)
    self->is_walking = FALSE;
  else
    self->n_hashing--;
  tree_pipeline_go_on (self);
}

TreePipeline *
tree_pipeline_new (char         **paths,
                   guint          n_hashers,
                   GCancellable  *cancellable)
{
  TreePipeline *self = g_new0 (TreePipeline, 1);

  self->cancellable = g_object_ref (cancellable);
  self->walk = tree_walk_new_iterable (paths);
  self->files = aiot_channel_new (CAPACITY);
  self->results = aiot_channel_new (CAPACITY);
  self->walker = aiot_threaded_new (walk, self, NULL);
  self->hasher = aiot_threaded_new (hash, self, NULL);
  self->n_hashers = n_hashers;
  aiot_threaded_set_name (self->walker, "walk-tree");
  aiot_threaded_set_name (self->hasher, "hash-files");
  return self;
}

void
tree_pipeline_free (TreePipeline *self)
{
  g_clear_error (&self->error);
  g_object_unref (self->hasher);
  g_object_unref (self->walker);
  g_object_unref (self->results);
  g_object_unref (self->files);
  g_object_unref (self->walk);
  g_object_unref (self->cancellable);
  g_free (self);
}

AiotIterator *
tree_pipeline_start (TreePipeline *self)
{
  self->is_walking = TRUE;
  self->n_hashing = self->n_hashers;
  aiot_threaded_call_async (self->walker, NULL, self->cancellable, tree_pipeline_returned_cb, self);
  for (guint i = 0; i < self->n_hashers; i++)
    aiot_threaded_call_async (self->hasher, NULL, self->cancellable, tree_pipeline_returned_cb, self);
  return aiot_channel_iterate (self->results);
}

/* What went wrong, should it not have been a file. */
gboolean
tree_pipeline_finish (TreePipeline  *self,
                      GError       **error)
{
  if (self->error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/* How many files may wait to be hashed. */
guint
tree_pipeline_get_capacity (TreePipeline *self)
{
  return aiot_channel_get_capacity (self->files);
}

guint
tree_pipeline_get_peak_length (TreePipeline *self)
{
  return aiot_channel_get_peak_length (self->files);
}

guint
tree_pipeline_get_n_waiting (TreePipeline *self)
{
  return aiot_channel_get_length (self->files);
}

/* How many are being hashed. */
guint
tree_pipeline_get_n_in_flight (TreePipeline *self)
{
  return g_atomic_int_get (&self->n_in_flight);
}
