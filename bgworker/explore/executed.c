/*
 * executed.c
 *		One execution of an exploration, from the state that it begins with to what
 *		is known of it; and what all of them have in common.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "bgworker/explore/explore.h"

/* how long looking for prepared transactions waits for a lock */
#define EXECUTED_LOCK_MS	10000

void
ct_explorer_note(CtExplorer *explorer, const char *note)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(explorer->leader->context);

	explorer->found->notes = lappend(explorer->found->notes, pstrdup(note));
	MemoryContextSwitchTo(oldcontext);
}

void
ct_explorer_roll_back_prepared(CtExplorer *explorer)
{
	CtLeader   *leader = explorer->leader;
	List	   *gids = NIL;
	ListCell   *lc;
	Oid			types[1] = {TIMESTAMPTZOID};
	Datum		values[1];
	uint64		i;

	ct_leader_begin(EXECUTED_LOCK_MS);
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	values[0] = TimestampTzGetDatum(leader->shared->gate_at);
	SPI_execute_with_args("SELECT gid FROM pg_catalog.pg_prepared_xacts"
						  " WHERE database OPERATOR(pg_catalog.=) pg_catalog.current_database()"
						  " AND owner OPERATOR(pg_catalog.=) current_user"
						  " AND prepared OPERATOR(pg_catalog.>=) $1",
						  1, types, values, NULL, true, 0);
	for (i = 0; i < SPI_processed; i++)
	{
		char	   *gid = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		MemoryContext oldcontext = MemoryContextSwitchTo(explorer->scratch);

		/* the list, too, is to outlive SPI's memory */
		gids = lappend(gids, pstrdup(gid));
		MemoryContextSwitchTo(oldcontext);
	}
	SPI_finish();
	PopActiveSnapshot();
	ct_leader_commit(leader);
	foreach(lc, gids)
		ct_leader_run_script(leader, "prepared transaction",
							 psprintf("ROLLBACK PREPARED %s", quote_literal_cstr(lfirst(lc))));
}

void
ct_explorer_reset(CtExplorer *explorer)
{
	CtLeader   *leader = explorer->leader;

	MemoryContextSwitchTo(leader->context);
	MemoryContextReset(explorer->scratch);
	ct_leader_check_for_end(leader);
	ct_pin_choose(explorer->pin);
	ct_execution_clear(explorer->execution, false);
	if (explorer->prepares)
		ct_explorer_roll_back_prepared(explorer);
	ct_reset_restore(explorer->reset, explorer->ddl);
	explorer->ddl = true;		/* until it is known better */
	if (ct_reset_rebuilt(explorer->reset))
	{
		explorer->rebuilds++;
		ct_execution_clear(explorer->execution, true);
	}
	MemoryContextSwitchTo(explorer->scratch);
}

CtExecutionEnd
ct_explorer_run_serial(CtExplorer *explorer, int n, const int *sessions, const int *last_commits)
{
	CtExecutionEnd end = ct_execution_run_serial(explorer->execution, n, sessions, last_commits);

	explorer->ddl = end != CT_EXECUTION_COMPLETE || explorer->execution->ddl;
	return end;
}

/* An execution's outcomes, tallies and numbers, as checks want them. */
static CtResults *
explorer_results(CtExplorer *explorer)
{
	const CtExecution *ex = explorer->execution;
	CtResults  *results = palloc0(sizeof(CtResults));
	int			k;
	int			i;

	results->workers = ex->nsessions;
	for (k = 0; k < ex->nsessions; k++)
	{
		const CtSlot *slot = ct_shared_slot(explorer->leader->shared, k);
		const CtSessionEnd *end = &ex->sessions[k];

		if (end->failed && !end->expected)
			results->failed++;
		else
			results->all_transactions++;
		results->retries += end->again;
		for (i = 0; i < slot->noutcomes; i++)
		{
			CtOutcomeResult *outcome = palloc(sizeof(CtOutcomeResult));

			outcome->script = slot->outcomes[i].script;
			outcome->label = slot->outcomes[i].label;
			outcome->count = slot->outcomes[i].count;
			results->outcomes = lappend(results->outcomes, outcome);
		}
		for (i = 0; i < slot->ntallies; i++)
		{
			CtTallyResult *tally = palloc(sizeof(CtTallyResult));

			tally->name = slot->tallies[i].name;
			tally->tally = slot->tallies[i].tally;
			results->tallies = lappend(results->tallies, tally);
		}
	}
	return results;
}

