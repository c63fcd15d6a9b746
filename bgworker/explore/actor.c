/*
 * actor.c
 *		A session of an exploration: its script, a step at a time.
 *
 * An actor parks between statements, where nothing is under way, and within
 * them, by the yields that PL/pgSQL hears of (yield.c): then it answers, and
 * waits for its next order, from the depth of a function.  What it is told
 * there may be anything; if it isn't to go on, an error takes it back to where
 * orders are looked at.
 *
 * Memory: what an execution needs is in the actor's context, which the next
 * one begins empty; nothing is allocated while parked within a statement.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "bgworker/explore/actor.h"
#include "bgworker/explore/blocked.h"
#include "bgworker/explore/effects.h"
#include "bgworker/explore/footprint.h"
#include "bgworker/explore/guard.h"
#include "bgworker/explore/yield.h"
#include "bgworker/locks.h"
#include "bgworker/shm/slot.h"
#include "src/base/text.h"

typedef struct CtActor
{
	CtInterpreter interpreter;	/* must be first */
	CtWorker   *worker;
	CtStage    *stage;
	CtTurn	   *turn;
	CtObserver	observer;
	int			script;			/* in the program */
	CtStatement ***statements;	/* [command][statement] */
	MemoryContext context;		/* the execution's */

	/* what each execution begins with */
	CtVariables *first_vars;
	pg_prng_state first_random;

	uint32		order;			/* that was read last */
	bool		unanswered;		/* it is for who looks at orders, not for the step under way */
	bool		stopped;		/* the run is to end: there are no more */

	/* the step under way */
	bool		executing;		/* a statement */
	bool		giving_up;		/* the execution: what is under way is to end in an error */
	bool		through;		/* its last commit is made: the same, and it has ENDED */
	uint32		nsteps;			/* of this execution, with this one */
	CtEffects	effects;

	/* said in the transaction that is open, and counts if it commits */
	CtSaid		said;
} CtActor;

static CtActor *me = NULL;		/* for hooks */

/* ---- orders ---- */

/*
 * Answers the order under way, and reads the next one.  Returns false if that
 * isn't to go on with steps.
 */
static bool
actor_hand_over(CtActor *self, CtTurnPlace place, bool held_off)
{
	CtTurn	   *turn = self->turn;
	uint32		order;

	turn->place = place;
	ct_turn_answer(self->worker->shared, self->stage, turn, self->order);
	order = ct_turn_await(self->worker->shared, turn, self->order, held_off);
	if (order != self->order && turn->command == CT_TURN_STEP && !turn->fresh)
	{
		self->order = order;
		turn->begun = 0;
		turn->made = 0;
		return true;
	}
	self->unanswered = order != self->order;
	self->stopped = order == self->order && !ProcDiePending;
	self->order = order;
	self->giving_up = true;
	return false;
}

/* Has the turn no further step? */
static inline bool
actor_turn_is_over(const CtActor *self)
{
	return self->turn->made >= self->turn->steps || pg_atomic_read_u32(&self->turn->hurry) != 0;
}

/* ---- what the session's hooks tell ---- */

static void
actor_raise_if_over(void)
{
	if (me == NULL || likely(!me->giving_up && !me->through) || !me->executing)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("the execution is given up")));
}

/* A statement begins, also within a function, which may have settings of its own. */
static void
actor_statement_begins(void)
{
	if (me != NULL && me->executing)
		ct_blocked_listen();
	actor_raise_if_over();
}

/* It sleeps on a lock, and that is no deadlock. */
static void
actor_waits(TimestampTz since)
{
	if (me == NULL)
		return;
	ct_footprint_waits();
	pg_write_barrier();
	pg_atomic_write_u64(&me->turn->checked, (uint64) since);
	ct_turn_tell(me->worker->shared, me->stage);
}

/*
 * It has the lock that it has slept on, and asks whether it may go on.  We are
 * in a message that is being logged, so that nothing may be raised; what the
 * server would be interrupted by comes right afterwards.
 */
