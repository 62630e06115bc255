/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-work-queue-private.h"

/*
 * Work in the order of its priority, and first come first served within one. Programs use a handful of priorities, so
 * there is one plain queue for each, and they are searched one by one. No locks: whoever owns the queue has one.
 *
 * Work that others were preferred to ages: when a queue was passed over PATIENCE times, it is its turn. So a flood of urgent work
 * slows other work down to a sixteenth, but never stops it, and a heap of old work takes no more than that from urgent work.
 */

#define PATIENCE 15

typedef struct
{
  int priority;
  GQueue works;
  guint n_passed_over;   /* since its head was taken last, or it had none */
} Level;

struct _AiotWorkQueue
{
  GArray *levels;   /* of Level, most urgent first */
  guint length;
};

AiotWorkQueue *
aiot_work_queue_new (void)
{
  AiotWorkQueue *self = g_new0 (AiotWorkQueue, 1);

  self->levels = g_array_new (FALSE, FALSE, sizeof (Level));
  return self;
}

void
aiot_work_queue_free (AiotWorkQueue *self)
{
  g_assert (self->length == 0);

  g_array_unref (self->levels);
  g_free (self);
}

guint
aiot_work_queue_get_length (AiotWorkQueue *self)
{
  return self->length;
}

static Level *
get_level (AiotWorkQueue *self,
           int            priority)
{
  Level level = { priority, G_QUEUE_INIT, 0 };
  guint i = 0;

  while (i < self->levels->len && g_array_index (self->levels, Level, i).priority < priority)
    i++;
  if (i == self->levels->len || g_array_index (self->levels, Level, i).priority != priority)
    g_array_insert_val (self->levels, i, level);
  return &g_array_index (self->levels, Level, i);
}

void
aiot_work_queue_push (AiotWorkQueue *self,
                      AiotWork      *work)
{
  g_queue_push_tail_link (&get_level (self, work->priority)->works, &work->link);
  work->is_queued = TRUE;
  self->length++;
}

/* The most urgent one that has work, or one whose patience is over. */
static Level *
choose_level (AiotWorkQueue *self)
{
  Level *chosen = NULL;

  for (guint i = 0; i < self->levels->len; i++)
    {
      Level *level = &g_array_index (self->levels, Level, i);

      if (level->works.length == 0)
        continue;
      if (chosen == NULL)
        chosen = level;
      else if (++level->n_passed_over > PATIENCE)
        return level;
    }
  return chosen;
}

/* NULL when there is none. */
AiotWork *
aiot_work_queue_pop (AiotWorkQueue *self)
{
  Level *level = choose_level (self);
  AiotWork *work;

  if (level == NULL)
    return NULL;

  level->n_passed_over = 0;
  work = g_queue_pop_head_link (&level->works)->data;
  work->is_queued = FALSE;
  self->length--;
  return work;
}

/* FALSE when a worker has taken it, or it never was here. */
gboolean
aiot_work_queue_remove (AiotWorkQueue *self,
                        AiotWork      *work)
{
  Level *level;

  if (!work->is_queued)
    return FALSE;

  level = get_level (self, work->priority);
  g_queue_unlink (&level->works, &work->link);
  if (level->works.length == 0)
    level->n_passed_over = 0;
  work->is_queued = FALSE;
  self->length--;
  return TRUE;
}
