/*
 * presence.h
 *		Whether transactions met, and in which orders their steps came: the
 *		evidence that a verdict rests on.
 *
 * Words, as they are used here:
 *
 * - a statement *touches* the database if it opens a relation outside of
 *	 pg_catalog, takes an advisory lock, or is DDL; see touch.h.
 * - a *window* is the part of a transaction (of a script's iteration) in which
 *	 it can be in somebody's way: from the start of the first touching
 *	 statement after the last \barrier, to the end of its last statement.  What
 *	 came before a barrier is over when the race begins; not so where the
 *	 barrier is within a transaction block, which then has been in progress all
 *	 the while.  Time spent before the first touching statement is no evidence
 *	 at all.
 * - two transactions *overlap* if their windows do.
 * - a transaction *met* another one if within its window a touching statement
 *	 of another worker's began, ended, or was in progress throughout.
 *
 * Each worker publishes in its slot, which it alone writes: since when it has
 * been in a touching statement, or when its last one ended; the same of its
 * window; and which steps of the window have ended.  Whether it met somebody
 * it finds out when its window ends, by a look at the others' slots: if any
 * touching statement overlapped the window, then the latest one of that worker
 * is still in progress, or ended after the window began.  No lock is needed,
 * and the cost is a look at one slot while workers are busy, since the first
 * one found settles it.
 *
 * The orders of steps are found by a glance at one other slot as a statement
 * begins, in turn: what has ended there, of a window that overlaps ours, ended
 * before ours begins.  So an order that was seen has occurred; of those that
 * occur only now and then, some are missed.
 *
 * A worker that sleeps with no window open, because none of its clients is due,
 * *goes away*: until it is back nobody needs to look at its slot, so that a
 * crowd that thinks costs nothing.  What it last did before it went is summed up
 * in CtCrowd for all who are away: a latest time tells as much as each.
 *
 * Clients that take turns on one worker are others to each other.  Between two
 * statements of a transaction of several (outside of blocks), another client's
 * may come: then the first one's window is *parked*.  In the slot it is closed
 * meanwhile, so other workers may miss that it overlapped theirs, but not that
 * they met.
 *
 * Times are those of ct_now_ns(), shifted left by one, with the lowest bit
 * saying that it is still going on.
 */
#ifndef CT_PRESENCE_H
#define CT_PRESENCE_H

#include "port/pg_bitutils.h"

#include "bgworker/shm/shared.h"

#define CT_GOING_ON		UINT64CONST(1)
#define CT_SINCE(ns)	((uint64) (ns) << 1 | CT_GOING_ON)
#define CT_UNTIL(ns)	((uint64) (ns) << 1)

/* what one glance at another worker's slot found to have ended, if that is news */
typedef struct CtGlance
{
	CtPresence *other;			/* NULL: nothing */
	uint64		at;				/* ns */
	uint64	   *orders;			/* our step's words */

	/* of its present window, which if it is open may turn out to be over already */
	uint64		ended;			/* bits of that script's steps; 0 if it doesn't overlap ours */
	uint32		script;
	uint32		opened;
	bool		is_open;

	/* of the one before */
	uint64		last_ended;
	uint32		last_script;
} CtGlance;

/* glances at open windows that may still turn out to be over already */
#define CT_MAX_PENDING_GLANCES	8

/* a transaction's own view of its window; of several clients in one worker, each has one */
typedef struct CtStay
{
	uint64		since;			/* ns; 0: none was opened in this transaction */
	uint64		until;			/* end of the last statement in it, ns */
	uint64		looked;			/* "until" of when the others were last looked at */
	bool		open;			/* no barrier outside of a block since */
	bool		touching;		/* a touching statement is in progress */
	bool		parked;			/* another client of the worker may be at it */
	bool		overlapped;
	bool		met;
	uint32		script;
	uint64		ended;			/* bits of the steps */
} CtStay;

