/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "sqlite-pager.h"

#include "sqlite-cursor.h"

/*
 * An iterator that is no generator.
 *
 * A connection to SQLite belongs to one thread, so there is a serial executor. A generator would hold its thread from the
 * first page to the last, whoever else wants something of the database. Here each page is one call, made when it is asked
 * for: nothing is read ahead, so there is nothing to be held back, and between two pages the thread is free.
 *
 * It implements what an iterator needs, and close_async, because whoever deletes the file wants to know when it is closed. All
 * else is made of that.
 */

struct _SqlitePager
{
  GObject parent_instance;

  /* Set at construction, then read by any thread */
  AiotExecutor *executor;
  AiotThreaded *read_page;
  SqliteCursor *cursor;     /* used on the executor only, but to stop it */

  int is_over;              /* atomic: the end was told, or an error */
};

/* --- On the thread of the database --- */

static gboolean
read_page (AiotCall  *call,
           gpointer   cursor,
           GError   **error)
{
  g_autoptr (GError) page_error = NULL;
  GVariant *page = sqlite_cursor_read_page (cursor, aiot_call_get_cancellable (call), &page_error);

  if (page_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&page_error));
      return FALSE;
    }

  /* The end is a call without a result. */
  if (page != NULL)
    aiot_call_set_result_variant (call, page);
  g_clear_pointer (&page, g_variant_unref);
  return TRUE;
}

static gboolean
close_cursor (AiotCall  *call,
              gpointer   cursor,
              GError   **error)
{
  sqlite_cursor_close (cursor);
  return TRUE;
}

/* --- Its pages --- */

static gboolean
sqlite_pager_is_closed (AiotIterator *iterator)
{
  SqlitePager *self = SQLITE_PAGER (iterator);

  return sqlite_cursor_is_stopped (self->cursor) || g_atomic_int_get (&self->is_over);
}

static void
value_free (gpointer data)
{
  g_value_unset (data);
  g_free (data);
}

static void
return_closed (GTask *task)
{
  g_task_return_new_error (task, AIOT_ERROR, AIOT_ERROR_CLOSED, "The pages were closed");
}

static void
sqlite_pager_read_cb (GObject      *source_object,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  SqlitePager *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  const GValue *page = aiot_threaded_call_finish (self->read_page, result, &error);

  /* What is closed gives nothing any more, not even what was read already. */
  if (sqlite_cursor_is_stopped (self->cursor))
    {
      return_closed (task);
      return;
    }

  /* Whoever merely stops to wait may ask again. */
  if (page == NULL ? !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) : aiot_value_is_no_value (page))
    g_atomic_int_set (&self->is_over, TRUE);
  if (page == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  if (!aiot_value_is_no_value (page))
    {
      GValue *item = g_new0 (GValue, 1);

      g_value_init (item, G_VALUE_TYPE (page));
      g_value_copy (page, item);
      g_task_set_task_data (task, item, value_free);
    }
  g_task_return_boolean (task, TRUE);
}

static void
sqlite_pager_next_async (AiotIterator        *iterator,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             callback_data)
{
  SqlitePager *self = SQLITE_PAGER (iterator);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, callback_data);

  g_task_set_source_tag (task, sqlite_pager_next_async);
  /* A page that was read is given, even if it is not wanted any more by then: it would be missing. */
  g_task_set_check_cancellable (task, FALSE);
  if (sqlite_pager_is_closed (iterator))
    return_closed (task);
  else
    aiot_threaded_call_async (self->read_page, NULL, cancellable, sqlite_pager_read_cb, g_steal_pointer (&task));
}

/* The item belongs to the result. */
static const GValue *
sqlite_pager_next_finish (AiotIterator  *iterator,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, iterator), NULL);

  return g_task_propagate_boolean (G_TASK (result), error) ? g_task_get_task_data (G_TASK (result)) : NULL;
}

/* --- Closing --- */

static void
sqlite_pager_close (AiotIterator *iterator)
{
  sqlite_cursor_stop (SQLITE_PAGER (iterator)->cursor);
}

static void
sqlite_pager_close_cb (GObject      *source_object,
                       GAsyncResult *result,
                       gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (aiot_offload_finish (result, &error) != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* In line behind the page that is being read. */
static void
sqlite_pager_close_async (AiotIterator        *iterator,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             callback_data)
{
  SqlitePager *self = SQLITE_PAGER (iterator);
  GTask *task = g_task_new (self, cancellable, callback, callback_data);

  g_task_set_source_tag (task, sqlite_pager_close_async);
  sqlite_pager_close (iterator);
  aiot_offload_async (self->executor, close_cursor, self->cursor, NULL, cancellable, sqlite_pager_close_cb, task);
}

static gboolean
sqlite_pager_close_finish (AiotIterator  *iterator,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, iterator), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
sqlite_pager_iterator_init (AiotIteratorInterface *iface)
{
  iface->next_async = sqlite_pager_next_async;
  iface->next_finish = sqlite_pager_next_finish;
  iface->close = sqlite_pager_close;
  iface->close_async = sqlite_pager_close_async;
  iface->close_finish = sqlite_pager_close_finish;
  iface->is_closed = sqlite_pager_is_closed;
}

/* --- The object --- */

G_DEFINE_FINAL_TYPE_WITH_CODE (SqlitePager, sqlite_pager, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (AIOT_TYPE_ITERATOR, sqlite_pager_iterator_init))

/* Nothing reads any more, because that would hold it. The database is closed where it was opened. */
static void
sqlite_pager_finalize (GObject *object)
{
  SqlitePager *self = SQLITE_PAGER (object);

  aiot_offload_async (self->executor, close_cursor, self->cursor, (GDestroyNotify) sqlite_cursor_free, NULL, NULL, NULL);
  g_object_unref (self->read_page);
  g_object_unref (self->executor);

  G_OBJECT_CLASS (sqlite_pager_parent_class)->finalize (object);
}

static void
sqlite_pager_class_init (SqlitePagerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sqlite_pager_finalize;
}

static void
sqlite_pager_init (SqlitePager *self)
{
}

SqlitePager *
sqlite_pager_new (const char *path,
                  const char *table,
                  guint       page_size)
{
  SqlitePager *self = g_object_new (SQLITE_TYPE_PAGER, NULL);

  self->executor = aiot_executor_new_serial ("sqlite");
  self->cursor = sqlite_cursor_new (path, table, page_size);
  self->read_page = aiot_threaded_new (read_page, self->cursor, NULL);
  aiot_threaded_set_name (self->read_page, "read-page");
  aiot_threaded_set_executor (self->read_page, self->executor);
  return self;
}
