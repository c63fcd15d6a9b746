/*
 * execution.c
 *		One execution of an exploration's sessions: each once, one step at a time.
 *
 * All stand, parked or asleep on a lock, when a turn is given; and until all
 * stand again nobody else gets one.  Who sleeps counts as waiting once its
 * deadlock check is made and somebody of ours is in its way.  A turn may set
 * others free; each of them stands at its next hook (WOKEN) and is let go on
 * with its step under way, the lowest first, before anything else is chosen.
 *
 * That all stand is looked for twice in a row: who was granted its lock between
 * the two looks at somebody else isn't asleep in the second one, or in another
 * sleep.  The leader sleeps on its latch meanwhile, which whoever answers sets.
 * What doesn't announce itself (a wait for a safe snapshot, a session that is
 * lost, the time) is looked for after 1 ms and then every 20.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/predicate_internals.h"
#include "storage/proc.h"
#include "utils/memutils.h"

#include "bgworker/explore/execution.h"
#include "bgworker/locks.h"
#include "bgworker/shm/turn.h"
#include "src/base/ct_compat.h"
#include "src/base/text.h"
#include "src/results/exploration.h"

/* how long to sleep until a look at what doesn't announce itself: the first time, and later */
#define LOOK_FIRST_MS		1
#define LOOK_MS				20

/* who is to give up is interrupted again so often, and for so long */
#define GIVE_UP_NS			(50 * CT_NS_PER_MS)
#define GIVE_UP_LIMIT_NS	(30 * CT_NS_PER_S)

/* blockers of one wait that are told apart */
#define MAX_BLOCKERS		64

/* a wait that PGPROC.waitStart knows nothing of */
#define SAFE_SNAPSHOT		PG_UINT64_MAX

/* a session, as the leader sees it */
typedef struct CtExecutionSession
{
	CtTurn	   *turn;
	const CtSlot *slot;
	bool		fresh;			/* its next STEP begins an execution */
	bool		busy;			/* has an order that isn't answered, as far as we know */
	bool		woken;			/* stands within a step */
	bool		ended;
	uint64		waits;			/* the wait that it is in; 0: none */
	bool		told;			/* the story, that it waits */
} CtExecutionSession;

struct CtExecutionPrivate
{
	CtLeader   *leader;
	CtShared   *shared;
	CtStage    *stage;
	MemoryContext context;		/* of the last execution */
	CtExecutionSession sessions[CT_MAX_SESSIONS];
	bool		through;
	bool		detail;
	uint64		began_ns;		/* when the turn was first waited for; 0: it wasn't */

	/* of the turn that was chosen last: what it began with */
	int			begun;
	uint32		labels[CT_TURN_LABELS];
};

CtExecution *
ct_execution_create(CtLeader *leader)
{
	CtExecution *ex = palloc0(sizeof(CtExecution));
	struct CtExecutionPrivate *p = palloc0(sizeof(struct CtExecutionPrivate));
	int			k;

	ex->private = p;
	ex->nsessions = list_length(leader->plan->sessions);
	ex->stop_ns = PG_UINT64_MAX;
	p->leader = leader;
	p->shared = leader->shared;
	p->stage = ct_shared_stage(leader->shared);
	p->context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext execution",
									   ALLOCSET_DEFAULT_SIZES);
	for (k = 0; k < ex->nsessions; k++)
	{
		p->sessions[k].turn = &p->stage->turns[k].turn;
		p->sessions[k].slot = ct_shared_slot(leader->shared, k);
		p->sessions[k].ended = true;
	}
	return ex;
}

/* ---- who stands ---- */

/* Does a session wait for a safe snapshot?  Nothing but a look tells. */
static bool
execution_waits_for_snapshot(const CtExecutionSession *s)
{
	int			pids[1];

	return *(volatile uint32 *) &ProcGlobal->allProcs[s->slot->procno].wait_event_info ==
		WAIT_EVENT_SAFE_SNAPSHOT &&
		GetSafeSnapshotBlockingPids(s->slot->pid, pids, lengthof(pids)) > 0;
}

