/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"
#include "aiot-home-private.h"

/* The timers of a home, by a clock that is moved by hand: nothing comes on time because time has passed. */

#define MS G_TIME_SPAN_MILLISECOND

typedef struct
{
  TestLoop loop;
  AiotHome *home;
  GString *log;            /* the names of those that ran */
  int n_released;
  GThread *released_in;
  int n_polls;
  int last_timeout;        /* that was given to poll () */
} Fixture;

static Fixture *polling;

/* The timers' clock goes on while the main context sleeps, and as long as it wanted to. */
static int
poll_by_stopped_clock (GPollFD *fds,
                       guint    n_fds,
                       int      timeout)
{
  int n_ready = g_poll (fds, n_fds, 0);

  polling->n_polls++;
  polling->last_timeout = timeout;
  if (n_ready != 0 || timeout == 0)
    return n_ready;

  /* Nothing but a timer can end it. */
  g_assert_cmpint (timeout, >, 0);
  aiot_clock_advance (timeout * MS);
  return 0;
}

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  aiot_clock_stop ();
  polling = fixture;
  g_main_context_set_poll_func (fixture->loop.main_context, poll_by_stopped_clock);
  fixture->home = aiot_home_dup_thread_default ();
  fixture->log = g_string_new (NULL);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  g_clear_pointer (&fixture->home, aiot_home_unref);
  aiot_clock_resume ();
  test_loop_close (&fixture->loop);
  g_string_free (fixture->log, TRUE);
}

typedef struct
{
  AiotHomeTimer timer;
  Fixture *fixture;
  char name;
  gint64 ran_at;
  gboolean must_not_run;
  void (*also) (gpointer);
  gpointer data;
} Note;

static void
note_run (AiotHomeEntry *entry)
{
  Note *note = (Note *) entry;

  g_assert_false (note->must_not_run);
  g_assert_cmpint (aiot_clock_now (), >=, note->timer.due);
  note->ran_at = aiot_clock_now ();
  g_string_append_c (note->fixture->log, note->name);
  if (note->also != NULL)
    note->also (note->data);
}

static void
note_release (AiotHomeEntry *entry)
{
  Note *note = (Note *) entry;

  note->fixture->n_released++;
  note->fixture->released_in = g_thread_self ();
}

static const AiotHomeEntryFuncs completion_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = note_run,
  .release = note_release,
};

static const AiotHomeEntryFuncs background_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = note_run,
  .release = note_release,
};

static void
note_init (Note    *note,
           Fixture *fixture,
           char     name)
{
  *note = (Note) { .timer.entry.funcs = &completion_funcs, .fixture = fixture, .name = name };
}

static void
add (Note   *note,
     gint64  from_now)
{
  aiot_home_add_timer (note->fixture->home, &note->timer, aiot_clock_now () + from_now);
}

static gboolean
remove_note (Note *note)
{
  return aiot_home_remove_timer (note->fixture->home, &note->timer);
}

static void
iterate_until_logged (Fixture *fixture,
                      gsize    length)
{
  while (fixture->log->len < length)
    g_main_context_iteration (fixture->loop.main_context, TRUE);
}

/* All that can be done without time passing. */
static void
iterate_now (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    ;
}

/* --- order --- */

/* Added in any order, they run in that of their time; of those with the same, the one that was added first. */
static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  static const struct
  {
    char name;
    int ms;
  } timers[] = {
    { 'f', 30 }, { 'c', 20 }, { 'a', 10 }, { 'd', 20 }, { 'b', 10 }, { 'g', 1000 }, { 'e', 20 },
  };
  Note notes[G_N_ELEMENTS (timers)];
  gint64 started = aiot_clock_now ();

  for (gsize i = 0; i < G_N_ELEMENTS (timers); i++)
    {
      note_init (&notes[i], fixture, timers[i].name);
      add (&notes[i], timers[i].ms * MS);
    }
  iterate_until_logged (fixture, G_N_ELEMENTS (timers));
  g_assert_cmpstr (fixture->log->str, ==, "abcdefg");
  for (gsize i = 0; i < G_N_ELEMENTS (timers); i++)
    g_assert_cmpint (notes[i].ran_at, ==, started + timers[i].ms * MS);
}