static void
actor_woken(void)
{
	if (me == NULL || !me->executing || actor_hand_over(me, CT_TURN_WOKEN, true) || ProcDiePending)
		return;
	InterruptPending = true;
	QueryCancelPending = true;
}

/* an observer's */
static void
actor_before_commit(CtObserver *observer)
{
	actor_raise_if_over();
}

/* an observer's */
static void
actor_ended(CtObserver *observer, CtTransactionEvent event, TransactionId xid, Snapshot snapshot)
{
	CtTurn	   *turn = me->turn;

	if (event == CT_TRANSACTION_COMMITTED && me->effects.wrote != 0)
	{
		turn->wrote = true;
		turn->commits++;
		turn->commit_order = (int64) pg_atomic_add_fetch_u64(&me->stage->commits, 1);
		me->through |= turn->commits == turn->last_commit;
	}
	ct_effects_end_transaction(&me->effects);
}

/* ---- what it says and sees ---- */

static inline void
actor_see(CtActor *self, const void *bytes, int length)
{
	self->turn->seen = hash_combine64(self->turn->seen, hash_bytes_extended(bytes, length, 0));
}

/* May the row, and how many there are, tell what the step did?  Not where something on tables does. */
static inline bool
actor_tells(const CtActor *self)
{
	return unlikely(self->turn->detail) && self->turn->detail_made.function[0] == '\0' &&
		!ct_effects_has_told();
}

static void
actor_tell_row(CtTurnDetail *detail, int ncolumns, const char *const *names, const char *const *values)
{
	StringInfoData row;
	int			i;

	initStringInfo(&row);
	for (i = 0; i < ncolumns; i++)
		ct_effects_append_value(&row, names[i], values[i]);
	ct_copy_line(detail->first_row, row.data, CT_TURN_TEXT);
	pfree(row.data);
}

/* a CtRowTaker */
static bool
actor_witness(void *arg, int ncolumns, const char *const *names, const Oid *types,
			  const char *const *values)
{
	CtActor    *self = arg;
	int			i;

	for (i = 0; i < ncolumns; i++)
	{
		if (values[i] != NULL)
			actor_see(self, values[i], strlen(values[i]) + 1);
		else
			actor_see(self, "", 0);
	}
	if (actor_tells(self) && self->turn->detail_made.first_row[0] == '\0')
		actor_tell_row(&self->turn->detail_made, ncolumns, names, values);
	return true;
}

/* tally: of an outcome it isn't looked at */
static void
actor_count(CtActor *self, const char *name, bool is_tally, const CtTally *tally)
{
	if (is_tally)
		ct_slot_tally(self->worker->slot, name, tally);
	else
		ct_slot_outcome(self->worker->slot, self->script, name);
	self->turn->said = true;
	actor_see(self, name, strlen(name));
	if (is_tally)
		actor_see(self, tally, sizeof(CtTally));
}

static void
actor_count_on_commit(CtActor *self, const char *name, bool is_tally, double amount)
{
	CtSession  *session = self->interpreter.session;
	CtTally		tally = ct_tally_of(amount);

	if (session->in_transaction(session))
		ct_said_add(&self->said, self->context, name, is_tally, amount);
	else
		actor_count(self, name, is_tally, &tally);
}

static void
actor_outcome(CtInterpreter *interpreter, const char *label)
{
	actor_count_on_commit((CtActor *) interpreter, label, false, 0);
}

