/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

/* The typed forms of aiot_channel_send () and aiot_generator_emit (). */

/* --- what is sent ------------------------------------------------------------ */

/* What the items of one test are made of. Each thing that is freed some day is in the ledger. */
typedef struct
{
  TestLoop loop;
  TestLedger ledger;
  GObject *object;     /* both are the test's own while something is sent */
  GVariant *variant;
  char *string;        /* the last one that was given away */
} Items;

/* A boxed type that is nothing but an entry in a ledger. */
typedef TestLedger TestEntry;

static GType test_entry_get_type (void);

static TestEntry *
entry_copy (TestEntry *entry)
{
  return test_ledger_item (entry);
}

static void
entry_free (TestEntry *entry)
{
  test_item_free (entry);
}

G_DEFINE_BOXED_TYPE (TestEntry, test_entry, entry_copy, entry_free)

static void
object_gone (gpointer  ledger,
             GObject  *object)
{
  test_item_free (ledger);
}

static GObject *
new_object (Items *items)
{
  GObject *object = G_OBJECT (g_cancellable_new ());

  g_object_weak_ref (object, object_gone, test_ledger_item (&items->ledger));
  return object;
}

/* A floating one */
static GVariant *
new_variant (Items *items)
{
  return g_variant_new_from_data (G_VARIANT_TYPE_STRING, "text", sizeof "text", TRUE,
                                  test_item_free, test_ledger_item (&items->ledger));
}

static char *
new_string (Items *items)
{
  return items->string = g_strdup ("mine");
}

static void
items_open (Items *items)
{
  *items = (Items) { .ledger.home = g_thread_self () };
  test_loop_open (&items->loop);
  items->object = new_object (items);
  items->variant = g_variant_ref_sink (new_variant (items));
}

/* All that was sent is destroyed by now, or waits for it at home. */
static void
items_close (Items *items)
{
  g_object_unref (items->object);
  g_variant_unref (items->variant);
  test_iterate_until (items->loop.main_context, &items->ledger.n_freed, items->ledger.n_made);
  test_loop_close (&items->loop);

  g_assert_cmpint (items->ledger.n_freed, ==, items->ledger.n_made);
  g_assert_cmpint (items->ledger.n_freed_elsewhere, ==, 0);
}

/* One for each form: how it is sent and emitted, and how it arrives. */
typedef struct
{
  const char *name;
  AiotSent (*send) (AiotChannel *channel, Items *items, GError **error);
  gboolean (*emit) (AiotGenerator *generator, Items *items, GError **error);
  gboolean (*is_right) (const GValue *item, Items *items);
} Kind;

#define KIND(kind, form, test_expression, ...)                                       \
  static AiotSent                                                                    \
  send_##kind (AiotChannel *channel, Items *items, GError **error)                   \
  {                                                                                  \
    return aiot_channel_send_##form (channel, __VA_ARGS__, NULL, error);             \
  }                                                                                  \
  static gboolean                                                                    \
  emit_##kind (AiotGenerator *generator, Items *items, GError **error)               \
  {                                                                                  \
    return aiot_generator_emit_##form (generator, __VA_ARGS__, error);               \
  }                                                                                  \
  static gboolean                                                                    \
  is_##kind (const GValue *item, Items *items)                                       \
  {                                                                                  \
    return (test_expression);                                                        \
  }

KIND (boolean, boolean,
      G_VALUE_HOLDS_BOOLEAN (item) && g_value_get_boolean (item),
      TRUE)
KIND (false, boolean,
      G_VALUE_HOLDS_BOOLEAN (item) && !g_value_get_boolean (item),
      FALSE)
KIND (int64, int64,
      G_VALUE_HOLDS_INT64 (item) && g_value_get_int64 (item) == G_MININT64,
      G_MININT64)
KIND (double, double,
      G_VALUE_HOLDS_DOUBLE (item) && g_value_get_double (item) == 0.5,
      0.5)
KIND (string, string,
      G_VALUE_HOLDS_STRING (item) && g_str_equal (g_value_get_string (item), "text"),
      "text")
KIND (null_string, string,
      G_VALUE_HOLDS_STRING (item) && g_value_get_string (item) == NULL,
      NULL)