/* The time decides, also where it is found late that it has come. */
static void
test_late (Fixture       *fixture,
           gconstpointer  data)
{
  Note a, b, c;

  note_init (&a, fixture, 'a');
  note_init (&b, fixture, 'b');
  note_init (&c, fixture, 'c');
  add (&c, 30 * MS);
  add (&b, 20 * MS);
  add (&a, -10 * MS);
  aiot_clock_advance (20 * MS - 1);
  iterate_now (fixture);
  g_assert_cmpstr (fixture->log->str, ==, "a");
  aiot_clock_advance (G_TIME_SPAN_HOUR);
  iterate_now (fixture);
  g_assert_cmpstr (fixture->log->str, ==, "abc");
}

/* A timer arrives in its lane. */
static void
test_lanes (Fixture       *fixture,
            gconstpointer  data)
{
  Note a, b;

  note_init (&a, fixture, 'a');
  note_init (&b, fixture, 'b');
  b.timer.entry.funcs = &background_funcs;
  add (&b, 10 * MS);
  add (&a, 20 * MS);
  aiot_clock_advance (30 * MS);
  iterate_until_logged (fixture, 2);
  g_assert_cmpstr (fixture->log->str, ==, "ab");
}

/* --- removing --- */

static void
test_remove (Fixture       *fixture,
             gconstpointer  data)
{
  Note never_added, a, b, c;

  note_init (&never_added, fixture, 'X');
  note_init (&a, fixture, 'a');
  note_init (&b, fixture, 'b');
  note_init (&c, fixture, 'c');
  g_assert_false (remove_note (&never_added));
  add (&a, 10 * MS);
  add (&b, 10 * MS);
  add (&c, 20 * MS);
  g_assert_true (remove_note (&b));
  g_assert_false (remove_note (&b));
  iterate_until_logged (fixture, 2);
  g_assert_cmpstr (fixture->log->str, ==, "ac");
  g_assert_false (remove_note (&a));

  /* It may be added again, whether it ran or was removed. */
  add (&b, 10 * MS);
  add (&a, 20 * MS);
  iterate_until_logged (fixture, 4);
  g_assert_cmpstr (fixture->log->str, ==, "acba");
  g_assert_cmpint (fixture->n_released, ==, 0);
}

static void
remove_others (gpointer data)
{
  Note *others = data;

  /* Its time has come too, so it is about to run; the second still waits. */
  g_assert_false (remove_note (&others[0]));
  g_assert_true (remove_note (&others[1]));
}

static void
add_again (gpointer data)
{
  Note *note = data;

  g_assert_false (remove_note (note));
  if (note->fixture->log->len < 4)
    add (note, 10 * MS);
}

static void
test_in_callback (Fixture       *fixture,
                  gconstpointer  data)
{
  Note first, others[2], again;
  gint64 started = aiot_clock_now ();

  note_init (&first, fixture, 'a');
  note_init (&others[0], fixture, 'b');
  note_init (&others[1], fixture, 'X');
  first.also = remove_others;
  first.data = others;
  add (&first, 10 * MS);
  add (&others[0], 10 * MS);
  add (&others[1], 20 * MS);
  iterate_until_logged (fixture, 2);
  g_assert_cmpstr (fixture->log->str, ==, "ab");

  note_init (&again, fixture, 'c');
  again.also = add_again;
  again.data = &again;
  add (&again, 10 * MS);
  iterate_until_logged (fixture, 4);
  g_assert_cmpstr (fixture->log->str, ==, "abcc");
  g_assert_cmpint (again.ran_at, ==, started + 30 * MS);
}

#define N_RACES 2000

typedef struct
{
  Note notes[N_RACES];
  int n_removed;
} Race;

static gpointer
remove_all_in_thread (gpointer data)
{
  Race *race = data;

  for (int i = N_RACES; i-- > 0;)
    race->n_removed += remove_note (&race->notes[i]);
  return NULL;
}

/* From another thread, while they come due: each runs, or is removed, and never both. */
static void
test_remove_races (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree Race *race = g_new0 (Race, 1);
  GThread *thread;
  gsize n_run;

  for (int i = 0; i < N_RACES; i++)
    {
      note_init (&race->notes[i], fixture, 'x');
      add (&race->notes[i], i * MS);
    }
  thread = g_thread_new ("remover", remove_all_in_thread, race);
  for (int i = 0; i < N_RACES; i++)
    {
      iterate_now (fixture);
      aiot_clock_advance (MS);
    }
  g_thread_join (thread);
  iterate_now (fixture);

  n_run = fixture->log->len;
  g_assert_cmpint (n_run + race->n_removed, ==, N_RACES);
  for (int i = 0; i < N_RACES; i++)
    g_assert_null (race->notes[i].timer.place);
  g_assert_cmpint (fixture->n_released, ==, 0);
}