/* what a worker knows of itself, and of the others */
typedef struct CtLookout
{
	int			self;			/* the worker's number */
	bool		away;			/* gone away, see below */
	int			parked;			/* windows of its clients that are open, but for the present one */
	uint64		touched;		/* when its latest touching statement ended, whosever it was, ns */
	uint64		closed;			/* when its latest window ended, ns */

	/* the glances: whose slot is next, and how often it is worth it */
	int			neighbour;
	uint32		period;
	uint32		countdown;
	uint32		nothing_new;
	int			npending;
	CtGlance	pending[CT_MAX_PENDING_GLANCES];
} CtLookout;

/* glances in a row that told nothing new, after which they become half as frequent */
#define CT_GLANCES_WITHOUT_NEWS	64
#define CT_GLANCE_PERIOD_MAX	64

/*
 * To be called somewhat before the slots are looked at: fetches our line for
 * writing and the first one that is going to be looked at, both of which
 * another processor may have, while there is something else to do.
 */
static inline void
ct_presence_prepare(CtShared *shared, const CtLookout *lookout)
{
#if defined(__GNUC__) || defined(__clang__)
	int			self = lookout->self;

	__builtin_prefetch(ct_shared_slot(shared, self), 1);
	__builtin_prefetch(ct_shared_slot(shared, self + 1 < shared->nworkers ? self + 1 : 0));
#endif
}

/* The worker begins: nobody has to look at it yet. */
static inline void
ct_lookout_begin(CtLookout *lookout, int self)
{
	memset(lookout, 0, sizeof(CtLookout));
	lookout->self = self;
	lookout->away = true;
	lookout->neighbour = self;
	lookout->period = lookout->countdown = 1;
}

/* ---- going away, and being back ---- */

static inline void
ct_crowd_raise(pg_atomic_uint64 *latest, uint64 time)
{
	uint64		was = pg_atomic_read_u64(latest);

	while (was < time && !pg_atomic_compare_exchange_u64(latest, &was, time))
		;
}

/* The worker is about to sleep.  No window of its may be open, but parked ones. */
static inline void
ct_presence_leave(CtShared *shared, CtLookout *lookout)
{
	CtCrowd *all = &shared->crowd;

	if (lookout->away || lookout->parked > 0)
		return;
	lookout->away = true;

	/* first, for who doesn't find us there any more is to find this */
	ct_crowd_raise(&all->touched, lookout->touched);
	ct_crowd_raise(&all->closed, lookout->closed);
	pg_atomic_fetch_and_u64(&all->present[lookout->self / 64], ~(UINT64CONST(1) << lookout->self % 64));
}

/* Before anything of its is published. */
static inline void
ct_presence_return(CtShared *shared, CtLookout *lookout)
{
	lookout->away = false;
	pg_atomic_fetch_or_u64(&shared->crowd.present[lookout->self / 64],
						   UINT64CONST(1) << lookout->self % 64);
}

/* ---- the window ---- */

/* A transaction begins: no window yet. */
static inline void
ct_presence_begin(CtStay *stay, int script)
{
	stay->since = stay->until = stay->looked = 0;
	stay->open = stay->touching = stay->parked = false;
	stay->overlapped = stay->met = false;
	stay->script = script;
	stay->ended = 0;
}

/* Publishes a window that is open since "since", with the steps that have ended in it. */
static inline void
ct_presence_publish(CtPresence *mine, const CtStay *stay)
{
	/* zero says that what is beside it is being changed */
	pg_atomic_write_u64(&mine->last_window, pg_atomic_read_u64(&mine->window));
	pg_atomic_write_u64(&mine->window, 0);
	pg_write_barrier();
	pg_atomic_write_u64(&mine->last_ended, pg_atomic_read_u64(&mine->ended));
	pg_atomic_write_u32(&mine->last_script, pg_atomic_read_u32(&mine->script));
	pg_atomic_write_u64(&mine->ended, stay->ended);
	pg_atomic_write_u32(&mine->script, stay->script);
	pg_atomic_write_u32(&mine->opened, pg_atomic_read_u32(&mine->opened) + 1);
	pg_write_barrier();
	pg_atomic_write_u64(&mine->window, CT_SINCE(stay->since));
}

