/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/*
 * How senders and receivers of a queue wait for each other, are let in, served, interrupted and sent home: what aiot-queue.c
 * does, and those who use it.
 *
 * A lock region is one indivisible step, or several while is_locked. The comment on it names the function whose region it is. Who
 * takes waiters out of their row notifies them after it has unlocked, in one step each, and then those whom others have taken out
 * meanwhile. Everybody else may run in between.
 *
 * Two threads send two items each. Others receive until they are told the end, or leave before. At most N_STRIKES of the waits
 * are interrupted, at any moment. One closes the queue at any moment, or when nothing moves any more, so that nobody is saved by a
 * close who should not have needed it.
 *
 * CAPACITY is that of the queue. N_RECEIVERS receive, and the first of them wants FIRST_WANTS items at once. FOREACH makes the
 * last one an iteration, which takes several items and hands them out without the lock. HASTY adds one who does not want to
 * wait. A MUTANT_ has a fault that must be found.
 */

#ifndef N_RECEIVERS
#define N_RECEIVERS 2
#endif
#ifndef FIRST_WANTS
#define FIRST_WANTS 1
#endif
#ifndef N_STRIKES
#define N_STRIKES 2
#endif

#define LOW_WATER (CAPACITY / 2)
#define N_SENDERS 2
#define N_EACH 2
#define N_IDS (N_SENDERS * N_EACH)

/* Waiters: senders first, then receivers */
#define N_WAITERS (N_SENDERS + N_RECEIVERS)
#define RECEIVER(number) (N_SENDERS + (number))
#define NO_WAITER N_RECEIVERS
#define BIT(number) (1 << (number))

/* How many items a receiver waits for, and takes at most */
#define WANTS(receiver) ((receiver) == 0 -> FIRST_WANTS : 1)
#ifdef FOREACH
#define TAKES(receiver) ((receiver) == N_RECEIVERS - 1 -> N_IDS : WANTS (receiver))
#else
#define TAKES(receiver) WANTS (receiver)
#endif

mtype = { IDLE, QUEUED, LET_IN, REFUSED, SERVED };          /* a waiter */
mtype = { OK, CLOSED, INTERRUPTED, WAITS, WOULD_BLOCK };    /* what a call comes to */

bool is_locked;

/* What the lock guards */
chan items = [N_IDS] of { byte };
chan senders = [N_SENDERS] of { byte };
chan receivers = [N_RECEIVERS] of { byte };
chan served = [N_WAITERS] of { byte };
byte n_own;                         /* of the served: who notifies now has taken them over */
bool is_notifying;
byte n_reserved;
bool is_closed;
mtype state[N_WAITERS + 1] = IDLE;
byte value[N_SENDERS];
byte n_promised[N_RECEIVERS + 1];

/* What has come in, and, atomic, what has gone out to user code */
byte n_in;
byte n_out;
#ifdef FOREACH
byte refill_at;                     /* atomic too, changed under the lock */
#endif

/* Of each waiter alone */
bool is_notified[N_WAITERS + 1];

/* What disturbs */
byte n_strikes;                     /* left */
bool comes_late;                    /* the close */

/* What is checked */
byte held;                          /* a bit for each item that was accepted, and not handed to user code yet */
bool is_accepted[N_SENDERS];        /* its item was, and it does not know yet */

/* Used within one step, and nothing in between */
byte other;
byte id;
byte n;

#define N_AVAILABLE (len (items) - n_reserved)
#define N_OCCUPIED (n_in - n_out)
#define HAS_ROOM (N_OCCUPIED < CAPACITY)
#define IS_DRAINED (N_OCCUPIED <= LOW_WATER)
#define SENDER_OF(id) ((id) / N_EACH)
#define IN_LINE(row) (len (row) > 0)

/* --- What runs under the lock ------------------------------------------------ */

inline check_locked ()
{
  assert (n_reserved <= len (items));
  assert (len (items) <= N_OCCUPIED && N_OCCUPIED <= CAPACITY)
}

/* aiot_queue_append_locked () */
inline aiot_queue_append_locked (number)
{
  assert (!is_closed);
  assert (!(held & BIT (number)) && !is_accepted[SENDER_OF (number)]);
  held = held | BIT (number);
  is_accepted[SENDER_OF (number)] = true;
  items!number;
  n_in++
}

