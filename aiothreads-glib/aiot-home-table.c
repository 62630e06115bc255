/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-home-table-private.h"

#include "aiot-process-private.h"

/*
 * Which home belongs to which main context, and to which thread.
 *
 * The table holds no references: a home leaves it, under table_mutex, before the last reference that its main context
 * gives it goes away. It may therefore be found, and referenced, only under that lock. A new main context at the
 * address of an old one gets a new home, because the old one has left by then.
 *
 * Each thread remembers the homes of the main contexts that were its thread-default one. Those that are still its own when
 * it ends are abandoned: nobody will iterate them any more, unless somebody said that others may.
 */

typedef struct
{
  gsize id;
  gboolean is_joined; /* the end of the process waits for it */
  AiotHome *last;     /* what the thread asked for most recently */
  GPtrArray *homes;   /* of the main contexts that this thread had as its default */
} HomeThread;

static GMutex table_mutex;   /* guards the table */
static GHashTable *table;
static gsize last_thread_id; /* atomic */

static void home_thread_free (gpointer data);

static GPrivate current_thread = G_PRIVATE_INIT (home_thread_free);

static void
home_thread_free (gpointer data)
{
  HomeThread *self = data;

  /* For what is freed here, this still is the thread that it belongs to. It may start new work, and so claim more. */
  g_private_set (&current_thread, self);
  g_clear_pointer (&self->last, aiot_home_unref);
  while (self->homes->len > 0)
    {
      g_autoptr (AiotHome) home = g_ptr_array_steal_index (self->homes, 0);

      if (aiot_home_get_thread_id (home) == self->id && !aiot_home_outlives_threads (home))
        aiot_home_abandon (home);
    }
  g_private_set (&current_thread, NULL);
  g_clear_pointer (&self->last, aiot_home_unref);
  g_ptr_array_unref (self->homes);
  g_free (self);
}

/* Any thread that does not come back: its main contexts are gone. */
void
aiot_home_thread_end (void)
{
  g_private_replace (&current_thread, NULL);
}

static HomeThread *
home_thread_get (void)
{
  HomeThread *self = g_private_get (&current_thread);

  if (G_UNLIKELY (self == NULL))
    {
      self = g_new0 (HomeThread, 1);
      self->id = g_atomic_pointer_add (&last_thread_id, 1) + 1;
      self->is_joined = aiot_process_is_joined ();
      self->homes = g_ptr_array_new_with_free_func ((GDestroyNotify) aiot_home_unref);
      g_private_set (&current_thread, self);
    }
  return self;
}

gsize
aiot_home_thread_get_id (void)
{
  return home_thread_get ()->id;
}

/* 0 for a thread that never had to do with a home. */
gsize
aiot_home_thread_peek_id (void)
{
  HomeThread *self = g_private_get (&current_thread);

  return self != NULL ? self->id : 0;
}

/* The main context of @home is the thread-default one of this thread. */
void
aiot_home_thread_claim (AiotHome *home)
{
  HomeThread *self = home_thread_get ();

  aiot_home_set_thread_id (home, self->id, self->is_joined);
  if (g_ptr_array_find (self->homes, home, NULL))
    return;

  for (guint i = self->homes->len; i-- > 0;)
    {
      AiotHome *known = g_ptr_array_index (self->homes, i);

      if (!aiot_home_serves (known, aiot_home_get_address (known)))
        g_ptr_array_remove_index_fast (self->homes, i);
    }
  g_ptr_array_add (self->homes, aiot_home_ref (home));
}

AiotHome *
aiot_home_dup_for (GMainContext *main_context)
{
  AiotHome *home;

  g_mutex_lock (&table_mutex);
  if (table == NULL)
    table = g_hash_table_new (NULL, NULL);

  home = g_hash_table_lookup (table, main_context);
  if (home != NULL)
    {
      aiot_home_ref (home);
    }
  else
    {
      home = aiot_home_new (main_context);
      g_hash_table_insert (table, main_context, home);
    }
  g_mutex_unlock (&table_mutex);

  return home;
}

/* The home of what this thread starts now. */
AiotHome *
aiot_home_dup_thread_default (void)
{
  GMainContext *own = g_main_context_get_thread_default ();
  GMainContext *main_context = own != NULL ? own : g_main_context_default ();
  HomeThread *thread = home_thread_get ();

  if (thread->last == NULL || !aiot_home_serves (thread->last, main_context))
    {
      g_clear_pointer (&thread->last, aiot_home_unref);
      thread->last = aiot_home_dup_for (main_context);
    }

  /* The global default context outlives every thread but the one that ends the process. */
  if (own != NULL && own != g_main_context_default ())
    aiot_home_thread_claim (thread->last);

  return aiot_home_ref (thread->last);
}

void
aiot_home_table_forget (AiotHome *home)
{
  GMainContext *main_context = aiot_home_get_address (home);

  g_mutex_lock (&table_mutex);
  if (g_hash_table_lookup (table, main_context) == home)
    g_hash_table_remove (table, main_context);
  g_mutex_unlock (&table_mutex);
}

/* When the process ends: all but those of threads that it waits for, which end with their threads. */
void
aiot_home_end_all (void)
{
  g_autoptr (GPtrArray) homes = g_ptr_array_new_with_free_func ((GDestroyNotify) aiot_home_unref);
  GHashTableIter iter;
  gpointer home;

  g_mutex_lock (&table_mutex);
  if (table != NULL)
    {
      g_hash_table_iter_init (&iter, table);
      while (g_hash_table_iter_next (&iter, NULL, &home))
        g_ptr_array_add (homes, aiot_home_ref (home));
    }
  g_mutex_unlock (&table_mutex);

  for (guint i = 0; i < homes->len; i++)
    {
      AiotHome *ending = g_ptr_array_index (homes, i);

      if (!aiot_home_outlives_exit (ending))
        aiot_home_abandon (ending);
    }
}