/* The wait that a session is in whose order isn't answered; 0: it runs. */
static uint64
execution_wait(const CtExecutionSession *s)
{
	if (s->waits == SAFE_SNAPSHOT)
		return execution_waits_for_snapshot(s) ? SAFE_SNAPSHOT : 0;
	return ct_turn_waits(s->turn, s->slot) ? pg_atomic_read_u64(&s->turn->checked) : 0;
}

/* Takes in what a session has answered. */
static void
execution_take_answer(CtExecutionSession *s)
{
	s->busy = false;
	s->waits = 0;
	s->woken = s->turn->place == CT_TURN_WOKEN;
	s->ended = s->turn->place == CT_TURN_ENDED;
}

/* Looks once at those that have an order; true: none of them runs. */
static bool
execution_look(CtExecution *ex)
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
			execution_take_answer(s);
		}
		else
		{
			s->waits = execution_wait(s);
			if (s->waits == 0)
				stand = false;
		}
	}
	return stand;
}

/* Is that still so?  Then nobody has run since the first look ended. */
static bool
execution_look_again(CtExecution *ex)
{
	int			k;

	pg_memory_barrier();
	for (k = 0; k < ex->nsessions; k++)
	{
		CtExecutionSession *s = &ex->private->sessions[k];

		if (s->busy && (ct_turn_answered(s->turn) || execution_wait(s) != s->waits))
			return false;
	}
	return true;
}

/* For who is about to sleep: has anybody who ran come to stand? */
static bool
execution_has_news(void *arg)
{
	CtExecution *ex = arg;
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		CtExecutionSession *s = &ex->private->sessions[k];

		if (s->busy && (ct_turn_answered(s->turn) || execution_wait(s) != s->waits))
			return true;
	}
	return false;
}

/* Which session is that process?  -1: none of ours. */
static int
execution_find(const CtExecution *ex, int pid)
{
	int			k;

	for (k = 0; k < ex->nsessions; k++)
		if (ex->private->sessions[k].slot->pid == pid)
			return k;
	return -1;
}

/* Who is in a waiting session's way?  Their number; -1: it doesn't wait any more. */
static int
execution_blockers(const CtExecutionSession *s, int *pids)
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
execution_waits_for_ours(CtExecution *ex)
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
		n = execution_blockers(s, pids);
		for (i = 0; i < n && !ours; i++)
			ours = pids[i] == 0 || execution_find(ex, pids[i]) >= 0;
		if (!ours)
			return false;
	}
	return true;
}

static bool
execution_anybody_waits(const CtExecution *ex)
{
	int			k;

	for (k = 0; k < ex->nsessions; k++)
		if (ex->private->sessions[k].busy)
			return true;
	return false;
}

/* What there is to be looked at from time to time; raises what ends the run. */
static void
execution_look_around(CtExecution *ex)
{
	int			k;

	ct_leader_check_for_end(ex->private->leader);
	ct_leader_check_workers(ex->private->leader);
	for (k = 0; k < ex->nsessions; k++)
	{
		CtExecutionSession *s = &ex->private->sessions[k];

		if (s->busy && s->waits == 0 && execution_waits_for_snapshot(s))
			s->waits = SAFE_SNAPSHOT;
	}
}

/* Sleeps for a moment, unless there is something to be seen. */
static void
execution_sleep(CtExecution *ex)
{
	struct CtExecutionPrivate *p = ex->private;
	bool		first = p->began_ns == 0;

	CHECK_FOR_INTERRUPTS();
	if (first)
		p->began_ns = ct_now_ns();
	ct_stage_sleep(p->stage, first ? LOOK_FIRST_MS : LOOK_MS, execution_has_news, ex);
	if (!first || ct_now_ns() - p->began_ns >= LOOK_FIRST_MS * CT_NS_PER_MS)
		execution_look_around(ex);
}