bool
ct_explorer_is_mistake(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_SYNTAX_ERROR:
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_COLUMN:
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_UNDEFINED_OBJECT:
		case ERRCODE_UNDEFINED_PARAMETER:
		case ERRCODE_INVALID_SCHEMA_NAME:
		case ERRCODE_FEATURE_NOT_SUPPORTED:
			return true;
		default:
			return false;
	}
}

/* What is wrong with sessions' errors, the worst first. */
static void
explorer_class_errors(CtExplorer *explorer, CtExecuted *executed)
{
	const CtExecution *ex = explorer->execution;
	bool		deadlock_expected = ct_plan_expected_label(explorer->plan, ERRCODE_T_R_DEADLOCK_DETECTED) != NULL;
	int			k;

	executed->deadlock = ex->deadlock;
	for (k = 0; k < ex->nsessions; k++)
	{
		const CtSessionEnd *end = &ex->sessions[k];

		if (end->sqlstate == 0)
			continue;
		if (end->sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED && !deadlock_expected &&
			executed->result < CT_EXECUTION_DEADLOCK)
		{
			executed->result = CT_EXECUTION_DEADLOCK;
			executed->sqlstate = end->sqlstate;
			executed->gist = psprintf("session %d is the victim", k + 1);
		}
		if (!end->failed || end->expected)
			continue;
		if (end->sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED)
			continue;
		executed->error = true;
		if (executed->result < CT_EXECUTION_ERROR)
		{
			executed->result = CT_EXECUTION_ERROR;
			executed->sqlstate = end->sqlstate;
			executed->gist = psprintf("session %d: %s", k + 1, end->message);
		}
	}
}

/* Sessions that ended with a transaction open are rid of it, before anybody looks at the tables. */
static void
explorer_close_transactions(CtExplorer *explorer)
{
	const CtExecution *ex = explorer->execution;
	int			k;

	for (k = 0; k < ex->nsessions; k++)
	{
		if (!ex->sessions[k].in_transaction)
			continue;
		if ((explorer->left_open & (1 << k)) == 0)
			ct_explorer_note(explorer, psprintf("session %d ends with an open transaction, which is rolled back before the tables are looked at",
												k + 1));
		explorer->left_open |= 1 << k;
		ct_execution_clear(explorer->execution, false);
	}
}

void
ct_explorer_execute(CtExplorer *explorer, const CtGuide *guide, bool gist, CtExecuted *executed)
{
	CtExecution *ex = explorer->execution;
	CtResults  *results;
	char	   *found = NULL;

	memset(executed, 0, sizeof(CtExecuted));
	executed->check = -1;
	executed->end = ct_execution_run(ex, guide);
	if (executed->end == CT_EXECUTION_STUCK)
	{
		executed->result = CT_EXECUTION_HANG;
		executed->gist = pstrdup(ex->why);
	}
	if (executed->end == CT_EXECUTION_CUT)
		explorer->ddl = ex->ddl;
	if (executed->end != CT_EXECUTION_COMPLETE)
		return;
	explorer->ddl = ex->ddl;
	explorer_class_errors(explorer, executed);
	results = explorer_results(explorer);
	explorer_close_transactions(explorer);
	executed->check = ct_checks_ask_execution(explorer->leader->checks, results, gist ? &found : NULL);
	MemoryContextSwitchTo(explorer->scratch);
	executed->violating = executed->check >= 0;
	if (executed->violating && executed->result < CT_EXECUTION_CHECK)
	{
		executed->result = CT_EXECUTION_CHECK;
		executed->gist = found;
	}
	executed->digest = ct_state_digest(explorer->state);
	MemoryContextSwitchTo(explorer->scratch);
}