static void
actor_tally(CtInterpreter *interpreter, const char *name, double amount)
{
	if (!isfinite(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a tally must be a finite number")));
	actor_count_on_commit((CtActor *) interpreter, name, true, amount);
}

static void
actor_settle(CtActor *self, CtTransactionEvent event)
{
	int64		n;
	int			i;

	for (i = 0; i < self->said.n && event == CT_TRANSACTION_COMMITTED; i++)
	{
		const CtSaidOne *one = &self->said.said[i];

		for (n = one->is_tally ? 1 : one->times; n > 0; n--)
			actor_count(self, one->name, one->is_tally, &one->tally);
	}
	self->said.n = 0;
}

/* ---- steps ---- */

/* A function's name by its signature, "f(integer)"; "DO" for what has none. */
static void
actor_name_function(char *name, const char *signature)
{
	bool		quoted = false;

	if (signature == NULL)
		signature = "";
	else if (strchr(signature, '(') == NULL)
		signature = "DO";
	ct_copy_text(name, signature, CT_TURN_TEXT);
	for (; *name != '\0' && (*name != '(' || quoted); name++)
		quoted ^= *name == '"';
	*name = '\0';
}

static void
actor_tell_place(CtTurnDetail *detail, const CtActorPlace *place)
{
	char	   *query = detail->query;

	detail->query[0] = '\0';
	actor_name_function(detail->function, place->function);
	detail->line = place->line;
	if (place->verb != NULL)
	{
		query += strlcpy(query, place->verb, CT_TURN_TEXT);
		if (place->query != NULL)
			*query++ = ' ';
	}
	if (place->query != NULL)
		ct_copy_line(query, place->query, CT_TURN_TEXT - (query - detail->query));
}

/* The step goes on with a further statement of the script's, as after BEGIN. */
static void
actor_tell_more(CtTurnDetail *detail, const CtActorPlace *place)
{
	int			length = strlen(detail->query);

	if (length + 3 >= CT_TURN_TEXT)
		return;
	strcpy(detail->query + length, "; ");
	ct_copy_line(detail->query + length + 2, place->query, CT_TURN_TEXT - length - 2);
}

/* A step begins, at a place that the label tells from others. */
static void
actor_begin_step(CtActor *self, uint32 label, const CtActorPlace *place)
{
	CtTurn	   *turn = self->turn;

	turn->labels[turn->begun++] = hash_combine(label, self->nsteps++);
	self->effects.touched = false;
	self->effects.read = false;
	if (unlikely(turn->detail))
	{
		turn->detail_made.rows = 0;
		turn->detail_made.first_row[0] = '\0';
		turn->detail_made.error[0] = '\0';
		actor_tell_place(&turn->detail_made, place);
		ct_effects_tell(&turn->detail_made);
	}
	else
		ct_effects_tell(NULL);
	ct_footprint_set(turn->footprint ? &turn->footprint_made : NULL);
	ct_blocked_listen();
}

/* The parts of statement_timeout's time that are ours; -1: it has none. */
static int64
actor_stop_timeout(void)
{
	int64		left;

	if (likely(!get_timeout_active(STATEMENT_TIMEOUT)))
		return -1;
	left = get_timeout_finish_time(STATEMENT_TIMEOUT) - GetCurrentTimestamp();
	disable_timeout(STATEMENT_TIMEOUT, false);
	return Max(left, 0) / 1000 + 1;
}

void
ct_actor_at(uint32 label, bool calls, const CtActorPlace *place)
{
	CtActor    *self = me;

	if (self == NULL || !self->executing)
		return;
	actor_statement_begins();
	if (self->turn->through || self->interpreter.repeats > 0)
		return;
	if (self->effects.touched && InterruptHoldoffCount == 0 && CritSectionCount == 0)
	{
		self->turn->made++;
		if (actor_turn_is_over(self))
		{
			int64		left = actor_stop_timeout();

			self->turn->in_transaction = true;
			self->turn->did_ddl = self->effects.did_ddl;
			self->turn->holds = true;
			ct_footprint_end();
			if (!actor_hand_over(self, CT_TURN_PARKED, false))
				actor_raise_if_over();
			if (left >= 0)
				enable_timeout_after(STATEMENT_TIMEOUT, (int) left);
		}
		actor_begin_step(self, label, place);
	}
	else if (self->turn->detail && !self->effects.touched)
		actor_tell_place(&self->turn->detail_made, place);	/* it was only called until now */
	self->effects.touched |= calls;
	self->effects.read |= calls;
}

void
ct_actor_at_end(uint32 label, const CtActorPlace *place)
{
	if (me != NULL && me->effects.read)
		ct_actor_at(label, false, place);
}

/* An error has ended the session. */
static void
actor_fail(CtActor *self, const ErrorData *edata)
{
	CtTurn	   *turn = self->turn;
	CtSession  *session = self->interpreter.session;
	const char *label;

	if (session->in_transaction(session))
		session->rollback(session);
	actor_settle(self, CT_TRANSACTION_ROLLED_BACK);
	turn->place = CT_TURN_ENDED;
	if (self->giving_up || self->through)
		return;

	ct_guard_explain(edata);
	turn->sqlstate = edata->sqlerrcode;
	ct_copy_text(turn->message, edata->message, CT_TURN_TEXT);
	turn->error_command = self->interpreter.at;
	if (turn->detail)
		ct_copy_line(turn->detail_made.error, edata->message, CT_TURN_TEXT);
	label = ct_plan_expected_label(self->worker->plan, edata->sqlerrcode);
	turn->expected = label != NULL;
	if (label != NULL)
		actor_count(self, label, false, NULL);
}

/* Does the statement that it is at only begin a block? */
static bool
actor_at_begin(const CtInterpreter *interpreter)
{
	const char *text = ct_interpreter_command(interpreter)->statements[interpreter->statement].text;

	return pg_strncasecmp(text, "begin", 5) == 0 || pg_strncasecmp(text, "start", 5) == 0;
}

static inline uint32
actor_label(const CtInterpreter *interpreter)
{
	return murmurhash32((uint32) interpreter->at << 8 | (uint32) interpreter->statement);
}

/* Where it is, between statements. */
static CtActorPlace
actor_place(const CtInterpreter *interpreter)
{
	const CtCommand *command = ct_interpreter_command(interpreter);
	CtActorPlace place = {NULL, command->line, NULL, command->source};

	if (command->kind == CT_COMMAND_SQL)
	{
		place.line = command->statements[interpreter->statement].line;
		place.query = command->statements[interpreter->statement].text;
	}
	return place;
}

/*
 * A transaction is about to commit, and its deferred triggers are through.  What it
 * has written may rest on what a function or trigger has read since the last
 * park ("is mine the only one?"), and others may do the same before it is seen.
 */
static void
actor_pre_commit(XactEvent event, void *arg)
{
	CtActorPlace place;

	if (event != XACT_EVENT_PRE_COMMIT || me == NULL || !me->executing ||
		!me->effects.read || me->effects.wrote == 0)
		return;
	place = actor_place(&me->interpreter);
	place.query = "COMMIT";
	ct_actor_at(~actor_label(&me->interpreter), false, &place);
}

/* The statement that it is at.  Returns false if it has failed; *began: it has only begun a block. */
static bool
actor_execute(CtActor *self, bool *began)
{
	CtInterpreter *interpreter = &self->interpreter;
	CtSession  *session = interpreter->session;
	uint64		rows = session->rows;
	bool		begin = actor_at_begin(interpreter);
	CtStatementResult result;

	ct_interpreter_start(interpreter, self->statements[interpreter->at]);
	self->worker->slot->gives_up = session->gives_up;
	self->executing = true;
	result = ct_interpreter_finish(interpreter);
	self->executing = false;
	if (unlikely(result.error != NULL))
		return false;
	rows = session->rows - rows;
	actor_see(self, &rows, sizeof(rows));
	if (actor_tells(self))
		self->turn->detail_made.rows += rows;
	if (result.event == CT_TRANSACTION_COMMITTED || result.event == CT_TRANSACTION_ROLLED_BACK)
		actor_settle(self, result.event);
	*began = begin && result.event == CT_TRANSACTION_BEGAN;
	return true;
}

/* Looks at where the interpreter has come to: somewhere to park, or the end. */
static void
actor_arrive(CtActor *self, CtStep step)
{
	CtTurn	   *turn = self->turn;

	turn->place = CT_TURN_PARKED;
	if (step == CT_STEP_ERROR && !self->through && !self->giving_up &&
		self->interpreter.at == self->interpreter.script->ncommands &&
		self->interpreter.session->in_transaction(self->interpreter.session))
		turn->place = CT_TURN_ENDED;	/* with its transaction open, as a client that goes idle */
	else if (step == CT_STEP_ERROR)
		actor_fail(self, self->interpreter.error);
	else if (step == CT_STEP_DONE || self->through)
	{
		CtSession  *session = self->interpreter.session;

		if (session->in_transaction(session))
			session->rollback(session);
		actor_settle(self, CT_TRANSACTION_ROLLED_BACK);
		turn->place = CT_TURN_ENDED;
	}
}

/* One step, from where it is parked between statements; others may come of it within. */
static void
actor_make_step(CtActor *self)
{
	CtInterpreter *interpreter = &self->interpreter;
	CtActorPlace place = actor_place(interpreter);
	CtStep		step = interpreter->step;
	bool		goes_on = true;

	actor_begin_step(self, actor_label(interpreter), &place);
	while (goes_on)
	{
		goes_on = false;
		if (step == CT_STEP_SQL && !actor_execute(self, &goes_on))
		{
			actor_fail(self, interpreter->error);
			return;
		}
		if (self->through || self->giving_up)
			break;
		step = ct_interpreter_next(interpreter);
		goes_on = (goes_on || interpreter->repeating) &&
			step != CT_STEP_DONE && step != CT_STEP_ERROR;
		if (goes_on && !interpreter->repeating && self->turn->detail)
		{
			place = actor_place(interpreter);
			actor_tell_more(&self->turn->detail_made, &place);
		}
	}
	actor_arrive(self, step);
}

/* ---- turns ---- */

/* Back to the script's beginning, in a session as if just connected. */
static void
actor_reset(CtActor *self, bool forget)
{
	CtInterpreter *interpreter = &self->interpreter;
	CtSession  *session = interpreter->session;
	CtSlot	   *slot = self->worker->slot;
	CtTurn	   *turn = self->turn;

	HOLD_CANCEL_INTERRUPTS();
	if (session->in_transaction(session))
		session->rollback(session);
	session->renew(session, forget);
	RESUME_CANCEL_INTERRUPTS();
	if (forget)
		ct_yield_forget();
	(void) DirectFunctionCall1(setseed, Float8GetDatum(0.5 / (self->worker->number + 1)));
	if (unlikely(ConfigReloadPending))
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}

	self->giving_up = false;
	self->through = false;
	self->nsteps = 0;
	self->said.n = 0;
	memset(&self->effects, 0, sizeof(CtEffects));
	MemoryContextReset(self->context);
	ct_variables_copy(interpreter->vars, self->first_vars);
	interpreter->random = self->first_random;
	slot->noutcomes = 0;
	slot->ntallies = 0;
	slot->all_transactions = 0;
	turn->did_ddl = false;
	turn->wrote = false;
	turn->said = false;
	turn->commits = 0;
	turn->commit_order = 0;
	turn->seen = 0;
	turn->sqlstate = 0;
	turn->message[0] = '\0';
	turn->expected = false;
	turn->missing = InvalidOid;
	turn->refusal.sqlstate = 0;

	ct_interpreter_begin(interpreter, self->worker->program->scripts[self->script].script);
	actor_arrive(self, ct_interpreter_next(interpreter));
}

/* As many steps as the order says. */
static void
actor_take_turn(CtActor *self)
{
	CtTurn	   *turn = self->turn;

	turn->begun = 0;
	turn->made = 0;
	if (turn->fresh)
		actor_reset(self, false);
	while (turn->place != CT_TURN_ENDED)
	{
		actor_make_step(self);
		ct_footprint_end();
		if (self->giving_up)
			return;
		turn->made++;
		if (actor_turn_is_over(self))
			break;
	}
}

/* What the leader may want to know of a session that nothing is under way in. */
static void
actor_report(CtActor *self)
{
	CtTurn	   *turn = self->turn;
	CtSession  *session = self->interpreter.session;
	bool		ended = turn->place == CT_TURN_ENDED;

	turn->in_transaction = session->in_transaction(session);
	turn->did_ddl = self->effects.did_ddl;
	turn->holds = !ended || ct_locks_hold_any();
	self->worker->slot->all_transactions = ended && (turn->sqlstate == 0 || turn->expected);
	InvalidateCatalogSnapshotConditionally();
}

/* Follows orders, until there are no more. */
static void
actor_serve(CtActor *self)
{
	CtShared   *shared = self->worker->shared;

	for (;;)
	{
		CtTurn	   *turn = self->turn;
		CtTurnCommand command;

		if (!self->unanswered)
		{
			uint32		order = ct_turn_await(shared, turn, self->order, false);

			if (order == self->order)
				return;
			self->order = order;
		}
		self->unanswered = false;
		QueryCancelPending = false; /* who cancels what is idle is too late */
		MemoryContextSwitchTo(self->context);
		command = turn->command;	/* which is the next one as soon as this is answered */
		switch (command)
		{
			case CT_TURN_STEP:
				actor_take_turn(self);
				break;
			case CT_TURN_RESET:
			case CT_TURN_FORGET_PLANS:
				actor_reset(self, command == CT_TURN_FORGET_PLANS);
				break;
			case CT_TURN_END:
				turn->place = CT_TURN_ENDED;
				break;
		}
		MemoryContextSwitchTo(self->worker->context);
		if (self->stopped)
			return;
		if (self->unanswered)
			continue;
		actor_report(self);
		ct_turn_answer(shared, self->stage, turn, self->order);
		if (command == CT_TURN_END)
			return;
	}
}

/* What isn't in the sandbox is to be as it was. */
static void
actor_set_guard(CtActor *self)
{
	CtShared   *shared = self->worker->shared;
	const CtPlan *plan = self->worker->plan;
	CtGuardMode mode = CT_GUARD_WRITES;
	Oid			sandbox = InvalidOid;

	if (plan->in_place)
		mode = CT_GUARD_OFF;
	else if (plan->setup == NULL && plan->variant_setup == NULL)
		mode = CT_GUARD_ALL;
	StartTransactionCommand();
	if (shared->sandbox[0] != '\0')
		sandbox = get_namespace_oid(shared->sandbox, false);
	CommitTransactionCommand();
	MemoryContextSwitchTo(self->worker->context);
	ct_guard_begin(mode, sandbox, self->turn);
}

static CtActor *
actor_create(CtWorker *w)
{
	CtActor    *self = palloc0(sizeof(CtActor));
	const CtPlanSession *session = list_nth(w->plan->sessions, w->number);
	CtInterpreter *interpreter = &self->interpreter;
	CtValue		value;

	self->worker = w;
	self->stage = ct_shared_stage(w->shared);
	self->turn = &self->stage->turns[w->number].turn;
	self->script = session->script;
	self->statements = w->statements[self->script];
	self->context = AllocSetContextCreate(w->context, "ct_ext actor", ALLOCSET_DEFAULT_SIZES);

	/* as its client has it, of which each session is one */
	*interpreter = w->clients[0].interpreter;
	interpreter->executed = w->executed + w->program->scripts[self->script].place;
	interpreter->outcome = actor_outcome;
	interpreter->tally = actor_tally;
	interpreter->witness = actor_witness;
	value.type = CT_VALUE_INT;
	value.u.i = w->number + 1;
	ct_variables_set(interpreter->vars, CT_VAR_ITERATION, value);
	self->first_vars = ct_variables_create(w->program->symbols);
	ct_variables_copy(self->first_vars, interpreter->vars);
	self->first_random = interpreter->random;
	RegisterXactCallback(actor_pre_commit, NULL);
	self->observer.before_commit = actor_before_commit;
	self->observer.ended = actor_ended;
	return self;
}

void
ct_actor_perform(CtWorker *w)
{
	CtActor    *self = actor_create(w);

	self->turn->place = CT_TURN_ENDED;
	me = self;
	ct_blocked_begin(actor_waits, actor_woken);
	ct_effects_begin(&self->effects, actor_statement_begins);
	ct_yield_begin();
	if (w->plan->reduction)
		ct_footprint_begin();
	actor_set_guard(self);
	w->session->observer = &self->observer;
	actor_serve(self);
	w->session->observer = NULL;
	w->session->rollback(w->session);
	me = NULL;
}
