/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frame-meter.h"
#include "frame-view.h"
#include "item-flood.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Shows what becomes of the frames of a window while a worker sends more items than its main loop can take. The gaps between frames
 * are seen, and each way of sending can be tried.
 */

/* A window that has just come up draws irregularly. */
#define N_WARM_UP 30

/* The counters are there to be read, not to cost frames. */
#define FRAMES_PER_UPDATE 12

/* No item may be lost, however long it takes; only a program that hangs takes so many seconds longer than it should. */
#define PATIENCE 60

typedef enum
{
  RECEIVED,
  FRAMES,
  WORST_GAP,
  MOST_ITEMS,
  N_COUNTERS
} Counter;

static const char *captions[] = {
  [RECEIVED] = "items received",
  [FRAMES] = "frames drawn meanwhile",
  [WORST_GAP] = "worst gap, ms",
  [MOST_ITEMS] = "most items in one gap",
};

typedef struct
{
  GMainLoop *loop;
  GtkWidget *view;
  GtkWidget *title;
  GtkWidget *counters[N_COUNTERS];

  const FloodWay *way;          /* what starts when the window has warmed up, or runs, or ran last; NULL: none */
  ItemFlood *flood;
  FrameMeter meter;
  gboolean is_measured;
  guint n_ticks;
  gint64 last_tick;
  gint64 measured_until;        /* 0: not begun */
  guint n_frames_in_time;
} Program;

static int n_items = 100000;
static int cost = 20;
static double seconds = 0;
static char *way_name = NULL;

/* --- The window --- */

/* In groups of three. */
static char *
format_number (guint number)
{
  g_autofree char *thousands = number < 1000 ? NULL : format_number (number / 1000);

  return thousands == NULL ? g_strdup_printf ("%u", number) : g_strdup_printf ("%s\u202f%03u", thousands, number % 1000);
}

static void
show_number (Program *self,
             Counter  counter,
             guint    number)
{
  g_autofree char *text = format_number (number);

  gtk_label_set_text (GTK_LABEL (self->counters[counter]), text);
}

static void
update_counters (Program *self)
{
  g_autofree char *gap = g_strdup_printf ("%.1f", (double) self->meter.worst_gap / G_TIME_SPAN_MILLISECOND);

  show_number (self, RECEIVED, self->flood != NULL ? item_flood_get_n_received (self->flood) : 0);
  show_number (self, FRAMES, self->meter.n_frames);
  show_number (self, MOST_ITEMS, self->meter.most_items);
  gtk_label_set_text (GTK_LABEL (self->counters[WORST_GAP]), gap);
}

static GtkWidget *
make_label (const char *style,
            const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_widget_add_css_class (label, style);
  return label;
}

static GtkWidget *
make_counters (Program *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  gtk_box_set_homogeneous (GTK_BOX (row), TRUE);
  for (guint i = 0; i < N_COUNTERS; i++)
    {
      GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);

      self->counters[i] = make_label ("counter", "0");
      gtk_box_append (GTK_BOX (column), self->counters[i]);
      gtk_box_append (GTK_BOX (column), make_label ("caption", captions[i]));
      gtk_box_append (GTK_BOX (row), column);
    }
  return row;
}

static void
start_flood (Program *self)
{
  const char *title = self->way != NULL ? flood_way_get_title (self->way) : "Nothing but frames";

  g_clear_pointer (&self->flood, item_flood_free);
  gtk_label_set_text (GTK_LABEL (self->title), title);
  frame_meter_start (&self->meter, 0);
  if (self->way != NULL)
    self->flood = item_flood_new (self->way, n_items, cost);
}

static void
way_clicked_cb (Program   *self,
                GtkButton *button)
{
  self->way = g_object_get_data (G_OBJECT (button), "way");
  start_flood (self);
}

static GtkWidget *
make_buttons (Program *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  const FloodWay *way;

  gtk_widget_set_halign (row, GTK_ALIGN_CENTER);
  for (guint i = 0; (way = flood_way_get (i)) != NULL; i++)
    {
      GtkWidget *button = gtk_button_new_with_label (flood_way_get_title (way));

      g_object_set_data (G_OBJECT (button), "way", (gpointer) way);
      g_signal_connect_swapped (button, "clicked", G_CALLBACK (way_clicked_cb), self);
      gtk_box_append (GTK_BOX (row), button);
    }
  return row;
}