/* aiot_queue_serve_locked () */
inline aiot_queue_serve_locked ()
{
  do
  :: IN_LINE (receivers) ->
     receivers?<other>;
     if
     :: N_AVAILABLE < WANTS (other) && !is_closed -> break
     :: else ->
        receivers?other;
        serve_receiver_locked (other);
        served!RECEIVER (other)
     fi
  :: else -> break
  od
}

/* serve_receiver_locked () */
inline serve_receiver_locked (receiver)
{
  n_promised[receiver] = (N_AVAILABLE < TAKES (receiver) -> N_AVAILABLE : TAKES (receiver));
  n_reserved = n_reserved + n_promised[receiver];
  state[RECEIVER (receiver)] = SERVED
}

/* release_reservation_locked () */
inline release_reservation_locked (receiver)
{
  n_reserved = n_reserved - n_promised[receiver];
  n_promised[receiver] = 0
}

/* aiot_queue_note_refill_locked () */
inline aiot_queue_note_refill_locked ()
{
#ifdef FOREACH
  refill_at = n_in - LOW_WATER
#else
  skip
#endif
}

/* fill_locked () */
inline fill_locked ()
{
  do
  :: IN_LINE (senders) && HAS_ROOM ->
     senders?other;
     aiot_queue_append_locked (value[other]);
     state[other] = LET_IN;
     served!other
  :: else -> break
  od;
  if
  :: IN_LINE (senders) -> aiot_queue_note_refill_locked ()
  :: else
  fi
}

/* aiot_queue_refill_locked () */
inline aiot_queue_refill_locked ()
{
  if
  :: IN_LINE (senders) && (IS_DRAINED || IN_LINE (receivers)) ->
     fill_locked ();
     aiot_queue_serve_locked ()
  :: else
  fi
}

/*
 * An item goes to user code: for the first time, and after those that the same thread has sent earlier. But what an iteration has
 * taken others may pass.
 */
inline hand_over (number)
{
  assert (held & BIT (number));
#ifndef FOREACH
  assert (number % N_EACH == 0 || !(held & BIT (number - 1)));
#endif
  held = held & ~BIT (number)
}

/* get_share_locked (), into n */
inline get_share_locked (receiver, was_served)
{
  n = n_promised[receiver];
  if
  :: !IN_LINE (receivers) ->
     n = (n + N_AVAILABLE < TAKES (receiver) -> n + N_AVAILABLE : TAKES (receiver))
  :: else
  fi;
  if
  :: !was_served && n < WANTS (receiver) && !is_closed -> n = 0
  :: else
  fi
}

/* --- What runs after it was unlocked ----------------------------------------- */

/* begin_notifying_locked (), at the end of each region that may take somebody out of a row */
inline unlock ()
{
  check_locked ();
  other = 0;
  id = 0;
  n = 0;
  if
  :: len (served) > 0 && !is_notifying ->
     is_notifying = true;
     n_own = len (served);
     notifies = true
  :: else
  fi
}

/* notify_all () */
inline notify_one ()
{
  d_step
  {
    n_own > 0 ->
    served?other;
    n_own--;
    assert (state[other] != IDLE && state[other] != QUEUED && !is_notified[other]);
    is_notified[other] = true;
    other = 0
  }
}

/* take_others () */
inline take_others ()
{
  d_step
  {
    n_own == 0 && !is_locked ->
    n_own = len (served);
    notifies = n_own > 0;
#ifdef MUTANT_LEAVES_OTHERS
  }
  d_step
  {
    true;
#endif
    if
    :: !notifies -> is_notifying = false
    :: else
    fi
  }
}

/* aiot_queue_unlock () */
inline notify ()
{
  do
  :: !notifies -> break
  :: notifies ->
     if
     :: notify_one ()
     :: take_others ()
     fi
  od
}

/* Nobody else knows the waiter any more. */
inline leave (waiter)
{
  state[waiter] = IDLE;
  is_notified[waiter] = false
}

/* --- Senders ----------------------------------------------------------------- */

#define ID (self * N_EACH + n_sent)

inline sent_with (result)
{
  outcome = result;
  assert ((outcome == OK) == is_accepted[self]);
  is_accepted[self] = false;
  n_sent++
}

