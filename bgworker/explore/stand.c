/*
 * stand.c
 *		Whether all sessions of an execution stand, and what they stand for.
 *
 * That all stand is looked for twice in a row: who was granted its lock between
 * the two looks at somebody else isn't asleep in the second one, or in another
 * sleep.  The leader sleeps on its latch meanwhile, which whoever answers sets.
 * What doesn't announce itself (a wait for a safe snapshot, a session that is
 * lost, the time) is looked for after 1 ms and then every 20.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/predicate_internals.h"
#include "storage/proc.h"

#include "bgworker/explore/stand.h"
#include "bgworker/locks.h"
#include "src/base/ct_compat.h"

/* how long to sleep until a look at what doesn't announce itself: the first time, and later */
#define LOOK_FIRST_MS		1
#define LOOK_MS				20

/* blockers of one wait that are told apart */
#define MAX_BLOCKERS		64

/* a wait that PGPROC.waitStart knows nothing of */
#define SAFE_SNAPSHOT		PG_UINT64_MAX

/* Does a session wait for a safe snapshot?  Nothing but a look tells. */
static bool
stand_waits_for_snapshot(const CtExecutionSession *s)
{
	int			pids[1];

	return *(volatile uint32 *) &ProcGlobal->allProcs[s->slot->procno].wait_event_info ==
		WAIT_EVENT_SAFE_SNAPSHOT &&
		GetSafeSnapshotBlockingPids(s->slot->pid, pids, lengthof(pids)) > 0;
}

/* The wait that a session is in whose order isn't answered; 0: it runs. */
static uint64
stand_wait(const CtExecutionSession *s)
{
	if (s->waits == SAFE_SNAPSHOT)
		return stand_waits_for_snapshot(s) ? SAFE_SNAPSHOT : 0;
	return ct_turn_waits(s->turn, s->slot) ? pg_atomic_read_u64(&s->turn->checked) : 0;
}

/* Takes in what a session has answered. */
static void
stand_take_answer(CtExecutionSession *s)
{
	s->busy = false;
	s->waits = 0;
	s->woken = s->turn->place == CT_TURN_WOKEN;
	s->ended = s->turn->place == CT_TURN_ENDED;
}

bool
ct_stand_look(CtExecution *ex)
{
	bool		stand = true;
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		CtExecutionSession *s = &ex->private->sessions[k];

		if (!s->busy)
			continue;
		if (ct_turn_answered(s->turn))
		{
			pg_read_barrier();
			stand_take_answer(s);
		}
		else
		{
			s->waits = stand_wait(s);
			if (s->waits == 0)
				stand = false;
		}
	}
	return stand;
}

/* Is that still so?  Then nobody has run since the first look ended. */
static bool
stand_look_again(CtExecution *ex)
{
	int			k;

	pg_memory_barrier();
	for (k = 0; k < ex->nsessions; k++)
	{
		CtExecutionSession *s = &ex->private->sessions[k];

		if (s->busy && (ct_turn_answered(s->turn) || stand_wait(s) != s->waits))
			return false;
	}
	return true;
}

/* For who is about to sleep: has anybody who ran come to stand? */
static bool
stand_has_news(void *arg)
{
	CtExecution *ex = arg;
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		CtExecutionSession *s = &ex->private->sessions[k];

		if (s->busy && (ct_turn_answered(s->turn) || stand_wait(s) != s->waits))
			return true;
	}
	return false;
}

/* Which session is that process?  -1: none of ours. */
static int
stand_find(const CtExecution *ex, int pid)
{
	int			k;

	for (k = 0; k < ex->nsessions; k++)
		if (ex->private->sessions[k].slot->pid == pid)
			return k;
	return -1;
}

/* Who is in a waiting session's way?  Their number; -1: it doesn't wait any more. */
static int
stand_blockers(const CtExecutionSession *s, int *pids)
{
	if (s->waits == SAFE_SNAPSHOT)
		return GetSafeSnapshotBlockingPids(s->slot->pid, pids, MAX_BLOCKERS);
	return ct_locks_blockers(s->slot->procno, s->slot->pid, pids, MAX_BLOCKERS);
}

/*
 * Does each waiting session wait for one of ours, or for a prepared
 * transaction, as if that were?  Who waits for others alone may be let go on at
 * any time.
 */
static bool
stand_waits_for_ours(CtExecution *ex)
{
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		const CtExecutionSession *s = &ex->private->sessions[k];
		int			pids[MAX_BLOCKERS];
		bool		ours = false;
		int			n;
		int			i;

		if (!s->busy)
			continue;
		n = stand_blockers(s, pids);
		for (i = 0; i < n && !ours; i++)
			ours = pids[i] == 0 || stand_find(ex, pids[i]) >= 0;
		if (!ours)
			return false;
	}
	return true;
}

void
ct_stand_check_outsiders(CtExecution *ex)
{
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		const CtExecutionSession *s = &ex->private->sessions[k];
		int			pids[MAX_BLOCKERS];
		int			n = s->busy && s->waits != 0 ? stand_blockers(s, pids) : 0;
		int			i;

		for (i = 0; i < n; i++)
			if (pids[i] == 0 || stand_find(ex, pids[i]) >= 0)
				break;
		if (n > 0 && i == n)
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("session %d waited %g s for process %d, which is none of the sessions",
							k + 1, ex->private->leader->plan->step_timeout, pids[0]),
					 errdetail("That is no fault of what is explored, so there is no verdict."),
					 errhint("End what that process does, or raise step_timeout.")));
	}
}