static void
use_style (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();

  gtk_css_provider_load_from_data (provider,
                                   "window { background: #1a1c26; color: #e4e7f2; }"
                                   ".title { font-size: 17px; font-weight: bold; }"
                                   ".counter { font-size: 26px; font-weight: 300; font-feature-settings: 'tnum'; }"
                                   ".caption { font-size: 12px; color: #9ea6bd; }"
                                   "button { font-size: 12px; padding: 5px 10px; color: #e4e7f2; background: #2c3042;"
                                   "         border: none; box-shadow: none; text-shadow: none; }"
                                   "button:hover { background: #3a4058; }",
                                   -1);
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static GtkWidget *
make_window (Program *self)
{
  GtkWidget *window = gtk_window_new ();
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 14);

  self->title = make_label ("title", "Warming up");
  self->view = frame_view_new ();
  gtk_widget_set_vexpand (self->view, TRUE);

  gtk_box_append (GTK_BOX (column), self->title);
  gtk_box_append (GTK_BOX (column), self->view);
  gtk_box_append (GTK_BOX (column), make_counters (self));
  gtk_box_append (GTK_BOX (column), make_buttons (self));
  gtk_widget_set_margin_top (column, 14);
  gtk_widget_set_margin_bottom (column, 16);

  gtk_window_set_title (GTK_WINDOW (window), "Frames in a flood");
  gtk_window_set_default_size (GTK_WINDOW (window), 640, 480);
  gtk_window_set_child (GTK_WINDOW (window), column);
  g_signal_connect_swapped (window, "destroy", G_CALLBACK (g_main_loop_quit), self->loop);
  return window;
}

/* --- Frames --- */

static void
print_figures (Program *self)
{
  g_print ("frames=%u\nworst_gap_ms=%.3f\nmost_items=%u\nreceived=%u\nin_order=%d\n",
           self->n_frames_in_time, (double) self->meter.worst_gap / G_TIME_SPAN_MILLISECOND, self->meter.most_items,
           self->flood != NULL ? item_flood_get_n_received (self->flood) : 0,
           self->flood == NULL || item_flood_is_in_order (self->flood));
}

/* Gaps count until the last item has come, frames as long as said. */
static void
measure (Program *self)
{
  if (self->last_tick < self->measured_until)
    self->n_frames_in_time = self->meter.n_frames;
  else if (self->flood == NULL || item_flood_is_done (self->flood))
    g_main_loop_quit (self->loop);
}

static void
begin (Program *self)
{
  self->measured_until = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  start_flood (self);
}

/* What came while the flood went on stays to be read. */
static void
note_frame (Program *self)
{
  gboolean is_over = self->flood != NULL && item_flood_is_done (self->flood) && self->meter.last_n_items == (guint) n_items;

  if (self->is_measured || !is_over)
    frame_meter_tick (&self->meter, self->flood != NULL ? item_flood_get_n_received (self->flood) : 0);
  if (self->is_measured)
    measure (self);
}

static gboolean
tick_cb (GtkWidget     *widget,
         GdkFrameClock *clock,
         gpointer       user_data)
{
  Program *self = user_data;
  gint64 now = g_get_monotonic_time ();

  frame_view_add (self->view, self->last_tick != 0 ? now - self->last_tick : 0);
  self->last_tick = now;
  self->n_ticks++;
  if (self->n_ticks == N_WARM_UP)
    begin (self);
  else if (self->n_ticks > N_WARM_UP)
    note_frame (self);
  if (self->n_ticks % FRAMES_PER_UPDATE == 0)
    update_counters (self);
  return G_SOURCE_CONTINUE;
}

/* --- The program --- */

static int
run (const FloodWay *way)
{
  Program self = { .loop = g_main_loop_new (NULL, FALSE), .way = way, .is_measured = seconds > 0 };
  GtkWidget *window = make_window (&self);

  use_style ();
  gtk_widget_add_tick_callback (window, tick_cb, &self, NULL);
  gtk_window_present (GTK_WINDOW (window));
  if (self.is_measured)
    alarm (PATIENCE + seconds);
  g_main_loop_run (self.loop);

  if (self.is_measured)
    print_figures (&self);
  g_clear_pointer (&self.flood, item_flood_free);
  g_main_loop_unref (self.loop);
  return EXIT_SUCCESS;
}

static gboolean
find_way (const FloodWay **way,
          GError         **error)
{
  *way = way_name != NULL ? flood_way_find (way_name) : NULL;
  if (way_name == NULL || *way != NULL)
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "There is no way “%s”", way_name);
  return FALSE;
}

static gboolean
check_numbers (GError **error)
{
  if (n_items > 0 && cost >= 0 && seconds >= 0)
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "Numbers can't be negative, and there has to be an item");
  return FALSE;
}

int
main (int    argc,
      char **argv)
{
  const GOptionEntry entries[] = {
    { "way", 0, 0, G_OPTION_ARG_STRING, &way_name, "Begin with this one: generator, channel, invoke, idle, alone", "WAY" },
    { "items", 0, 0, G_OPTION_ARG_INT, &n_items, "Send so many items, instead of 100000", "N" },
    { "cost", 0, 0, G_OPTION_ARG_INT, &cost, "What one costs on the main loop, instead of 20 µs", "MICROSECONDS" },
    { "measure", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "Count frames for so long, print what was seen, and end", "SECONDS" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("– frames, while a worker sends more than the main loop can take");
  g_autoptr (GError) error = NULL;
  const FloodWay *way;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || !find_way (&way, &error) || !check_numbers (&error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  if (!gtk_init_check ())
    {
      g_printerr ("There is no display\n");
      return EXIT_FAILURE;
    }
  return run (way);
}