/* wait_for_room_locked (), up to its last call */
inline wait_for_room_locked ()
{
  state[self] = QUEUED;
  value[self] = ID;
  aiot_queue_note_refill_locked ();
  senders!self;
  outcome = WAITS
}

/* aiot_queue_offer () */
inline offer (when_full)
{
  d_step
  {
    !is_locked ->
    if
    :: is_closed -> sent_with (CLOSED)
    :: !is_closed && !IN_LINE (senders) && HAS_ROOM ->
       aiot_queue_append_locked (ID);
       aiot_queue_serve_locked ();
       sent_with (OK)
    :: else ->
       if
       :: when_full == WAITS ->
#ifdef FOREACH
          is_locked = true;
          outcome = WAITS
#else
          wait_for_room_locked ();
          aiot_queue_refill_locked ()
#endif
       :: else -> sent_with (WOULD_BLOCK)
       fi
    fi;
    unlock ()
  }
#ifdef FOREACH
  /* Who hands out items without the lock may do so between these. */
  if
  :: outcome != WAITS
  :: outcome == WAITS ->
     d_step { wait_for_room_locked () }
     d_step
     {
#ifndef MUTANT_LOOKS_ONCE
       aiot_queue_refill_locked ();
#endif
       unlock ();
       is_locked = false
     }
  fi
#endif
}

/* aiot_queue_interrupt_sender () */
inline interrupt_sender ()
{
  d_step
  {
    n_strikes > 0 && !is_locked ->
    n_strikes--;
    if
    :: state[self] == QUEUED ->
       senders??eval (self);
       value[self] = 0;
       leave (self);
       sent_with (INTERRUPTED)
    :: else
    fi;
    unlock ()
  }
}

/* sleep_until_let_in (), send_conclude (): who was let in or refused, and notified of it */
inline be_let_in ()
{
  d_step
  {
    is_notified[self] ->
    if
    :: state[self] == LET_IN -> sent_with (OK)
    :: state[self] == REFUSED -> sent_with (CLOSED)
    fi;
    value[self] = 0;
    leave (self)
  }
}

proctype sender (byte self)
{
  bool notifies;
  byte n_sent;
  mtype outcome;

  do
  :: n_sent == N_EACH -> break
  :: n_sent < N_EACH ->
     if
     :: offer (WAITS)
     :: offer (WOULD_BLOCK)
     fi;
     notify ();
     if
     :: outcome != WAITS
     :: outcome == WAITS ->
        if
        :: be_let_in ()
        :: interrupt_sender ();
           if
           :: outcome != WAITS
           :: outcome == WAITS -> be_let_in ()
           fi
        fi
     fi;
     outcome = 0
  od
}

/* --- Receivers --------------------------------------------------------------- */

/* take_no_items_locked () */
inline take_no_items_locked ()
{
  if
  :: is_closed ->
     assert (N_AVAILABLE == 0);
     outcome = CLOSED
  :: else -> outcome = WOULD_BLOCK
  fi
}

/* aiot_queue_take (), aiot_queue_take_batch () */
inline take (receiver, was_served)
{
  d_step
  {
    !is_locked ->
    get_share_locked (receiver, was_served);
    if
    :: n > 0 ->
       release_reservation_locked (receiver);
       n_out = n_out + n;
       do
       :: n > 0 ->
          items?id;
          hand_over (id);
          n--
       :: else -> break
       od;
       aiot_queue_refill_locked ();
       outcome = OK
#ifdef MUTANT_CHECK_OUTSIDE
    :: else -> outcome = WOULD_BLOCK
    fi
  }
  d_step
  {
    if
    :: outcome == OK
#endif
    :: else -> take_no_items_locked ()
    fi;
    leave (RECEIVER (receiver));
    unlock ()
  }
}

/* aiot_queue_reserve () */
inline reserve ()
{
  d_step
  {
    !is_locked ->
    if
    :: !IN_LINE (receivers) && !is_notifying && N_AVAILABLE >= WANTS (self) ->
       serve_receiver_locked (self);
       outcome = WAITS
    :: else -> outcome = WOULD_BLOCK
    fi
  }
}

/* What an asynchronous receiver is promised at once it takes later, if it is not cancelled before. */
inline receive_reserved ()
{
  if
  :: take (self, true)
  :: interrupt_receiver (false);
     d_step { leave (RECEIVER (self)) }
  fi;
  notify ()
}