/* ---- what all executions have in common ---- */

static void
explorer_pool_outcomes(CtExplorer *explorer, const CtResults *results)
{
	ListCell   *lc;
	ListCell   *at;

	foreach(lc, results->outcomes)
	{
		const CtOutcomeResult *from = lfirst(lc);
		CtOutcomeResult *to = NULL;

		foreach(at, explorer->outcomes)
		{
			to = lfirst(at);
			if (to->script == from->script && strcmp(to->label, from->label) == 0)
				break;
		}
		if (at == NULL)
		{
			if (list_length(explorer->outcomes) >= CT_MAX_OUTCOMES)
				continue;
			to = palloc0(sizeof(CtOutcomeResult));
			to->script = from->script;
			to->label = pstrdup(from->label);
			explorer->outcomes = lappend(explorer->outcomes, to);
		}
		to->count += from->count;
	}
	foreach(lc, results->tallies)
	{
		const CtTallyResult *from = lfirst(lc);
		CtTallyResult *to = NULL;

		foreach(at, explorer->tallies)
		{
			to = lfirst(at);
			if (strcmp(to->name, from->name) == 0)
				break;
		}
		if (at == NULL)
		{
			to = palloc0(sizeof(CtTallyResult));
			to->name = pstrdup(from->name);
			explorer->tallies = lappend(explorer->tallies, to);
		}
		ct_tally_add(&to->tally, &from->tally);
	}
}

static void
explorer_pool_error(CtExplorer *explorer, int session, const CtSessionEnd *end)
{
	int			script = ((CtPlanSession *) list_nth(explorer->plan->sessions, session))->script;
	const char *handling = !end->failed ? "retried" : end->expected ? "expected" : "failed";
	CtErrorResult *error = NULL;
	ListCell   *lc;

	foreach(lc, explorer->errors)
	{
		error = lfirst(lc);
		if (error->script == script && error->sqlstate == end->sqlstate &&
			strcmp(error->handling, handling) == 0)
			break;
	}
	if (lc == NULL)
	{
		if (list_length(explorer->errors) >= CT_MAX_ERRORS)
			return;
		error = palloc0(sizeof(CtErrorResult));
		error->script = script;
		error->sqlstate = end->sqlstate;
		error->handling = handling;
		error->unexpected = end->failed && !end->expected;
		error->command = end->error_command;
		error->first_seen = GetCurrentTimestamp();
		error->message = pstrdup(end->message);
		explorer->errors = lappend(explorer->errors, error);
	}
	error->count++;
}

void
ct_explorer_pool(CtExplorer *explorer)
{
	const CtExecution *ex = explorer->execution;
	CtResults  *results = explorer_results(explorer);
	int			k;

	MemoryContextSwitchTo(explorer->leader->context);
	explorer->transactions += results->all_transactions;
	explorer->failed += results->failed;
	explorer->retries += results->retries;
	explorer_pool_outcomes(explorer, results);
	for (k = 0; k < ex->nsessions; k++)
		if (ex->sessions[k].sqlstate != 0)
			explorer_pool_error(explorer, k, &ex->sessions[k]);
	MemoryContextSwitchTo(explorer->scratch);
}

void
ct_explore_results(CtLeader *leader, CtResults *results)
{
	const CtExplorer *explorer = leader->explorer;

	results->exploration = explorer->found;
	results->transactions = results->all_transactions = explorer->transactions;
	results->failed = explorer->failed;
	results->retries = explorer->retries;
	results->outcomes = explorer->outcomes;
	results->tallies = explorer->tallies;
	results->errors = explorer->errors;
	results->checks = ct_checks_explored(leader->checks, explorer->found->complete);
}