/* Until all stand; false if that takes too long. */
static bool
execution_settle(CtExecution *ex)
{
	struct CtExecutionPrivate *p = ex->private;
	uint64		limit_ns = (uint64) (p->leader->plan->step_timeout * 1e9);

	p->began_ns = 0;
	for (;;)
	{
		if (execution_look(ex))
		{
			if (!execution_anybody_waits(ex))
				return true;
			if (!execution_look_again(ex))
				continue;
			if (execution_waits_for_ours(ex))
				return true;
		}
		execution_sleep(ex);
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

/* Whom a session waits for, of ours; 0: nobody of ours.  From 1. */
static int
execution_waits_for(const CtExecution *ex, int session)
{
	int			pids[MAX_BLOCKERS];
	int			n = execution_blockers(&ex->private->sessions[session], pids);
	int			i;

	for (i = 0; i < n; i++)
	{
		int			k = execution_find(ex, pids[i]);

		if (k >= 0)
			return k + 1;
	}
	return 0;
}

/* In whose way a session is, in words: "session 1, which ended with an open transaction". */
static char *
execution_name_blocker(const CtExecution *ex, int pid)
{
	int			k = execution_find(ex, pid);
	const CtExecutionSession *s;

	if (pid == 0)
		return pstrdup("a prepared transaction");
	if (k < 0)
		return psprintf("process %d, which is none of the sessions", pid);
	s = &ex->private->sessions[k];
	if (s->busy)
		return psprintf("session %d, which waits itself", k + 1);
	if (s->ended)
		return psprintf("session %d, which ended with %s", k + 1,
						s->turn->in_transaction ? "an open transaction" : "a lock of its session");
	return psprintf("session %d", k + 1);
}

/* Why sessions wait that nobody will wake. */
static char *
execution_tell_stuck(const CtExecution *ex)
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
		n = s->waits == 0 ? -1 : execution_blockers(s, pids);
		appendStringInfo(&buf, "%ssession %d ", buf.len > 0 ? "; " : "", k + 1);
		if (n > 0)
			appendStringInfo(&buf, "waits for ever for %s", execution_name_blocker(ex, pids[0]));
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

	if (s->busy && execution_blockers(s, pids) > 0)
		return psprintf("waits for %s", execution_name_blocker(ex, pids[0]));
	if (s->busy)
		return pstrdup("waits");
	if (s->ended && !s->fresh)
		return s->turn->sqlstate == 0 ? pstrdup("has ended") :
			psprintf("has ended with an error: %s", s->turn->message);
	return NULL;
}

/* The same where a step took too long. */
static char *
execution_tell_timeout(const CtExecution *ex)
{
	char	   *text = execution_tell_stuck(ex);
	char	   *at = strstr(text, " for ever");

	/* who waits for somebody else may be let go on some day */
	if (at != NULL)
		memmove(at, at + strlen(" for ever"), strlen(at + strlen(" for ever")) + 1);
	return psprintf("a step didn't end within %g s: %s", ex->private->leader->plan->step_timeout, text);
}

/* ---- the story ---- */

static void
execution_tell(CtExecution *ex, int session, CtStepEvent event)
{
	CtExecutionSession *s = &ex->private->sessions[session];
	const CtTurnDetail *detail = &s->turn->detail_made;
	CtStepResult *step = palloc0(sizeof(CtStepResult));

	step->session = session + 1;
	step->event = event;
	step->function = detail->function[0] ? pstrdup(detail->function) : NULL;
	step->line = detail->line;
	step->query = pstrdup(detail->query);
	if (event == CT_STEP_WAITS)
		step->waits_for = execution_waits_for(ex, session);
	else
	{
		step->rows = detail->rows;
		step->first_row = detail->first_row[0] ? pstrdup(detail->first_row) : NULL;
		step->error = detail->error[0] ? pstrdup(detail->error) : NULL;
		if (s->ended && s->turn->sqlstate != 0)
		{
			step->event = CT_STEP_FAILED;
			if (step->error == NULL)
				step->error = pstrdup(s->turn->message);
		}
	}
	ex->steps = lappend(ex->steps, step);
}

/* ---- turns ---- */

static void
execution_order(CtExecution *ex, int session, CtTurnCommand command)
{
	CtExecutionSession *s = &ex->private->sessions[session];

	s->turn->command = command;
	pg_atomic_write_u32(&s->turn->hurry, 0);
	s->busy = true;
	s->woken = false;
	s->waits = 0;
	ct_turn_give(s->turn, s->slot);
}

static void
execution_give(CtExecution *ex, int session, int steps, int last_commit)
{
	CtExecutionSession *s = &ex->private->sessions[session];
	CtTurn	   *turn = s->turn;

	turn->steps = Min(steps, CT_TURN_LABELS);
	turn->fresh = s->fresh;
	turn->through = ex->private->through;
	turn->detail = ex->private->detail;
	turn->footprint = false;
	turn->last_commit = last_commit;
	s->fresh = false;
	execution_order(ex, session, CT_TURN_STEP);
}

/* Has the guard found something?  Then the execution is none. */
static bool
execution_refused(CtExecution *ex)
{
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		const CtExecutionSession *s = &ex->private->sessions[k];

		if (s->busy || s->fresh)
			continue;
		if (OidIsValid(s->turn->missing))
		{
			ex->missing = s->turn->missing;
			return true;
		}
		if (s->turn->refusal.sqlstate != 0)
		{
			ex->refusal = &s->turn->refusal;
			return true;
		}
	}
	return false;
}