/* aiot_queue_add_receiver () */
inline add_receiver ()
{
  d_step
  {
    !is_locked ->
    state[RECEIVER (self)] = QUEUED;
    receivers!self;
#ifdef FOREACH
    /* Who hands out items without the lock may do so between these. */
    is_locked = true
  }
  d_step
  {
#endif
    aiot_queue_serve_locked ();
    aiot_queue_refill_locked ();
    unlock ();
    is_locked = false
  }
}

/* aiot_queue_interrupt_receiver () */
inline interrupt_receiver (is_timed_out)
{
  d_step
  {
    n_strikes > 0 && !is_locked ->
    n_strikes--;
    outcome = INTERRUPTED;
    if
    :: state[RECEIVER (self)] == QUEUED ->
       receivers?<other>;
       receivers??eval (self);
       if
       :: is_timed_out && other == self && N_AVAILABLE > 0 ->
          serve_receiver_locked (self);
          is_notified[RECEIVER (self)] = true;
          outcome = WAITS
       :: else -> leave (RECEIVER (self))
       fi
    :: state[RECEIVER (self)] == SERVED ->
       if
       :: is_timed_out -> outcome = WAITS
       :: else -> release_reservation_locked (self)
       fi
    fi;
#ifndef MUTANT_LOST_RESERVATION
    aiot_queue_serve_locked ();
#endif
    unlock ()
  }
}

/* sleep_until_served (); or what a request is between its begin and its conclusion */
inline wait_for_items ()
{
  add_receiver ();
  notify ();
  outcome = WAITS;
  if
  :: is_notified[RECEIVER (self)]
  :: interrupt_receiver (false);
     notify ()
#if FIRST_WANTS > 1
  :: interrupt_receiver (true);
     notify ()
#endif
  fi;
  /* Who took it out of the row still knows it until it has notified it. */
  atomic
  {
    state[RECEIVER (self)] == IDLE || is_notified[RECEIVER (self)];
    if
    :: outcome == INTERRUPTED -> leave (RECEIVER (self))
    :: outcome == WAITS
    fi
  }
}

inline receive ()
{
  if
  :: reserve ()                                  /* aiot_queue_receive_async () */
  :: take (self, false); notify ()               /* aiot_queue_receive_sync () */
  fi;
  if
  :: outcome == WAITS -> receive_reserved ()
  :: outcome != WAITS && outcome != WOULD_BLOCK
  :: outcome == WOULD_BLOCK ->
     wait_for_items ();
     if
     :: outcome == INTERRUPTED
     :: outcome == WAITS -> take (self, true)
     fi;
     notify ()
  fi
}

proctype receiver (byte self)
{
  bool notifies;
  mtype outcome;

  do
  :: receive ();
     if
     :: outcome != CLOSED -> outcome = 0
     :: true -> break
     fi
  od
}

/* aiot_queue_try_receive () */
proctype hasty ()
{
  bool notifies;
  mtype outcome;

  take (NO_WAITER, false);
  notify ()
}

#ifdef FOREACH
/* aiot_queue_take_block (): what it is promised, or as much of it as is in one block */
inline take_block (n_in_block)
{
  d_step
  {
    !is_locked ->
    get_share_locked (self, true);
    if
    :: n > 0 ->
       release_reservation_locked (self);
       n = (n < n_in_block -> n : n_in_block);
       do
       :: n > 0 ->
          items?id;
          block!id;
          n--
       :: else -> break
       od;
#ifndef MUTANT_LOST_REST
       aiot_queue_serve_locked ();
#endif
       outcome = OK
    :: else -> take_no_items_locked ()
    fi;
    leave (RECEIVER (self));
    unlock ()
  }
}

#ifndef MUTANT_LOW_WATER_ONLY
#define IS_AWAITED IN_LINE (receivers)
#else
#define IS_AWAITED false
#endif

/* aiot_queue_hand_out (): not locked, but where senders have to be let in */
inline hand_out ()
{
  d_step
  {
    n_out++;
    n_then = n_out
  }
  /* needs_refill () */
  needs_refill = IN_LINE (senders);
  if
  :: !needs_refill
  :: needs_refill ->
     if
     :: n_then >= refill_at
     :: n_then < refill_at -> needs_refill = IS_AWAITED
     fi
  fi;
  if
  :: !needs_refill
  :: needs_refill ->
     d_step
     {
       !is_locked ->
       aiot_queue_refill_locked ();
       unlock ()
     }
     notify ()
  fi
}

