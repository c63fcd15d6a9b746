/*
 * execution.c
 *		One execution of an exploration's sessions: each once, one step at a time.
 *
 * All stand, parked or asleep on a lock, when a turn is given; and until all
 * stand again nobody else gets one.  Who sleeps counts as waiting once its
 * deadlock check is made and somebody of ours is in its way.  A turn may set
 * others free; each of them stands at its next hook (WOKEN) and is let go on
 * with its step under way, the lowest first, before anything else is chosen.
 */
#include "postgres.h"

#include <signal.h>

#include "utils/memutils.h"

#include "bgworker/explore/stand.h"
#include "src/results/exploration.h"

/* who is to give up is interrupted again so often, and for so long */
#define GIVE_UP_NS			(50 * CT_NS_PER_MS)
#define GIVE_UP_LIMIT_NS	(30 * CT_NS_PER_S)

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
		step->waits_for = ct_stand_waits_for(ex, session);
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
	turn->footprint = ex->private->footprints;
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

/*
 * What a turn has touched: its session, and those that it has set free, which
 * slept until then (bits), all of their steps.
 */
static void
execution_take_footprint(CtExecution *ex, int session, uint32 slept)
{
	int			k;

	ct_footprint_clear(&ex->footprint);
	for (k = 0; k < ex->nsessions; k++)
	{
		const CtExecutionSession *s = &ex->private->sessions[k];

		if (k != session && ((slept & (1 << k)) == 0 || (s->busy && !s->went_on)))
			continue;
		ct_footprint_merge(&ex->footprint, &s->turn->footprint_made);
		/* it waits for what nobody notes, as a safe snapshot */
		if (s->busy && s->turn->footprint_made.n == 0)
			ex->footprint.everything = true;
		if (s->busy || s->turn->sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED)
			ex->footprint.flags |= CT_FOOTPRINT_WAITS;
	}
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
		bool		settled = ct_stand_settle(ex);
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
			ct_stand_check_outsiders(ex);
			if (ex->private->detail && !s->told)
				execution_tell(ex, session, CT_STEP_WAITS);
			ex->why = ct_stand_tell_timeout(ex);
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
		ex->private->sessions[k].went_on = true;
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
	p->outwaits = 0;
	p->through = !p->leader->plan->inside;
	p->detail = detail;
	p->footprints = false;
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
			ex->why = ct_stand_tell_stuck(ex);
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

		(void) ct_stand_look(ex);
		for (k = 0; k < ex->nsessions; k++)
			if (ex->private->sessions[k].busy)
				break;
		if (k == ex->nsessions)
			return;
		ct_stand_sleep(ex);
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
	ex->private->detail = ex->private->footprints = false;
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

/*
 * Nobody is enabled.  Who has set itself a time to wait for a lock, or for a
 * statement, is let have it; CT_EXECUTION_STUCK if there is nobody.
 */
static CtExecutionEnd
execution_outwait(CtExecution *ex)
{
	struct CtExecutionPrivate *p = ex->private;
	int			k;

	for (k = 0; k < ex->nsessions; k++)
		if (p->sessions[k].busy && p->sessions[k].slot->gives_up)
			break;
	if (k == ex->nsessions)
	{
		ex->why = ct_stand_tell_stuck(ex);
		return CT_EXECUTION_STUCK;
	}
	p->outwaits = ct_stand_count_waiting(ex);
	return execution_finish_turn(ex, k);
}

/* Before its end an execution is given up: more than rows may have changed, or change yet. */
static void
execution_note_cut(CtExecution *ex)
{
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		const CtExecutionSession *s = &ex->private->sessions[k];

		if (!s->fresh && (s->turn->did_ddl || (s->busy && s->turn->footprint_made.everything)))
			ex->ddl = true;
	}
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
		uint32		slept = 0;
		int			session;
		int			steps;

		nwaiting = 0;
		for (k = 0; k < ex->nsessions; k++)
		{
			CtExecutionSession *s = &p->sessions[k];

			s->went_on = false;
			if (s->busy)
			{
				nwaiting++;
				slept |= 1 << k;
			}
			else if (s->fresh || !s->ended)
				enabled |= 1 << k;
		}
		if (enabled == 0 && nwaiting == 0)
			break;
		if (enabled == 0)
		{
			end = execution_outwait(ex);
			if (end != CT_EXECUTION_COMPLETE)
				return end;
			continue;
		}
		session = guide->choose(guide->arg, enabled, &steps);
		if (session == CT_GUIDE_CUT)
		{
			execution_note_cut(ex);
			return CT_EXECUTION_CUT;
		}
		if (session < 0)
			return CT_EXECUTION_DIVERGED;
		execution_give(ex, session, nwaiting > 0 || guide->detail ? 1 : steps, 0);
		end = execution_finish_turn(ex, session);
		if (guide->footprints)
			execution_take_footprint(ex, session, slept);
		if (!guide->note(guide->arg, session, enabled, p->labels, p->begun) &&
			end == CT_EXECUTION_COMPLETE)
			return CT_EXECUTION_DIVERGED;
		if (end != CT_EXECUTION_COMPLETE)
			return end;
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
	ex->private->footprints = guide->footprints;
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
		(void) ct_stand_look(ex);
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
		ct_stand_sleep(ex);
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