/* What ended, or began to wait, in the turn that a session was given. */
static void
execution_tell_events(CtExecution *ex, int session)
{
	CtExecutionSession *s = &ex->private->sessions[session];
	int			k;

	if (s->busy && !s->told)
	{
		execution_tell(ex, session, CT_STEP_WAITS);
		s->told = true;
	}
	else if (!s->busy && !s->woken)
	{
		execution_tell(ex, session, s->told ? CT_STEP_GOES_ON : CT_STEP_RAN);
		s->told = false;
	}

	/* who was set free, and is through with its step at once */
	for (k = 0; k < ex->nsessions; k++)
	{
		s = &ex->private->sessions[k];
		if (k != session && s->told && !s->busy && !s->woken)
		{
			execution_tell(ex, k, CT_STEP_GOES_ON);
			s->told = false;
		}
	}
}

/* A session's turn is over when all stand, and those that it has set free have come to stand. */
static CtExecutionEnd
execution_finish_turn(CtExecution *ex, int session)
{
	bool		first = true;

	for (;; first = false)
	{
		CtExecutionSession *s = &ex->private->sessions[session];
		bool		settled = execution_settle(ex);
		int			k;

		if (first)
		{
			ex->private->begun = s->turn->begun;
			memcpy(ex->private->labels, s->turn->labels, s->turn->begun * sizeof(uint32));
		}
		if (!settled)
		{
			if (!ex->timed_out)
				return CT_EXECUTION_STOPPED;
			if (ex->private->detail && !s->told)
				execution_tell(ex, session, CT_STEP_WAITS);
			ex->why = execution_tell_timeout(ex);
			return CT_EXECUTION_STUCK;
		}
		if (s->busy)
		{
			ex->waited = true;
			/* it makes no further step when somebody sets it free */
			pg_atomic_write_u32(&s->turn->hurry, 1);
		}
		if (ex->private->detail)
			execution_tell_events(ex, session);
		if (execution_refused(ex))
			return CT_EXECUTION_REFUSED;
		for (k = 0; k < ex->nsessions; k++)
			if (ex->private->sessions[k].woken)
				break;
		if (k == ex->nsessions)
			return CT_EXECUTION_COMPLETE;
		session = k;
		execution_give(ex, k, 1, ex->private->sessions[k].turn->last_commit);
	}
}

/* ---- an execution ---- */

static void
execution_begin(CtExecution *ex, bool detail)
{
	struct CtExecutionPrivate *p = ex->private;

	MemoryContextReset(p->context);
	memset(ex->sessions, 0, sizeof(ex->sessions));
	ex->waited = ex->deadlock = ex->ddl = ex->timed_out = false;
	ex->why = NULL;
	ex->steps = NIL;
	ex->missing = InvalidOid;
	ex->refusal = NULL;
	p->through = !p->leader->plan->inside;
	p->detail = detail;
	pg_atomic_write_u64(&p->stage->commits, 0);
}

