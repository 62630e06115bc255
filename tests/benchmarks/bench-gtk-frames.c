/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"

#include <string.h>

/*
 * How many frames a window of GTK draws while a worker has more and more items for it. That is a program of its own, aiot-frames,
 * which counts its frames itself, and has a new screen each time.
 */

#define ITEM_COST 20

/* A screen that does not say has 60 Hz. */
#define FRAMES_PER_SECOND 60

/* Built without GTK. */
#ifndef FRAMES_PROGRAM
#define FRAMES_PROGRAM ""
#define UNDER_XVFB ""
#endif

typedef struct
{
  const char *way;
  guint n_items;
  double seconds;

  /* in milliseconds, one for each run */
  GArray *gaps;
  guint n_gaps_read;
} Scene;

static char *
run_program (Scene *self)
{
  char seconds[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *n_items = g_strdup_printf ("%u", self->n_items);
  g_autofree char *cost = g_strdup_printf ("%d", ITEM_COST);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  const char *arguments[] = {
    UNDER_XVFB, FRAMES_PROGRAM, "--way", self->way, "--items", n_items, "--cost", cost,
    "--measure", g_ascii_dtostr (seconds, sizeof seconds, self->seconds), NULL
  };
  int status;

  if (!g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, &error) ||
      !g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s", FRAMES_PROGRAM, error->message);
  return g_steal_pointer (&output);
}

/* One of the lines key=value. */
static double
read_figure (char       **lines,
             const char  *key)
{
  for (; *lines != NULL; lines++)
    {
      const char *end = strchr (*lines, '=');

      if (end != NULL && strlen (key) == (gsize) (end - *lines) && g_str_has_prefix (*lines, key))
        return g_ascii_strtod (end + 1, NULL);
    }
  g_error ("%s says nothing of %s", FRAMES_PROGRAM, key);
}

static double
run_scene (gpointer data)
{
  Scene *self = data;
  g_autofree char *output = run_program (self);
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  double gap = read_figure (lines, "worst_gap_ms");

  if (read_figure (lines, "received") != self->n_items || read_figure (lines, "in_order") != 1)
    g_error ("Not all items came in their order:\n%s", output);
  g_array_append_val (self->gaps, gap);
  return read_figure (lines, "frames");
}

static double
read_gap (gpointer data)
{
  Scene *self = data;

  return g_array_index (self->gaps, double, self->n_gaps_read++);
}

static const char *
find_what_is_missing (void)
{
  g_autofree char *xvfb_run = g_find_program_in_path ("xvfb-run");
  g_autofree char *xauth = g_find_program_in_path ("xauth");

  if (*FRAMES_PROGRAM == '\0')
    return "built without GTK 4";
  return xvfb_run == NULL || xauth == NULL ? "xvfb-run or xauth is not installed" : NULL;
}

/* --- the part of the program --- */

/*
 * Alone it is what the promise says: 3 s, 100 000 items, five times. Among the others it is shorter. A machine on which the first
 * way misses the goal has no time to draw.
 */
void
bench_gtk_frames (const BenchRun *run)
{
  const char *missing = find_what_is_missing ();
  const double seconds = bench_scaled (run, run->chosen ? 3000 : 1000) / 1000.0;
  const guint n_items = bench_scaled (run, run->chosen ? 100000 : 33333);
  const guint n_frames = seconds * FRAMES_PER_SECOND;
  const BenchGoal all_frames = { .at_least = n_frames - (n_frames > 100 ? 2 : 1) };
  const BenchGoal no_gap = { .at_most = 25, .worst_at_most = 50 };
  g_autofree char *title = g_strdup_printf ("Frames of GTK drawn of %u, while a worker sends %u items that cost %d µs each",
                                            n_frames, n_items, ITEM_COST);
  Scene scenes[] = {
    { "alone", n_items, seconds },
    { "idle", n_items, seconds },
    { "generator", n_items, seconds },
    { "channel", n_items, seconds },
  };
  const BenchWay ways[] = {
    { "no worker, by hand in slices of 1 ms", run_scene, &scenes[0], .missing = missing },
    { "g_idle_add for each item", run_scene, &scenes[1], .missing = missing },
    { "generator, foreach_async", run_scene, &scenes[2], all_frames, missing },
    { "channel, foreach_async", run_scene, &scenes[3], all_frames, missing },
  };
  const BenchWay gap_ways[] = {
    { "no worker, by hand in slices of 1 ms", read_gap, &scenes[0], .missing = missing },
    { "g_idle_add for each item", read_gap, &scenes[1], .missing = missing },
    { "generator, foreach_async", read_gap, &scenes[2], no_gap, missing },
    { "channel, foreach_async", read_gap, &scenes[3], no_gap, missing },
  };
  const guint n_rounds = bench_n_rounds (run, run->chosen ? 5 : 3);
  const BenchGroup group = { "gtk-frames", title, ways, G_N_ELEMENTS (ways), n_rounds, "frames" };
  const BenchGroup gaps = {
    "gtk-frame-gap", "The worst gap between two frames of GTK meanwhile", gap_ways, G_N_ELEMENTS (gap_ways), n_rounds, "ms"
  };

  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    scenes[i].gaps = g_array_new (FALSE, FALSE, sizeof (double));
  bench_run_group (run, &group);
  bench_run_group (run, &gaps);
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    g_array_unref (scenes[i].gaps);
}