/* aiot_queue_put_back (); and aiot_queue_interrupt_reader (), which finds nothing in the row */
inline put_back ()
{
  d_step
  {
    !is_locked ->
    other = len (items);
    do
    :: len (block) > 0 ->
       block?id;
       items!id
    :: else -> break
    od;
    do
    :: other > 0 ->
       items?id;
       items!id;
       other--
    :: else -> break
    od;
    aiot_queue_serve_locked ();
    unlock ()
  }
  notify ()
}

/* foreach_get_in_line (), after the first time */
inline get_in_line ()
{
  if
  :: outcome = WOULD_BLOCK
  :: reserve ()
  fi;
  if
  :: outcome == WOULD_BLOCK -> wait_for_items ()
  :: outcome == WAITS ->
     if
     :: true
     :: interrupt_receiver (false);
        d_step { leave (RECEIVER (self)) }
     fi;
     notify ()
  fi
}

/* aiot_queue_foreach_async (): its function may stop early, and may wait for anything */
proctype iteration (byte self)
{
  bool notifies;
  mtype outcome;
  byte n_then;
  bool needs_refill;
  chan block = [N_IDS] of { byte };

  do
  :: get_in_line ();
     if
     :: outcome == INTERRUPTED
     :: outcome == WAITS -> take_block (N_IDS)
     :: outcome == WAITS -> take_block (1)
     fi;
     notify ();
     do
     :: outcome != OK || len (block) == 0 -> break
     :: outcome == OK && len (block) > 0 ->
        hand_out ();
        atomic { block?id; hand_over (id); id = 0; n_then = 0; needs_refill = false };
        if
        :: true
        :: true -> is_closed
        :: outcome = INTERRUPTED
        fi
     od;
     if
     :: outcome == OK -> outcome = 0
     :: outcome != OK -> break
     fi
  od;
  put_back ()
}
#endif

/* --- Its end ----------------------------------------------------------------- */

/* aiot_queue_close () */
inline close_queue ()
{
  d_step
  {
    !is_locked ->
    is_closed = true;
    do
    :: IN_LINE (senders) ->
       senders?other;
       state[other] = REFUSED;
#ifdef MUTANT_CLOSE_WAKES_ONE
       if
       :: id == 0 ->
          id = 1;
          served!other
       :: else
       fi
#else
       served!other
#endif
    :: else -> break
    od;
    aiot_queue_serve_locked ();
    unlock ()
  }
  notify ()
}

/* Nothing moves any more: nobody sleeps who could go on. */
inline check_rest ()
{
  d_step
  {
    if
    :: IN_LINE (receivers) ->
       receivers?<other>;
       assert (N_AVAILABLE < WANTS (other))
    :: else
    fi;
    assert (!IN_LINE (senders) || !IS_DRAINED);
    assert (!IN_LINE (senders) || !IN_LINE (receivers) || !HAS_ROOM);
    other = 0;
    do
    :: other < N_WAITERS ->
       assert (state[other] == IDLE || state[other] == QUEUED);
       other++
    :: else -> break
    od;
    other = 0
  }
}

proctype closer ()
{
  bool notifies;

  if
  :: !comes_late
  :: comes_late && timeout -> check_rest ()
  fi;
  close_queue ()
}

init
{
  atomic
  {
    select (n_strikes : 0 .. N_STRIKES);
    if
    :: comes_late = false
    :: comes_late = true
    fi;
    run sender (0);
    run sender (1);
    run receiver (0);
#if N_RECEIVERS > 2
    run receiver (1);
#endif
#ifdef FOREACH
    run iteration (N_RECEIVERS - 1);
#else
    run receiver (N_RECEIVERS - 1);
#endif
#ifdef HASTY
    run hasty ();
#endif
    run closer ()
  }

  /* All have come to their end: what nobody has received is still there. */
  _nr_pr == 1;
  d_step
  {
    assert (n_reserved == 0 && N_OCCUPIED == len (items));
    do
    :: len (items) > 0 ->
       items?id;
       hand_over (id)
    :: else -> break
    od;
    assert (held == 0)
  }
}