/* What has become of a session that has ended. */
static void
execution_note_end(CtExecution *ex, int session)
{
	const CtTurn *turn = ex->private->sessions[session].turn;
	CtSessionEnd *end = &ex->sessions[session];

	end->ended = true;
	end->failed = turn->sqlstate != 0;
	end->in_transaction = turn->in_transaction;
	end->wrote = turn->wrote;
	end->said = turn->said;
	end->commits = turn->commits;
	end->commit_order = turn->commit_order;
	end->seen = turn->seen;
	if (turn->did_ddl)
		ex->ddl = true;
	if (turn->sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED)
		ex->deadlock = true;
	if (turn->sqlstate != 0)
	{
		end->sqlstate = turn->sqlstate;
		end->expected = turn->expected;
		end->message = pstrdup(turn->message);
		end->error_command = turn->error_command;
	}
}

/* A session from where it is to its end, all by itself. */
static CtExecutionEnd
execution_perform(CtExecution *ex, int session, int last_commit)
{
	CtExecutionSession *s = &ex->private->sessions[session];

	ex->private->through = true;
	do
	{
		CtExecutionEnd end;

		execution_give(ex, session, CT_TURN_LABELS, last_commit);
		end = execution_finish_turn(ex, session);
		if (end != CT_EXECUTION_COMPLETE)
			return end;
		if (s->busy)
		{
			ex->why = execution_tell_stuck(ex);
			return CT_EXECUTION_STUCK;
		}
	} while (!s->ended);
	execution_note_end(ex, session);
	return CT_EXECUTION_COMPLETE;
}

/* May a session that failed be executed again, as its application would do? */
static bool
execution_may_repeat(const CtExecution *ex, int session)
{
	const CtSessionEnd *end = &ex->sessions[session];

	return end->failed && end->commits == 0 &&
		(end->sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE ||
		 end->sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
		 ct_plan_is_retried(ex->private->leader->plan, end->sqlstate));
}

/* One order is answered by all who have one. */
static void
execution_await(CtExecution *ex)
{
	ex->private->began_ns = 0;
	for (;;)
	{
		int			k;

		(void) execution_look(ex);
		for (k = 0; k < ex->nsessions; k++)
			if (ex->private->sessions[k].busy)
				break;
		if (k == ex->nsessions)
			return;
		execution_sleep(ex);
	}
}

/* Is there nothing to give up, in a session that has ended? */
static inline bool
execution_is_clear(const CtExecutionSession *s)
{
	return !s->busy && s->ended && !s->turn->in_transaction && !s->turn->holds;
}

static CtExecutionEnd
execution_repeat(CtExecution *ex, int session)
{
	CtExecutionSession *s = &ex->private->sessions[session];
	CtSessionEnd *end = &ex->sessions[session];
	CtExecutionEnd result;
	CtSessionEnd first = *end;

	s->fresh = execution_is_clear(s);
	if (!s->fresh)
	{
		execution_order(ex, session, CT_TURN_RESET);
		execution_await(ex);
	}
	ex->private->detail = false;
	result = execution_perform(ex, session, 0);
	end->again = true;
	if (!end->failed)
	{
		end->sqlstate = first.sqlstate;
		end->message = first.message;
		end->error_command = first.error_command;
	}
	return result;
}

static CtExecutionEnd
execution_follow(CtExecution *ex, const CtGuide *guide)
{
	struct CtExecutionPrivate *p = ex->private;
	CtExecutionEnd end;
	int			nwaiting;
	int			k;

	for (;;)
	{
		uint32		enabled = 0;
		int			session;
		int			steps;

		nwaiting = 0;
		for (k = 0; k < ex->nsessions; k++)
		{
			CtExecutionSession *s = &p->sessions[k];

			if (s->busy)
				nwaiting++;
			else if (s->fresh || !s->ended)
				enabled |= 1 << k;
		}
		if (enabled == 0)
			break;
		session = guide->choose(guide->arg, enabled, &steps);
		if (session < 0)
			return CT_EXECUTION_DIVERGED;
		execution_give(ex, session, nwaiting > 0 || guide->detail ? 1 : steps, 0);
		end = execution_finish_turn(ex, session);
		if (!guide->note(guide->arg, session, enabled, p->labels, p->begun) &&
			end == CT_EXECUTION_COMPLETE)
			return CT_EXECUTION_DIVERGED;
		if (end != CT_EXECUTION_COMPLETE)
			return end;
	}
	if (nwaiting > 0)
	{
		ex->why = execution_tell_stuck(ex);
		return CT_EXECUTION_STUCK;
	}
	for (k = 0; k < ex->nsessions; k++)
		execution_note_end(ex, k);
	for (k = 0; k < ex->nsessions; k++)
	{
		if (!execution_may_repeat(ex, k))
			continue;
		end = execution_repeat(ex, k);
		if (end != CT_EXECUTION_COMPLETE)
			return end;
	}
	return CT_EXECUTION_COMPLETE;
}