KIND (take_string, take_string,
      G_VALUE_HOLDS_STRING (item) && g_value_get_string (item) == items->string &&
      g_str_equal (items->string, "mine"),
      new_string (items))
KIND (take_null_string, take_string,
      G_VALUE_HOLDS_STRING (item) && g_value_get_string (item) == NULL,
      NULL)
KIND (object, object,
      G_VALUE_HOLDS (item, G_TYPE_CANCELLABLE) && g_value_get_object (item) == items->object,
      items->object)
KIND (null_object, object,
      G_VALUE_HOLDS_OBJECT (item) && g_value_get_object (item) == NULL,
      NULL)
KIND (take_object, take_object,
      G_VALUE_HOLDS (item, G_TYPE_CANCELLABLE) && G_IS_CANCELLABLE (g_value_get_object (item)) &&
      g_value_get_object (item) != items->object,
      new_object (items))
KIND (take_null_object, take_object,
      G_VALUE_HOLDS_OBJECT (item) && g_value_get_object (item) == NULL,
      NULL)
KIND (boxed, boxed,
      G_VALUE_HOLDS (item, test_entry_get_type ()) && g_value_get_boxed (item) == &items->ledger,
      test_entry_get_type (), &items->ledger)
KIND (null_boxed, boxed,
      G_VALUE_HOLDS (item, test_entry_get_type ()) && g_value_get_boxed (item) == NULL,
      test_entry_get_type (), NULL)
KIND (take_boxed, take_boxed,
      G_VALUE_HOLDS (item, test_entry_get_type ()) && g_value_get_boxed (item) == &items->ledger,
      test_entry_get_type (), test_ledger_item (&items->ledger))
KIND (take_null_boxed, take_boxed,
      G_VALUE_HOLDS (item, test_entry_get_type ()) && g_value_get_boxed (item) == NULL,
      test_entry_get_type (), NULL)
KIND (variant, variant,
      G_VALUE_HOLDS_VARIANT (item) && g_value_get_variant (item) == items->variant,
      items->variant)
KIND (floating_variant, variant,
      G_VALUE_HOLDS_VARIANT (item) && !g_variant_is_floating (g_value_get_variant (item)) &&
      g_variant_equal (g_value_get_variant (item), items->variant),
      new_variant (items))
KIND (null_variant, variant,
      G_VALUE_HOLDS_VARIANT (item) && g_value_get_variant (item) == NULL,
      NULL)
KIND (pointer, pointer,
      aiot_value_get_pointer (item) == &items->ledger,
      test_ledger_item (&items->ledger), test_item_free)
KIND (bare_pointer, pointer,
      G_VALUE_HOLDS_POINTER (item) && aiot_value_get_pointer (item) == items,
      items, NULL)

#define ENTRY(name, kind) { name, send_##kind, emit_##kind, is_##kind }

static const Kind kinds[] = {
  ENTRY ("boolean", boolean),
  ENTRY ("false", false),
  ENTRY ("int64", int64),
  ENTRY ("double", double),
  ENTRY ("string", string),
  ENTRY ("null-string", null_string),
  ENTRY ("take-string", take_string),
  ENTRY ("take-null-string", take_null_string),
  ENTRY ("object", object),
  ENTRY ("null-object", null_object),
  ENTRY ("take-object", take_object),
  ENTRY ("take-null-object", take_null_object),
  ENTRY ("boxed", boxed),
  ENTRY ("null-boxed", null_boxed),
  ENTRY ("take-boxed", take_boxed),
  ENTRY ("take-null-boxed", take_null_boxed),
  ENTRY ("variant", variant),
  ENTRY ("floating-variant", floating_variant),
  ENTRY ("null-variant", null_variant),
  ENTRY ("pointer", pointer),
  ENTRY ("bare-pointer", bare_pointer),
};

/* --- channels ---------------------------------------------------------------- */

typedef struct
{
  const Kind *kind;
  Items items;
  AiotChannel *channel;
  AiotSent sent;
  GError *error;
} Sending;

static gpointer
send_in_thread (gpointer data)
{
  Sending *sending = data;

  sending->sent = sending->kind->send (sending->channel, &sending->items, &sending->error);
  return NULL;
}