/*
 * A statement that touches the database is in progress since "start".  Opens
 * the window, and what an earlier one of the transaction has met counts no more.
 */
static inline void
ct_presence_touch(CtShared *shared, CtLookout *lookout, CtStay *stay, uint64 start)
{
	CtPresence *mine = &ct_shared_slot(shared, lookout->self)->presence;

	if (stay->touching)
		return;
	stay->touching = true;
	if (unlikely(lookout->away))
		ct_presence_return(shared, lookout);
	if (!stay->open)
	{
		stay->open = true;
		stay->since = stay->until = start;
		stay->looked = 0;
		stay->met = false;
		stay->overlapped = lookout->parked > 0;
		stay->ended = 0;
		ct_presence_publish(mine, stay);
	}
	pg_atomic_write_u64(&mine->touch, CT_SINCE(start));
}

/* A statement has ended; step: its bit's number in the script, -1 if it has none or failed. */
static inline void
ct_presence_ended(CtShared *shared, CtLookout *lookout, CtStay *stay, uint64 end, int step)
{
	CtPresence *mine = &ct_shared_slot(shared, lookout->self)->presence;

	if (!stay->open)
		return;
	stay->until = end;
	if (stay->touching)
	{
		pg_atomic_write_u64(&mine->touch, CT_UNTIL(end));
		lookout->touched = end;
		stay->touching = false;
	}
	if (step >= 0)
	{
		stay->ended |= UINT64CONST(1) << step;
		pg_atomic_write_u64(&mine->ended, stay->ended);
	}
}

/* Did it overlap what is in another worker's slot?  Then: did it meet that? */
static inline bool
ct_presence_meets(CtShared *shared, CtStay *stay, int other)
{
	CtPresence *presence = &ct_shared_slot(shared, other)->presence;
	uint64		window = pg_atomic_read_u64(&presence->window);
	uint64		touch = pg_atomic_read_u64(&presence->touch);

	if (touch & CT_GOING_ON ? touch <= CT_SINCE(stay->until) : touch > CT_UNTIL(stay->since))
	{
		stay->overlapped = stay->met = true;
		return true;
	}
	if (window & CT_GOING_ON ? window <= CT_SINCE(stay->until) : window > CT_UNTIL(stay->since))
		stay->overlapped = true;
	return false;
}

/* The same of all the others: those who are there, and then who has gone away. */
static inline void
ct_presence_look_around(CtShared *shared, const CtLookout *lookout, CtStay *stay, int neighbour)
{
	CtCrowd *all = &shared->crowd;
	int			nwords = (shared->nworkers + 63) / 64;
	int			i;

	for (i = 0; i < nwords; i++)
	{
		int			word = (lookout->self / 64 + i) % nwords;
		uint64		present = pg_atomic_read_u64(&all->present[word]);

		for (; present != 0; present &= present - 1)
		{
			int			other = word * 64 + pg_rightmost_one_pos64(present);

			if (other != lookout->self && other != neighbour &&
				ct_presence_meets(shared, stay, other))
				return;
		}
	}
	pg_read_barrier();
	if (pg_atomic_read_u64(&all->touched) > stay->since)
		stay->overlapped = stay->met = true;
	else if (pg_atomic_read_u64(&all->closed) > stay->since)
		stay->overlapped = true;
}

/*
 * Looks whether somebody was met until now, unless that is known.  To be
 * called where a window may have ended: before any waiting, and at the end.
 */