CtExecutionEnd
ct_execution_run(CtExecution *ex, const CtGuide *guide)
{
	MemoryContext oldcontext;
	CtExecutionEnd end;

	execution_begin(ex, guide->detail);
	oldcontext = MemoryContextSwitchTo(ex->private->context);
	end = execution_follow(ex, guide);
	MemoryContextSwitchTo(oldcontext);
	return end;
}

CtExecutionEnd
ct_execution_run_serial(CtExecution *ex, int n, const int *sessions, const int *last_commits)
{
	MemoryContext oldcontext;
	CtExecutionEnd end = CT_EXECUTION_COMPLETE;
	int			i;

	execution_begin(ex, false);
	oldcontext = MemoryContextSwitchTo(ex->private->context);
	for (i = 0; i < n && end == CT_EXECUTION_COMPLETE; i++)
		end = execution_perform(ex, sessions[i], last_commits ? last_commits[i] : 0);
	MemoryContextSwitchTo(oldcontext);
	return end;
}

/* ---- between executions ---- */

void
ct_execution_clear(CtExecution *ex, bool names)
{
	struct CtExecutionPrivate *p = ex->private;
	bool		pending[CT_MAX_SESSIONS];
	bool		cleared[CT_MAX_SESSIONS];
	uint64		began = 0;
	uint64		interrupted = 0;
	int			left = 0;
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		CtExecutionSession *s = &p->sessions[k];

		s->fresh = !names && (s->fresh || execution_is_clear(s));
		pending[k] = !s->fresh;
		cleared[k] = false;
		left += pending[k];
	}

	/*
	 * Those that stand give up at once; those that wait may wait for them, or
	 * for anybody, and are interrupted.  Each answers what it is at, and then
	 * gives up as the others: by then it may be in a transaction again.
	 */
	p->began_ns = 0;
	while (left > 0)
	{
		(void) execution_look(ex);
		for (k = 0; k < ex->nsessions; k++)
		{
			CtExecutionSession *s = &p->sessions[k];

			if (!pending[k] || s->busy)
				continue;
			if (cleared[k])
			{
				pending[k] = false;
				left--;
			}
			else
			{
				execution_order(ex, k, names ? CT_TURN_FORGET_PLANS : CT_TURN_RESET);
				cleared[k] = true;
			}
		}
		if (left == 0)
			break;
		for (k = 0; k < ex->nsessions; k++)
			if (pending[k] && !cleared[k])
				break;
		if (k < ex->nsessions)
		{
			uint64		now = ct_now_ns();

			if (began == 0)
				began = now;
			if (now - interrupted >= GIVE_UP_NS)
			{
				int			i;

				for (i = k; i < ex->nsessions; i++)
					if (pending[i] && !cleared[i])
						kill(p->sessions[i].slot->pid, SIGINT);
				interrupted = now;
			}
			if (now - began >= GIVE_UP_LIMIT_NS)
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("session %d didn't give up what it was executing", k + 1),
						 errdetail("It was interrupted for %d s.",
								   (int) (GIVE_UP_LIMIT_NS / CT_NS_PER_S))));
		}
		execution_sleep(ex);
	}
	for (k = 0; k < ex->nsessions; k++)
		p->sessions[k].ended = p->sessions[k].woken = p->sessions[k].told = false;
}

void
ct_execution_end_sessions(CtExecution *ex)
{
	int			k;

	ct_execution_clear(ex, false);
	for (k = 0; k < ex->nsessions; k++)
		execution_order(ex, k, CT_TURN_END);
	execution_await(ex);
}