/* What is sent next is destroyed next, and is counted, which not every kind can be. */
static gpointer
send_in_thread_and_mark (gpointer data)
{
  Sending *sending = data;

  send_in_thread (sending);
  aiot_channel_send_pointer (sending->channel, test_ledger_item (&sending->items.ledger), test_item_free, NULL, NULL);
  return NULL;
}

/* It is not sent at home, so that what is freed where it was sent is found out. */
static void
sending_run (Sending     *sending,
             GThreadFunc  func)
{
  g_thread_join (g_thread_new ("sender", func, sending));
}

static void
test_send (gconstpointer data)
{
  Sending sending = { .kind = data };
  GValue item = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  items_open (&sending.items);
  sending.channel = aiot_channel_new (AIOT_CAPACITY_DEFAULT);
  sending_run (&sending, send_in_thread);
  g_assert_no_error (sending.error);
  g_assert_cmpint (sending.sent, ==, AIOT_SENT_ITEM);

  g_assert_true (aiot_channel_try_receive (sending.channel, &item, &error));
  g_assert_no_error (error);
  g_assert_true (sending.kind->is_right (&item, &sending.items));
  g_assert_false (aiot_value_is_no_value (&item));
  g_value_unset (&item);

  g_assert_finalize_object (sending.channel);
  items_close (&sending.items);
}

static void
test_send_and_drop (gconstpointer data)
{
  Sending sending = { .kind = data };

  items_open (&sending.items);
  sending.channel = aiot_channel_new (AIOT_CAPACITY_DEFAULT);
  sending_run (&sending, send_in_thread_and_mark);
  g_assert_no_error (sending.error);
  g_assert_cmpint (aiot_channel_get_length (sending.channel), ==, 2);

  g_assert_finalize_object (sending.channel);
  items_close (&sending.items);
}

