/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

/* Functions for languages that can't run their own in a thread, and what tests of bindings need to see. */

#define AIOT_TEST_TYPE_ITEM (aiot_test_item_get_type ())
G_DECLARE_FINAL_TYPE (AiotTestItem, aiot_test_item, AIOT_TEST, ITEM, GObject)

AiotTestItem *aiot_test_item_new                       (void);
guint         aiot_test_item_get_n_alive               (void);
guint         aiot_test_item_get_n_finalized           (void);
guint         aiot_test_item_get_n_finalized_elsewhere (void);
void          aiot_test_item_free_here                 (void);

AiotThreaded *aiot_test_new_add_one                    (void);
AiotThreaded *aiot_test_new_echo                       (void);
AiotThreaded *aiot_test_new_nothing                    (void);
AiotThreaded *aiot_test_new_null_string                (void);
AiotThreaded *aiot_test_new_make_item                  (void);
AiotThreaded *aiot_test_new_is_home                    (void);
AiotThreaded *aiot_test_new_fail                       (void);
AiotThreaded *aiot_test_new_fail_silently              (void);
AiotThreaded *aiot_test_new_wait_for_gate              (void);
AiotThreaded *aiot_test_new_make_item_at_gate          (void);
AiotThreaded *aiot_test_new_read_var                   (AiotContextVar *var);
AiotThreaded *aiot_test_new_set_var                    (AiotContextVar *var);
AiotThreaded *aiot_test_new_post                       (AiotPostFunc    func,
                                                        gpointer        user_data,
                                                        GDestroyNotify  user_data_destroy);
AiotThreaded *aiot_test_new_ask                        (int             timeout_ms,
                                                        AiotStartFunc   start,
                                                        gpointer        user_data,
                                                        GDestroyNotify  user_data_destroy);
AiotThreaded *aiot_test_new_report                     (AiotProgress   *progress);
AiotThreaded *aiot_test_new_block_at_gate              (void);
AiotThreaded *aiot_test_new_tell_thread                (void);
AiotThreaded *aiot_test_new_tell_origin                (void);

AiotThreadedIterable *aiot_test_new_count                   (void);
AiotThreadedIterable *aiot_test_new_count_for_ever          (void);
guint                 aiot_test_get_n_bodies_started        (void);
guint                 aiot_test_get_n_bodies_cleaned_up     (void);
AiotThreadedIterable *aiot_test_new_look_like_nothing       (void);
AiotThreadedIterable *aiot_test_new_count_and_fail          (void);
AiotThreadedIterable *aiot_test_new_count_and_fail_silently (void);
AiotThreadedIterable *aiot_test_new_make_items              (void);
AiotThreadedIterable *aiot_test_new_give_argument           (void);
AiotThreaded         *aiot_test_new_send_numbers            (AiotChannel *channel);
AiotThreaded         *aiot_test_new_send_items              (AiotChannel *channel);

void          aiot_test_count_threads                  (AiotExecutor   *executor);
guint         aiot_test_get_n_threads_started          (void);
guint         aiot_test_get_n_threads_ended            (void);

void          aiot_test_close_gate                     (void);
void          aiot_test_wait_until_gate_is_reached     (void);
gboolean      aiot_test_get_gate_is_reached            (void);
void          aiot_test_open_gate                      (void);

G_END_DECLS