/* --- sleeping --- */

/* A main context sleeps until the first timer, without looking in between, and for ever where there is none. */
static void
test_sleeps (Fixture       *fixture,
             gconstpointer  data)
{
  Note a, b;

  note_init (&a, fixture, 'a');
  note_init (&b, fixture, 'b');
  iterate_now (fixture);
  add (&a, 10 * MS - 1);
  add (&b, 3 * G_TIME_SPAN_HOUR);
  /* What was added woke it. */
  iterate_now (fixture);

  fixture->n_polls = 0;
  iterate_until_logged (fixture, 1);
  g_assert_cmpint (fixture->n_polls, ==, 1);
  g_assert_cmpint (fixture->last_timeout, ==, 10);
  iterate_until_logged (fixture, 2);
  g_assert_cmpint (fixture->n_polls, <=, 3);
  g_assert_cmpstr (fixture->log->str, ==, "ab");
}

static int
poll_and_note (GPollFD *fds,
               guint    n_fds,
               int      timeout)
{
  polling->last_timeout = timeout;
  return 0;
}

/* Nothing is left that would wake a main context whose timer was removed. */
static void
test_sleeps_on (Fixture       *fixture,
                gconstpointer  data)
{
  Note a;

  note_init (&a, fixture, 'a');
  add (&a, 10 * MS);
  g_assert_true (remove_note (&a));
  iterate_now (fixture);
  g_main_context_set_poll_func (fixture->loop.main_context, poll_and_note);
  g_main_context_iteration (fixture->loop.main_context, TRUE);
  /* The witness of test_loop_open () waits for some weeks. */
  g_assert_cmpint (fixture->last_timeout, >, G_TIME_SPAN_DAY / MS);
}

typedef struct
{
  Note *note;
  gint64 from_now;
} Addition;

static Addition addition;

static gpointer
add_in_thread (gpointer data)
{
  add (addition.note, addition.from_now);
  return NULL;
}

/* The main context really sleeps, for longer than any test may take. */
static int
poll_and_be_woken (GPollFD *fds,
                   guint    n_fds,
                   int      timeout)
{
  GThread *thread = g_thread_new ("adder", add_in_thread, NULL);
  int n_ready = g_poll (fds, n_fds, -1);

  g_thread_join (thread);
  g_main_context_set_poll_func (polling->loop.main_context, poll_by_stopped_clock);
  return n_ready;
}

/* A timer of another thread wakes a main context that sleeps for longer than that. */
static void
test_wakes (Fixture       *fixture,
            gconstpointer  data)
{
  Note a, b, c;
  gint64 started = aiot_clock_now ();

  note_init (&a, fixture, 'a');
  note_init (&b, fixture, 'b');
  note_init (&c, fixture, 'c');
  addition = (Addition) { &c, G_TIME_SPAN_HOUR };
  g_main_context_set_poll_func (fixture->loop.main_context, poll_and_be_woken);
  g_main_context_iteration (fixture->loop.main_context, TRUE);
  addition = (Addition) { &a, 5 * MS };
  g_main_context_set_poll_func (fixture->loop.main_context, poll_and_be_woken);
  iterate_until_logged (fixture, 1);
  g_assert_cmpint (a.ran_at, ==, started + 5 * MS);

  /* One that comes behind another has no need to. */
  add (&b, 5 * MS);
  iterate_until_logged (fixture, 3);
  g_assert_cmpstr (fixture->log->str, ==, "abc");
}

/* --- nested loops --- */

static void
iterate_until_two (gpointer data)
{
  Fixture *fixture = data;

  g_string_append_c (fixture->log, '(');
  iterate_until_logged (fixture, 4);
  g_string_append_c (fixture->log, ')');
}

/* A timer that runs a main loop: what has come due with it, and what comes due later, arrives in there. */
static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  Note a, b, c, d;

  note_init (&a, fixture, 'a');
  note_init (&b, fixture, 'b');
  note_init (&c, fixture, 'c');
  note_init (&d, fixture, 'd');
  a.also = iterate_until_two;
  a.data = fixture;
  add (&a, 10 * MS);
  add (&b, 10 * MS);
  add (&c, 20 * MS);
  add (&d, 30 * MS);
  iterate_until_logged (fixture, 6);
  g_assert_cmpstr (fixture->log->str, ==, "a(bc)d");
}