static void
test_send_closed (gconstpointer data)
{
  Sending sending = { .kind = data };

  items_open (&sending.items);
  sending.channel = aiot_channel_new (AIOT_CAPACITY_DEFAULT);
  aiot_channel_close (sending.channel);
  sending_run (&sending, send_in_thread_and_mark);
  g_assert_cmpint (sending.sent, ==, AIOT_SENT_NOTHING);
  g_assert_error (sending.error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_clear_error (&sending.error);
  g_assert_cmpint (aiot_channel_get_n_accepted (sending.channel), ==, 0);

  g_assert_finalize_object (sending.channel);
  items_close (&sending.items);
}

/* --- generators -------------------------------------------------------------- */

typedef struct
{
  const Kind *kind;
  Items items;
  TestGate running;
  TestGate go_on;
  int n_ended;
} Emitting;

static gboolean
emit_one (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  Emitting *emitting = user_data;

  return emitting->kind->emit (generator, &emitting->items, error);
}

static void
emitting_ended (gpointer user_data)
{
  Emitting *emitting = user_data;

  g_assert_true (g_thread_self () == emitting->items.ledger.home);
  g_atomic_int_inc (&emitting->n_ended);
}

static AiotIterator *
iterate (Emitting          *emitting,
         AiotGeneratorFunc  func)
{
  return AIOT_ITERATOR (aiot_threaded_iterator_new (func, emitting, emitting_ended,
                                                    NULL, AIOT_CAPACITY_DEFAULT, NULL));
}

/* The function has to end first. */
static void
assert_finalize (Emitting     *emitting,
                 AiotIterator *iterator)
{
  test_iterate_until (emitting->items.loop.main_context, &emitting->n_ended, 1);
  while (g_atomic_int_get ((int *) &G_OBJECT (iterator)->ref_count) > 1)
    g_main_context_iteration (emitting->items.loop.main_context, TRUE);
  g_assert_finalize_object (iterator);
}

static void
test_emit (gconstpointer data)
{
  Emitting emitting = { .kind = data };
  TestAnswer answers[2] = { { 0 } };
  AiotIterator *iterator;
  const GValue *item;
  g_autoptr (GError) error = NULL;

  items_open (&emitting.items);
  iterator = iterate (&emitting, emit_one);
  for (int i = 0; i < 2; i++)
    aiot_iterator_next_async (iterator, NULL, test_answer_cb, &answers[i]);
  for (int i = 0; i < 2; i++)
    test_answer_wait (&answers[i], emitting.items.loop.main_context);

  item = aiot_iterator_next_finish (iterator, answers[0].result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (item);
  g_assert_true (emitting.kind->is_right (item, &emitting.items));
  g_assert_false (aiot_value_is_no_value (item));
  g_assert_null (aiot_iterator_next_finish (iterator, answers[1].result, &error));
  g_assert_no_error (error);

  for (int i = 0; i < 2; i++)
    test_answer_clear (&answers[i]);
  assert_finalize (&emitting, iterator);
  items_close (&emitting.items);
}

typedef struct
{
  Emitting *emitting;
  int n_right;
} Reading;

static gboolean
read_one (const GValue *item,
          gpointer      data)
{
  Reading *reading = data;

  g_assert_true (reading->emitting->kind->is_right (item, &reading->emitting->items));
  reading->n_right++;
  return TRUE;
}

static void
test_emit_sync (gconstpointer data)
{
  Emitting emitting = { .kind = data };
  Reading reading = { .emitting = &emitting };
  AiotThreadedIterable *iterable;
  g_autoptr (GError) error = NULL;

  items_open (&emitting.items);
  iterable = aiot_threaded_iterable_new (emit_one, &emitting, emitting_ended);
  g_assert_true (aiot_threaded_iterable_iterate_sync (iterable, NULL, read_one, &reading, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (reading.n_right, ==, 1);

  g_assert_finalize_object (iterable);
  g_assert_cmpint (emitting.n_ended, ==, 1);
  items_close (&emitting.items);
}

static gboolean
emit_when_closed (AiotGenerator  *generator,
                  gpointer        user_data,
                  GError        **error)
{
  Emitting *emitting = user_data;

  test_gate_open (&emitting->running);
  test_gate_wait (&emitting->go_on);
  g_assert_false (emitting->kind->emit (generator, &emitting->items, error));
  g_assert_error (*error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_false (aiot_generator_emit_pointer (generator, test_ledger_item (&emitting->items.ledger), test_item_free, NULL));
  return FALSE;
}

static void
test_emit_closed (gconstpointer data)
{
  Emitting emitting = { .kind = data };
  TestAnswer answer = { 0 };
  AiotIterator *iterator;
  g_autoptr (GError) error = NULL;

  items_open (&emitting.items);
  iterator = iterate (&emitting, emit_when_closed);
  aiot_iterator_next_async (iterator, NULL, test_answer_cb, &answer);
  test_gate_wait (&emitting.running);
  aiot_iterator_close (iterator);
  test_gate_open (&emitting.go_on);
  test_answer_wait (&answer, emitting.items.loop.main_context);
  g_assert_null (aiot_iterator_next_finish (iterator, answer.result, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);

  test_answer_clear (&answer);
  assert_finalize (&emitting, iterator);
  items_close (&emitting.items);
  test_gate_clear (&emitting.running);
  test_gate_clear (&emitting.go_on);
}

/* --- mistakes ---------------------------------------------------------------- */

/* Each has a critical in the name of the form, and frees what was given away. */

static void
expect_critical (const char *text)
{
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_CRITICAL, text);
}

static void
test_misuse_not_a_channel (gconstpointer data)
{
  const Kind *kind = data;
  Items items;

  items_open (&items);
  expect_critical ("aiot_channel_send_*: *AIOT_IS_CHANNEL (self)*");
  g_assert_cmpint (kind->send (NULL, &items, NULL), ==, AIOT_SENT_NOTHING);
  g_test_assert_expected_messages ();
  items_close (&items);
}

static void
test_misuse_error_is_set (gconstpointer data)
{
  const Kind *kind = data;
  Items items;
  AiotChannel *channel;
  g_autoptr (GError) error = NULL;

  items_open (&items);
  channel = aiot_channel_new (AIOT_CAPACITY_DEFAULT);
  g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "of before");
  expect_critical ("aiot_channel_send_*: *error == NULL*");
  g_assert_cmpint (kind->send (channel, &items, &error), ==, AIOT_SENT_NOTHING);
  g_test_assert_expected_messages ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpint (aiot_channel_get_n_accepted (channel), ==, 0);

  g_assert_finalize_object (channel);
  items_close (&items);
}

static void
test_misuse_not_a_generator (gconstpointer data)
{
  const Kind *kind = data;
  Items items;

  items_open (&items);
  expect_critical ("aiot_generator_emit_*: *self != NULL*");
  g_assert_false (kind->emit (NULL, &items, NULL));
  g_test_assert_expected_messages ();
  items_close (&items);
}

static void
test_misuse_not_a_cancellable (void)
{
  Items items;
  AiotChannel *channel;

  items_open (&items);
  channel = aiot_channel_new (AIOT_CAPACITY_DEFAULT);
  expect_critical ("aiot_channel_send_take_object: *G_IS_CANCELLABLE (cancellable)*");
  g_assert_cmpint (aiot_channel_send_take_object (channel, new_object (&items), (GCancellable *) channel, NULL), ==,
                   AIOT_SENT_NOTHING);
  expect_critical ("aiot_channel_send_pointer: *G_IS_CANCELLABLE (cancellable)*");
  g_assert_cmpint (aiot_channel_send_pointer (channel, test_ledger_item (&items.ledger), test_item_free,
                                              (GCancellable *) channel, NULL), ==,
                   AIOT_SENT_NOTHING);
  g_test_assert_expected_messages ();
  g_assert_cmpint (aiot_channel_get_n_accepted (channel), ==, 0);

  g_assert_finalize_object (channel);
  items_close (&items);
}

/* Neither a type that is not boxed nor what is no object gets as far as the channel. */
static void
test_misuse_type (void)
{
  TestLoop loop;
  AiotChannel *channel;

  test_loop_open (&loop);
  channel = aiot_channel_new (AIOT_CAPACITY_DEFAULT);
  expect_critical ("aiot_channel_send_boxed: *G_TYPE_IS_BOXED*");
  g_assert_cmpint (aiot_channel_send_boxed (channel, G_TYPE_OBJECT, NULL, NULL, NULL), ==, AIOT_SENT_NOTHING);
  expect_critical ("aiot_channel_send_take_boxed: *G_TYPE_IS_BOXED*");
  g_assert_cmpint (aiot_channel_send_take_boxed (channel, G_TYPE_INT, NULL, NULL, NULL), ==, AIOT_SENT_NOTHING);
  expect_critical ("aiot_channel_send_object: *G_IS_OBJECT*");
  g_assert_cmpint (aiot_channel_send_object (channel, &(GTypeInstance) { 0 }, NULL, NULL), ==, AIOT_SENT_NOTHING);
  g_test_assert_expected_messages ();
  g_assert_cmpint (aiot_channel_get_n_accepted (channel), ==, 0);

  g_assert_finalize_object (channel);
  test_loop_close (&loop);
}

static void
add_for_each_kind (const char   *claim,
                   GTestDataFunc func)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strconcat (claim, "/", kinds[i].name, NULL);

      g_test_add_data_func (path, &kinds[i], func);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  add_for_each_kind ("/typed-items/send/arrives", test_send);
  add_for_each_kind ("/typed-items/send/unread-is-destroyed-at-home", test_send_and_drop);
  add_for_each_kind ("/typed-items/send/refused-is-destroyed-at-home", test_send_closed);
  add_for_each_kind ("/typed-items/emit/arrives", test_emit);
  add_for_each_kind ("/typed-items/emit/arrives-on-the-same-thread", test_emit_sync);
  add_for_each_kind ("/typed-items/emit/refused-is-destroyed-at-home", test_emit_closed);
  add_for_each_kind ("/typed-items/misuse/not-a-channel-leaks-nothing", test_misuse_not_a_channel);
  add_for_each_kind ("/typed-items/misuse/error-is-set-leaks-nothing", test_misuse_error_is_set);
  add_for_each_kind ("/typed-items/misuse/not-a-generator-leaks-nothing", test_misuse_not_a_generator);
  g_test_add_func ("/typed-items/misuse/not-a-cancellable-leaks-nothing", test_misuse_not_a_cancellable);
  g_test_add_func ("/typed-items/misuse/not-the-type", test_misuse_type);
  return g_test_run ();
}