static inline void
ct_presence_look(CtShared *shared, const CtLookout *lookout, CtStay *stay)
{
	int			neighbour = lookout->self + 1 < shared->nworkers ? lookout->self + 1 : 0;

	if (!stay->open || stay->met || stay->looked == stay->until || shared->nworkers < 2)
		return;
	stay->looked = stay->until;

	/* while workers are busy, the first one that is looked at settles it */
	if (!ct_presence_meets(shared, stay, neighbour))
		ct_presence_look_around(shared, lookout, stay, neighbour);
}

/* The window is over: at a barrier, and at the transaction's end. */
static inline void
ct_presence_close(CtShared *shared, CtLookout *lookout, CtStay *stay)
{
	if (!stay->open)
		return;
	ct_presence_look(shared, lookout, stay);
	stay->open = stay->touching = false;
	if (stay->parked)
	{
		/* it is closed in the slot, and maybe another one is there */
		stay->parked = false;
		lookout->parked--;
		return;
	}
	lookout->closed = stay->until;
	pg_atomic_write_u64(&ct_shared_slot(shared, lookout->self)->presence.window,
						CT_UNTIL(stay->until));
}

/* Another client of the worker may be next, between two transactions of this one's. */
static inline void
ct_presence_park(CtShared *shared, CtLookout *lookout, CtStay *stay)
{
	if (!stay->open)
		return;
	ct_presence_look(shared, lookout, stay);
	stay->parked = true;
	lookout->parked++;
	lookout->closed = stay->until;
	pg_atomic_write_u64(&ct_shared_slot(shared, lookout->self)->presence.window,
						CT_UNTIL(stay->until));
}

/* It goes on; the others have been others to it meanwhile. */
static inline void
ct_presence_unpark(CtShared *shared, CtLookout *lookout, CtStay *stay)
{
	if (!stay->parked)
		return;
	stay->parked = false;
	lookout->parked--;
	if (lookout->touched > stay->until)
		stay->overlapped = stay->met = true;
	if (lookout->away)
		ct_presence_return(shared, lookout);
	ct_presence_publish(&ct_shared_slot(shared, lookout->self)->presence, stay);
}

/* What was done is undone: the window is over, and its steps count for nobody. */
static inline void
ct_presence_fail(CtShared *shared, CtLookout *lookout, CtStay *stay, uint64 end)
{
	if (!stay->open)
		return;
	ct_presence_ended(shared, lookout, stay, end, -1);
	pg_atomic_write_u64(&ct_shared_slot(shared, lookout->self)->presence.ended, 0);
	ct_presence_close(shared, lookout, stay);
}

/* ---- orders ---- */

/* Glances are worth it as long as they tell something new. */
static inline void
ct_presence_pace(CtLookout *lookout, bool news)
{
	if (news)
	{
		lookout->nothing_new = 0;
		lookout->period = 1;
	}
	else if (++lookout->nothing_new >= CT_GLANCES_WITHOUT_NEWS && lookout->period < CT_GLANCE_PERIOD_MAX)
	{
		lookout->nothing_new = 0;
		lookout->period *= 2;
	}
}

/* Sets the bits; were some of them new? */
static inline bool
ct_presence_see(uint64 *word, uint64 ended)
{
	if ((ended & ~*word) == 0)
		return false;
	*word |= ended;
	return true;
}

/*
 * What has ended at one of the others, of windows that overlap ours, as our
 * step is about to begin.  orders: the words of that step, one for each script,
 * with what is known.
 */
