/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frame-meter.h"
#include "item-flood.h"
#include "test-util.h"

#include <gtk/gtk.h>

/*
 * The frame clock of a window, while a worker sends more than its main loop can take. How many items come between two frames says
 * that frames went first, however busy the machine is: each takes its time on the main loop, and more of it on a busy machine.
 */

#define N_ITEMS 100000
#define COST    20

/* An interval of the frame clock that began late, one more that it may have left out for that, and some slices. */
#define MAX_BETWEEN_FRAMES (40 * G_TIME_SPAN_MILLISECOND / COST)

/* On the average there is a frame for each 20 ms of work. */
#define MIN_FRAMES (N_ITEMS * COST / (20 * G_TIME_SPAN_MILLISECOND))

#define N_WARM_UP 30

/* Enough of them to be seen. */
#define N_IDLES (3 * MAX_BETWEEN_FRAMES)

typedef struct
{
  GtkWidget *window;
  FrameMeter meter;
  const FloodWay *way;
  ItemFlood *flood;         /* of a way; NULL: not yet */
  guint n_idles;
  guint n_idles_left;
  guint n_ticks;
  gboolean is_done;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  fixture->window = gtk_window_new ();
  gtk_window_present (GTK_WINDOW (fixture->window));
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  GtkWidget *window = g_object_ref (fixture->window);

  gtk_window_destroy (GTK_WINDOW (window));
  g_clear_pointer (&fixture->flood, item_flood_free);
  g_assert_finalize_object (window);
}

static gboolean
receive_idle (gpointer user_data)
{
  Fixture *fixture = user_data;
  gint64 end = g_get_monotonic_time () + COST;

  while (g_get_monotonic_time () < end)
    ;
  fixture->n_idles_left--;
  return G_SOURCE_REMOVE;
}

static void
begin (Fixture *fixture)
{
  frame_meter_start (&fixture->meter, 0);
  if (fixture->way != NULL)
    fixture->flood = item_flood_new (fixture->way, N_ITEMS, COST);
  for (guint i = 0; i < fixture->n_idles; i++)
    g_idle_add (receive_idle, fixture);
}

/* The frame after the last item is the last one. */
static gboolean
tick_cb (GtkWidget     *widget,
         GdkFrameClock *clock,
         gpointer       user_data)
{
  Fixture *fixture = user_data;

  /* So that the clock has something to draw, too. */
  gtk_widget_queue_draw (widget);
  fixture->n_ticks++;
  if (fixture->n_ticks == N_WARM_UP)
    begin (fixture);
  else if (fixture->n_ticks > N_WARM_UP)
    frame_meter_tick (&fixture->meter, fixture->flood != NULL ? item_flood_get_n_received (fixture->flood)
                                                              : fixture->n_idles - fixture->n_idles_left);
  fixture->is_done = fixture->n_ticks > N_WARM_UP &&
                     (fixture->flood != NULL ? item_flood_is_done (fixture->flood) : fixture->n_idles_left == 0);
  return G_SOURCE_CONTINUE;
}

static void
draw_until_done (Fixture *fixture)
{
  gtk_widget_add_tick_callback (fixture->window, tick_cb, fixture, NULL);
  while (!fixture->is_done)
    g_main_context_iteration (NULL, TRUE);
  g_test_message ("%u frames, worst gap %.1f ms, at most %u items between two", fixture->meter.n_frames,
                  (double) fixture->meter.worst_gap / G_TIME_SPAN_MILLISECOND, fixture->meter.most_items);
}

static void
test_frames_go_on (Fixture       *fixture,
                   gconstpointer  way)
{
  fixture->way = flood_way_find (way);
  draw_until_done (fixture);

  g_assert_cmpuint (item_flood_get_n_received (fixture->flood), ==, N_ITEMS);
  g_assert_true (item_flood_is_in_order (fixture->flood));
  g_assert_cmpuint (fixture->meter.most_items, <=, MAX_BETWEEN_FRAMES);
  g_assert_cmpuint (fixture->meter.n_frames, >=, MIN_FRAMES);
}

/* What is measured above would be seen: GLib calls all sources that are ready before it looks at the clock again. */
static void
test_idles_stop_frames (Fixture       *fixture,
                        gconstpointer  data)
{
  fixture->n_idles = fixture->n_idles_left = N_IDLES;
  draw_until_done (fixture);

  g_assert_cmpuint (fixture->meter.most_items, ==, N_IDLES);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  if (!gtk_init_check ())
    g_error ("There is no display");

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/gtk/frames/go-on-while-a-generator-floods", "generator", test_frames_go_on);
  ADD ("/gtk/frames/go-on-while-a-channel-floods", "channel", test_frames_go_on);
  ADD ("/gtk/frames/stop-while-idles-flood", NULL, test_idles_stop_frames);
  return g_test_run ();
}
