/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frame-view.h"

/*
 * A ball that moves to and fro, where it was in the frames before, and a bar for each frame that is as high as the gap before it was
 * long. Frames that are missing are holes in the trail of the ball.
 */

#define N_BARS  180
#define N_TRAIL 24

/* So long the ball takes from one side to the other. */
#define CROSSING (1200 * G_TIME_SPAN_MILLISECOND)

#define RADIUS 13.0
#define MARGIN 18.0
#define TRACK  88.0     /* height of the part for the ball */
#define SCALE  56.0     /* width of what is written at the left of the bars */

/* In milliseconds: the highest bar, and the lines across. */
#define HIGHEST 60.0
static const double lines[] = { 1000.0 / 60, 25, 50 };

typedef struct
{
  gint64 gaps[N_BARS];    /* a ring */
  gint64 times[N_BARS];
  guint n_frames;
} History;

static const GdkRGBA ground = { 0.10f, 0.11f, 0.15f, 1 };
static const GdkRGBA text = { 0.62f, 0.65f, 0.74f, 1 };
static const GdkRGBA ball = { 0.4f, 0.8f, 1, 1 };
static const GdkRGBA kept = { 0.34f, 0.80f, 0.55f, 1 };
static const GdkRGBA late = { 0.97f, 0.76f, 0.34f, 1 };
static const GdkRGBA lost = { 0.96f, 0.38f, 0.40f, 1 };

static void
use_color (cairo_t       *cr,
           const GdkRGBA *color,
           double         alpha)
{
  cairo_set_source_rgba (cr, color->red, color->green, color->blue, alpha);
}

/* From 0 to 1 and back. */
static double
ball_place (gint64 time)
{
  double phase = (double) (time % (2 * CROSSING)) / CROSSING;

  return phase < 1 ? phase : 2 - phase;
}

static void
draw_ball (cairo_t *cr,
           gint64   time,
           double   radius,
           double   alpha,
           double   width)
{
  double start = MARGIN + RADIUS;
  double x = start + ball_place (time) * (width - 2 * start);

  use_color (cr, &ball, alpha);
  cairo_arc (cr, x, TRACK / 2, radius, 0, 2 * G_PI);
  cairo_fill (cr);
}

static void
draw_track (cairo_t       *cr,
            const History *history,
            double         width)
{
  guint n = MIN (history->n_frames, N_TRAIL);

  use_color (cr, &text, 0.25);
  cairo_set_line_width (cr, 1);
  cairo_move_to (cr, MARGIN, TRACK / 2);
  cairo_line_to (cr, width - MARGIN, TRACK / 2);
  cairo_stroke (cr);

  for (guint age = n; age-- > 0;)
    {
      double freshness = 1 - (double) age / N_TRAIL;

      draw_ball (cr, history->times[(history->n_frames - 1 - age) % N_BARS], age == 0 ? RADIUS : RADIUS * 0.4 * freshness,
                 age == 0 ? 1 : 0.7 * freshness, width);
    }
}

static const GdkRGBA *
bar_color (double milliseconds)
{
  if (milliseconds <= 25)
    return &kept;
  return milliseconds <= 50 ? &late : &lost;
}

/* The newest one is at the right. */
static void
draw_bars (cairo_t       *cr,
           const History *history,
           double         width,
           double         bottom,
           double         height)
{
  double step = (width - 2 * MARGIN - SCALE) / N_BARS;
  guint n = MIN (history->n_frames, N_BARS);

  for (guint age = 0; age < n; age++)
    {
      double gap = (double) history->gaps[(history->n_frames - 1 - age) % N_BARS] / G_TIME_SPAN_MILLISECOND;
      double bar = MIN (gap / HIGHEST, 1) * height;

      use_color (cr, bar_color (gap), 1);
      cairo_rectangle (cr, width - MARGIN - (age + 1) * step, bottom - bar, MAX (step - 1, 1), bar);
      cairo_fill (cr);
    }
}

static void
draw_lines (cairo_t *cr,
            double   width,
            double   bottom,
            double   height)
{
  const double dashes[] = { 2, 4 };

  cairo_set_line_width (cr, 1);
  cairo_set_font_size (cr, 11);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      double y = (int) (bottom - lines[i] / HIGHEST * height) + 0.5;
      g_autofree char *label = g_strdup_printf ("%.3g ms", lines[i]);

      use_color (cr, &text, 0.6);
      cairo_set_dash (cr, dashes, G_N_ELEMENTS (dashes), 0);
      cairo_move_to (cr, MARGIN + SCALE, y);
      cairo_line_to (cr, width - MARGIN, y);
      cairo_stroke (cr);
      use_color (cr, &text, 1);
      cairo_move_to (cr, MARGIN, y + 4);
      cairo_show_text (cr, label);
    }
}

static void
draw (GtkDrawingArea *area,
      cairo_t        *cr,
      int             width,
      int             height,
      gpointer        user_data)
{
  const History *history = user_data;
  double bottom = height - MARGIN;
  double chart = bottom - TRACK;

  use_color (cr, &ground, 1);
  cairo_paint (cr);
  draw_track (cr, history, width);
  draw_bars (cr, history, width, bottom, chart);
  draw_lines (cr, width, bottom, chart);
}

GtkWidget *
frame_view_new (void)
{
  GtkWidget *self = gtk_drawing_area_new ();
  History *history = g_new0 (History, 1);

  g_object_set_data_full (G_OBJECT (self), "history", history, g_free);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self), draw, history, NULL);
  return self;
}

/* One more frame, and the time since the one before, in microseconds. */
void
frame_view_add (GtkWidget *self,
                gint64     gap)
{
  History *history = g_object_get_data (G_OBJECT (self), "history");
  guint place = history->n_frames++ % N_BARS;

  history->gaps[place] = gap;
  history->times[place] = g_get_monotonic_time ();
  gtk_widget_queue_draw (self);
}