static inline void
ct_presence_glance(CtShared *shared, CtLookout *lookout, const CtStay *stay, uint64 *orders,
				   CtGlance *glance)
{
	CtPresence *other;
	uint64		since;
	uint64		window;
	uint64		last_window;

	glance->other = NULL;
	if (likely(--lookout->countdown > 0) || shared->nworkers < 2)
		return;
	lookout->countdown = lookout->period;
	if (++lookout->neighbour == lookout->self)
		lookout->neighbour++;
	if (lookout->neighbour >= shared->nworkers)
		lookout->neighbour = lookout->self == 0 ? 1 : 0;

	other = &ct_shared_slot(shared, lookout->neighbour)->presence;
	window = pg_atomic_read_u64(&other->window);
	pg_read_barrier();
	last_window = pg_atomic_read_u64(&other->last_window);
	glance->is_open = (window & CT_GOING_ON) != 0;
	glance->opened = pg_atomic_read_u32(&other->opened);
	glance->script = pg_atomic_read_u32(&other->script);
	glance->ended = pg_atomic_read_u64(&other->ended);
	glance->last_script = pg_atomic_read_u32(&other->last_script);
	glance->last_ended = pg_atomic_read_u64(&other->last_ended);
	pg_read_barrier();

	/* zero: it is being changed, or never was opened */
	if (window != 0 && pg_atomic_read_u64(&other->window) == window &&
		((glance->ended & ~orders[glance->script]) != 0 ||
		 (glance->last_ended & ~orders[glance->last_script]) != 0))
	{
		/* our start is that of the last statement's end, which is not exact enough here */
		glance->at = ct_now_ns();
		since = stay->open ? stay->since : glance->at;
		if (!glance->is_open && window <= CT_UNTIL(since))
			glance->ended = 0;
		if (last_window <= CT_UNTIL(since))
			glance->last_ended = 0;
		glance->other = other;
		glance->orders = orders;
	}
	else
		ct_presence_pace(lookout, false);
}

/*
 * Did the window that was open at the glance go on after it, so that it did
 * overlap ours?  Sets *known to false as long as it is open and nothing
 * happens in it, for it may be over but for being closed.
 */
static inline bool
ct_presence_went_on(const CtGlance *glance, bool *known)
{
	CtPresence *other = glance->other;
	uint32		opened = pg_atomic_read_u32(&other->opened);
	uint64		window;
	bool		yes;

	*known = true;
	pg_read_barrier();
	window = pg_atomic_read_u64(&other->window);
	if (opened == glance->opened && (window & CT_GOING_ON) != 0)
		*known = yes = pg_atomic_read_u64(&other->ended) != glance->ended ||
			(pg_atomic_read_u64(&other->touch) & CT_GOING_ON) != 0;
	else if (opened == glance->opened)
		yes = window > CT_UNTIL(glance->at);
	else
		yes = opened == glance->opened + 1 &&
			pg_atomic_read_u64(&other->last_window) > CT_UNTIL(glance->at);
	pg_read_barrier();
	if (pg_atomic_read_u32(&other->opened) == opened)
		return yes;
	*known = false;
	return false;
}

/* Decides on the glances that are pending, as far as that can be done now. */
static inline void
ct_presence_settle(CtLookout *lookout)
{
	int			n = 0;
	int			i;

	for (i = 0; i < lookout->npending; i++)
	{
		CtGlance   *glance = &lookout->pending[i];
		bool		known;

		if (ct_presence_went_on(glance, &known))
			ct_presence_pace(lookout, ct_presence_see(&glance->orders[glance->script], glance->ended));
		else if (!known)
			lookout->pending[n++] = *glance;
	}
	lookout->npending = n;
}

/* Our step, which has ended now, began after what the glance before it found. */
static inline void
ct_presence_record(CtLookout *lookout, const CtGlance *glance)
{
	bool		news = ct_presence_see(&glance->orders[glance->last_script], glance->last_ended);
	int			i;

	if (glance->ended != 0 && !glance->is_open)
		news |= ct_presence_see(&glance->orders[glance->script], glance->ended);
	ct_presence_pace(lookout, news);
	if (glance->ended == 0 || !glance->is_open)
		return;
	for (i = 0; i < lookout->npending; i++)
		if (lookout->pending[i].other == glance->other && lookout->pending[i].orders == glance->orders)
			return;
	if (lookout->npending < CT_MAX_PENDING_GLANCES)
		lookout->pending[lookout->npending++] = *glance;
}

#endif							/* CT_PRESENCE_H */
