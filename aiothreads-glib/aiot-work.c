/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-work-private.h"

#include "aiot-error.h"

void
aiot_work_init (AiotWork            *self,
                const AiotWorkFuncs *funcs,
                const char          *name,
                int                  priority)
{
  self->funcs = funcs;
  self->name = name;
  self->priority = priority;
  self->link = (GList) { .data = self };
  self->is_queued = FALSE;
}

/* On the main context that it comes from, because it may drop the last reference to the values of context variables. */
void
aiot_work_clear (AiotWork *self)
{
  aiot_work_drop_main_context (self);
  g_clear_pointer (&self->context, aiot_context_unref);
  g_clear_pointer (&self->home, aiot_home_unref);
}

#define LOCK_BIT 0
#define UNLOCKED(pointer) ((GMainContext *) ((gsize) (pointer) & ~((gsize) 1 << LOCK_BIT)))

/*
 * Work in flight keeps its main context alive, until the caller is answered, or the main context is abandoned. The function may
 * still run then, and ask for it.
 */
void
aiot_work_drop_main_context (AiotWork *self)
{
  GMainContext *main_context;

  if (g_atomic_pointer_get (&self->main_context) == NULL)
    return;

  g_pointer_bit_lock (&self->main_context, LOCK_BIT);
  main_context = UNLOCKED (g_atomic_pointer_get (&self->main_context));
  g_atomic_pointer_set (&self->main_context, (gpointer) ((gsize) 1 << LOCK_BIT));
  g_pointer_bit_unlock (&self->main_context, LOCK_BIT);

  if (main_context != NULL)
    g_main_context_unref (main_context);
}

/* NULL when it was dropped, or never was one but the global default one. */
GMainContext *
aiot_work_ref_main_context (AiotWork *self)
{
  GMainContext *main_context;

  if (g_atomic_pointer_get (&self->main_context) == NULL)
    return NULL;

  g_pointer_bit_lock (&self->main_context, LOCK_BIT);
  main_context = UNLOCKED (g_atomic_pointer_get (&self->main_context));
  if (main_context != NULL)
    g_main_context_ref (main_context);
  g_pointer_bit_unlock (&self->main_context, LOCK_BIT);

  return main_context;
}

static void
work_come_from (AiotWork     *self,
                AiotHome     *home,
                GMainContext *main_context)
{
  self->home = home;
  if (main_context != NULL && main_context != g_main_context_default ())
    self->main_context = g_main_context_ref (main_context);
  self->context = aiot_context_ref_or_null ();
}

/* It reports to the thread-default main context. */
void
aiot_work_come_from_here (AiotWork *self)
{
  work_come_from (self, aiot_home_dup_thread_default (), g_main_context_get_thread_default ());
}

void
aiot_work_come_from_main_context (AiotWork     *self,
                                  GMainContext *main_context)
{
  work_come_from (self, aiot_home_dup_for (main_context), main_context);
}

/* It reports to where the running work of this thread does; @origin is NULL where there is none. */
void
aiot_work_come_from_work (AiotWork *self,
                          AiotWork *origin)
{
  if (origin != NULL && origin->home != NULL)
    {
      self->home = aiot_home_ref (origin->home);
      self->lane = origin->lane;
      self->main_context = aiot_work_ref_main_context (origin);
    }
  self->context = aiot_context_ref_or_null ();
}

gboolean
aiot_work_is_cancelled (AiotWork *self)
{
  return g_atomic_int_get (&self->is_cancelled);
}

/* Any thread: what it sleeps on returns, and so does what it will sleep on. */
void
aiot_work_mark_cancelled (AiotWork *self)
{
  AiotWaiter *waiter;

  g_atomic_int_set (&self->is_cancelled, TRUE);
  waiter = g_atomic_pointer_exchange (&self->waiter, NULL);
  if (waiter != NULL)
    aiot_waiter_tell (waiter);
}

/* The same, and the functions that it gave its cancellable to. */
void
aiot_work_cancel (AiotWork      *self,
                  GCancellable **own)
{
  GCancellable *made;

  aiot_work_mark_cancelled (self);
  made = g_atomic_pointer_get (own);
  if (made != NULL)
    g_cancellable_cancel (made);
}

/* Any thread: what work has for functions that take a cancellable, atomic, and made when it is first needed. */
GCancellable *
aiot_work_get_cancellable (AiotWork      *self,
                           GCancellable **own)
{
  g_autoptr (GCancellable) made = NULL;

  if (g_atomic_pointer_get (own) == NULL)
    {
      made = g_cancellable_new ();
      if (g_atomic_pointer_compare_and_exchange (own, NULL, made))
        g_steal_pointer (&made);

      /* Whoever cancelled meanwhile may have looked for it too early. */
      if (aiot_work_is_cancelled (self))
        g_cancellable_cancel (g_atomic_pointer_get (own));
    }
  return g_atomic_pointer_get (own);
}

/* What its caller is told of what a function returned: NULL where it succeeded. Takes the error. */
GError *
aiot_work_judge (const char *name,
                 gboolean    succeeded,
                 GError     *error)
{
  if (!succeeded)
    return error != NULL ? error : g_error_new (AIOT_ERROR, AIOT_ERROR_FAILED, "%s failed without saying why", name);

  if (error != NULL)
    g_warning ("%s returned TRUE and set an error, which is ignored: %s", name, error->message);
  g_clear_error (&error);
  return NULL;
}