int
ct_stand_count_waiting(const CtExecution *ex)
{
	int			n = 0;
	int			k;

	for (k = 0; k < ex->nsessions; k++)
		n += ex->private->sessions[k].busy;
	return n;
}

/* What there is to be looked at from time to time; raises what ends the run. */
static void
stand_look_around(CtExecution *ex)
{
	int			k;

	ct_leader_check_for_end(ex->private->leader);
	ct_leader_check_workers(ex->private->leader);
	for (k = 0; k < ex->nsessions; k++)
	{
		CtExecutionSession *s = &ex->private->sessions[k];

		if (s->busy && s->waits == 0 && stand_waits_for_snapshot(s))
			s->waits = SAFE_SNAPSHOT;
	}
}

void
ct_stand_sleep(CtExecution *ex)
{
	struct CtExecutionPrivate *p = ex->private;
	bool		first = p->began_ns == 0;

	CHECK_FOR_INTERRUPTS();
	if (first)
		p->began_ns = ct_now_ns();
	ct_stage_sleep(p->stage, first ? LOOK_FIRST_MS : LOOK_MS, stand_has_news, ex);
	if (!first || ct_now_ns() - p->began_ns >= LOOK_FIRST_MS * CT_NS_PER_MS)
		stand_look_around(ex);
}

bool
ct_stand_settle(CtExecution *ex)
{
	struct CtExecutionPrivate *p = ex->private;
	uint64		limit_ns = (uint64) (p->leader->plan->step_timeout * 1e9);

	p->began_ns = 0;
	for (;;)
	{
		if (ct_stand_look(ex))
		{
			int			nwaiting = ct_stand_count_waiting(ex);

			if (nwaiting == 0)
				return true;
			if (!stand_look_again(ex))
				continue;
			if (nwaiting < p->outwaits)
				p->outwaits = 0;
			if (p->outwaits == 0 && stand_waits_for_ours(ex))
				return true;
		}
		ct_stand_sleep(ex);
		if (p->began_ns != 0)
		{
			uint64		now = ct_now_ns();

			if (now - p->began_ns >= limit_ns)
				ex->timed_out = true;
			if (ex->timed_out || (ex->stop_ns != 0 &&
								  (now >= ex->stop_ns ||
								   pg_atomic_read_u32(&p->shared->asked_to_stop) != 0)))
				return false;
		}
	}
}

/* ---- words ---- */

int
ct_stand_waits_for(const CtExecution *ex, int session)
{
	int			pids[MAX_BLOCKERS];
	int			n = stand_blockers(&ex->private->sessions[session], pids);
	int			i;

	for (i = 0; i < n; i++)
	{
		int			k = stand_find(ex, pids[i]);

		if (k >= 0)
			return k + 1;
	}
	return 0;
}

/* In whose way a session is, in words: "session 1, which ended with an open transaction". */
static char *
stand_name_blocker(const CtExecution *ex, int pid)
{
	int			k = stand_find(ex, pid);
	const CtExecutionSession *s;

	if (pid == 0)
		return pstrdup("a prepared transaction");
	if (k < 0)
		return psprintf("process %d, which is %s", pid,
						pid == ex->private->shared->caller_pid ? "the caller" : "none of the sessions");
	s = &ex->private->sessions[k];
	if (s->busy)
		return psprintf("session %d, which waits itself", k + 1);
	if (s->ended)
		return psprintf("session %d, which ended with %s", k + 1,
						s->turn->in_transaction ? "an open transaction" : "a lock of its session");
	return psprintf("session %d", k + 1);
}

char *
ct_stand_tell_stuck(const CtExecution *ex)
{
	StringInfoData buf;
	int			k;

	initStringInfo(&buf);
	for (k = 0; k < ex->nsessions; k++)
	{
		const CtExecutionSession *s = &ex->private->sessions[k];
		int			pids[MAX_BLOCKERS];
		int			n;

		if (!s->busy)
			continue;
		n = s->waits == 0 ? -1 : stand_blockers(s, pids);
		appendStringInfo(&buf, "%ssession %d ", buf.len > 0 ? "; " : "", k + 1);
		if (n > 0)
			appendStringInfo(&buf, "waits for ever for %s", stand_name_blocker(ex, pids[0]));
		else
		{
			uint32		event = *(volatile uint32 *)
				&ProcGlobal->allProcs[s->slot->procno].wait_event_info;
			const char *type = pgstat_get_wait_event_type(event);

			if (type != NULL)
				appendStringInfo(&buf, "waits at %s/%s", type, pgstat_get_wait_event(event));
			else
				appendStringInfoString(&buf, "executes");
		}
	}
	return buf.data;
}

char *
ct_execution_tell_disabled(const CtExecution *ex, int session)
{
	const CtExecutionSession *s = &ex->private->sessions[session];
	int			pids[MAX_BLOCKERS];

	if (s->busy && stand_blockers(s, pids) > 0)
		return psprintf("waits for %s", stand_name_blocker(ex, pids[0]));
	if (s->busy)
		return pstrdup("waits");
	if (s->ended && !s->fresh)
		return s->turn->sqlstate == 0 ? pstrdup("has ended") :
			psprintf("has ended with an error: %s", s->turn->message);
	return NULL;
}

char *
ct_stand_tell_timeout(const CtExecution *ex)
{
	char	   *text = ct_stand_tell_stuck(ex);
	char	   *at = strstr(text, " for ever");

	/* who waits for somebody else may be let go on some day */
	if (at != NULL)
		memmove(at, at + strlen(" for ever"), strlen(at + strlen(" for ever")) + 1);
	return psprintf("a step didn't end within %g s: %s", ex->private->leader->plan->step_timeout, text);
}