/* --- gone --- */

static gpointer
abandon_in_thread (gpointer main_context)
{
  aiot_main_context_abandon (main_context);
  return NULL;
}

/* Those that wait are released, and those that are added afterwards. None runs. */
static void
test_gone (Fixture       *fixture,
           gconstpointer  data)
{
  gboolean in_thread = GPOINTER_TO_INT (data);
  Note notes[5], late;

  for (gsize i = 0; i < G_N_ELEMENTS (notes); i++)
    {
      note_init (&notes[i], fixture, 'X');
      notes[i].must_not_run = TRUE;
      add (&notes[i], i * 10 * MS);
    }
  note_init (&late, fixture, 'X');
  late.must_not_run = TRUE;

  if (in_thread)
    {
      g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "A main context went away*");
      g_thread_join (g_thread_new ("abandoner", abandon_in_thread, fixture->loop.main_context));
      g_test_assert_expected_messages ();
      g_assert_true (fixture->released_in != g_thread_self ());
    }
  else
    {
      aiot_main_context_abandon (fixture->loop.main_context);
      g_assert_true (fixture->released_in == g_thread_self ());
    }
  g_assert_cmpint (fixture->n_released, ==, 5);
  for (gsize i = 0; i < G_N_ELEMENTS (notes); i++)
    g_assert_false (remove_note (&notes[i]));

  add (&late, 10 * MS);
  g_assert_cmpint (fixture->n_released, ==, 6);
  g_assert_false (remove_note (&late));
  aiot_clock_advance (G_TIME_SPAN_HOUR);
  iterate_now (fixture);
}

/* The main context is finalized while they wait. */
static void
test_finalized (Fixture       *fixture,
                gconstpointer  data)
{
  Note note;
  TestLoop other;

  test_loop_open (&other);
  g_clear_pointer (&fixture->home, aiot_home_unref);
  fixture->home = aiot_home_dup_thread_default ();
  note_init (&note, fixture, 'X');
  note.must_not_run = TRUE;
  add (&note, 10 * MS);
  test_loop_close (&other);
  g_assert_cmpint (fixture->n_released, ==, 1);
  g_assert_false (remove_note (&note));
}

static void
abandon_here (gpointer main_context)
{
  aiot_main_context_abandon (main_context);
}

static void
test_gone_in_callback (Fixture       *fixture,
                       gconstpointer  data)
{
  Note a, due, waiting;

  note_init (&a, fixture, 'a');
  note_init (&due, fixture, 'X');
  note_init (&waiting, fixture, 'X');
  a.also = abandon_here;
  a.data = fixture->loop.main_context;
  due.must_not_run = waiting.must_not_run = TRUE;
  add (&a, 10 * MS);
  add (&due, 10 * MS);
  add (&waiting, 20 * MS);
  iterate_until_logged (fixture, 1);
  g_assert_cmpint (fixture->n_released, ==, 2);
  g_assert_cmpstr (fixture->log->str, ==, "a");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/home-timers/order/of-their-time", NULL, test_order);
  ADD ("/home-timers/order/late", NULL, test_late);
  ADD ("/home-timers/lanes", NULL, test_lanes);
  ADD ("/home-timers/remove/before-its-time", NULL, test_remove);
  ADD ("/home-timers/remove/and-add-in-a-callback", NULL, test_in_callback);
  ADD ("/home-timers/remove/races", NULL, test_remove_races);
  ADD ("/home-timers/sleep/until-the-first", NULL, test_sleeps);
  ADD ("/home-timers/sleep/where-none-is-left", NULL, test_sleeps_on);
  ADD ("/home-timers/sleep/is-woken", NULL, test_wakes);
  ADD ("/home-timers/nested", NULL, test_nested);
  ADD ("/home-timers/gone/at-home", GINT_TO_POINTER (FALSE), test_gone);
  ADD ("/home-timers/gone/from-another-thread", GINT_TO_POINTER (TRUE), test_gone);
  ADD ("/home-timers/gone/finalized", NULL, test_finalized);
  ADD ("/home-timers/gone/in-a-callback", NULL, test_gone_in_callback);
  return g_test_run ();
}
