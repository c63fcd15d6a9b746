/*
 * explored_unit.c
 *		Explorations that nobody has made, recorded as if they had been: what
 *		the views and the report say of them is t/127_explored.pl's matter.
 *
 * Needs the extension in the worker's database.
 */
#include "postgres.h"

#include <limits.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "src/metrics/histogram.h"
#include "src/results/exploration.h"
#include "src/results/record.h"
#include "t/units/units.h"

static void
explored_step(CtPermutationResult *order, int session, const char *function, int line, const char *query,
			  CtStepEvent event, int64 rows, const char *first_row)
{
	CtStepResult *step = palloc0(sizeof(CtStepResult));

	step->session = session;
	step->function = function;
	step->line = line;
	step->query = query;
	step->event = event;
	step->rows = rows;
	step->first_row = first_row;
	order->steps = lappend(order->steps, step);
}

static CtStepResult *
explored_last(CtPermutationResult *order)
{
	return llast(order->steps);
}

static CtPermutationResult *
explored_order(CtExploration *found, CtExecutionResult result, const char *permutation, int preemptions,
			   int64 executions)
{
	CtPermutationResult *order = palloc0(sizeof(CtPermutationResult));
	const char *p;

	order->result = result;
	order->permutation = palloc(strlen(permutation) * sizeof(int));
	for (p = permutation; *p; p++)
		order->permutation[order->npermutation++] = *p - '0';
	order->preemptions = preemptions;
	order->executions = executions;
	found->permutations = lappend(found->permutations, order);
	return order;
}

static CtExploration *
explored_create(int sessions)
{
	CtExploration *found = palloc0(sizeof(CtExploration));

	found->sessions = sessions;
	found->inside = true;
	found->per_second = get_float8_nan();
	found->uniform = true;
	found->not_serial_fails = true;
	return found;
}

/* Two buyers of one ticket, all 6 orders. */
static CtExploration *
explored_lost_update(void)
{
	CtExploration *found = explored_create(2);
	CtPermutationResult *order;

	found->executions = 9;
	found->complete = 6;
	found->not_serial = 4;
	found->preemptions = INT_MAX;
	found->exhausted = true;
	found->bounded = 6;
	found->serial_orders = 2;
	found->first_failure_at = GetCurrentTimestamp();
	found->first_failure = 3;
	found->per_second = 1234.56;
	found->surrogates = list_make2("ticket.id", "ticket.made_at");
	found->notes = list_make2("Tables event and ticket were copied, with 3 rows.",
							  "The state is brought back by page images.");

	order = explored_order(found, CT_EXECUTION_NOT_SERIAL, "1221", 1, 4);
	order->gist = "no serial order of the sessions leaves this state";
	explored_step(order, 1, "buy_ticket(integer,integer)", 5, "SELECT sold INTO n FROM event WHERE id = event_id",
				  CT_STEP_RAN, 1, "(0)");
	explored_last(order)->conflicts = true;
	explored_step(order, 2, "buy_ticket(integer,integer)", 5, "SELECT sold INTO n FROM event WHERE id = event_id",
				  CT_STEP_RAN, 1, "(0)");
	explored_step(order, 2, "buy_ticket(integer,integer)", 9,
				  "UPDATE event SET sold = n + 1 WHERE id = event_id AND a_column_whose_name_is_long IS NOT NULL",
				  CT_STEP_RAN, 1, NULL);
	explored_last(order)->conflicts = true;
	explored_step(order, 1, "buy_ticket(integer,integer)", 9,
				  "UPDATE event SET sold = n + 1 WHERE id = event_id AND a_column_whose_name_is_long IS NOT NULL",
				  CT_STEP_RAN, 1, NULL);
	order->serial_order = "1, 2";
	order->state = "event: (1,1)\nevent: (2,0)";
	order->serial_state = "event: (1,2)\nevent: (2,0)";

	order = explored_order(found, CT_EXECUTION_PASS, "1122", 0, 2);
	explored_step(order, 1, NULL, 1, "SELECT buy_ticket(1, 1)", CT_STEP_RAN, 1, "(t)");
	return found;
}

/* Three sessions, one of which closes a circle; not finished. */
static CtExploration *
explored_deadlock(void)
{
	CtExploration *found = explored_create(3);
	CtPermutationResult *order;

	found->inside = false;
	found->executions = 28312;
	found->complete = 28311;
	found->deadlocks = 12;
	found->violating = 1;
	found->preemptions = 2;
	found->bounded = 8311;
	found->drawn = 20000;
	found->drawn_failing = 5;
	found->uniform = false;
	found->first_failure_at = GetCurrentTimestamp();
	found->first_failure = 77;
	found->per_second = 900;
	found->stopped_by = "duration";

	order = explored_order(found, CT_EXECUTION_DEADLOCK, "12312", 2, 12);
	order->sqlstate = ERRCODE_T_R_DEADLOCK_DETECTED;
	order->gist = "session 1 met a deadlock";
	explored_step(order, 1, NULL, 1, "UPDATE account SET balance = balance - 1 WHERE id = 1", CT_STEP_RAN, 1, NULL);
	explored_step(order, 2, NULL, 1, "UPDATE account SET balance = balance - 1 WHERE id = 2", CT_STEP_RAN, 1, NULL);
	explored_step(order, 3, NULL, 1, "SELECT sum(balance) FROM account", CT_STEP_RAN, 1, "(200)");
	explored_step(order, 1, NULL, 2, "UPDATE account SET balance = balance + 1 WHERE id = 2", CT_STEP_WAITS, -1, NULL);
	explored_last(order)->waits_for = 2;
	explored_step(order, 2, NULL, 2, "UPDATE account SET balance = balance + 1 WHERE id = 1", CT_STEP_FAILED, -1, NULL);
	explored_last(order)->error = "deadlock detected";
	explored_step(order, 1, NULL, 2, "UPDATE account SET balance = balance + 1 WHERE id = 2", CT_STEP_GOES_ON, 1, NULL);

	order = explored_order(found, CT_EXECUTION_CHECK, "123", 0, 1);
	order->check_name = "money_is_kept";
	order->gist = "check \"money_is_kept\" found a row: (199)";
	explored_step(order, 1, NULL, 1, "SELECT 1", CT_STEP_RAN, 1, "(1)");
	return found;
}

static CtExploration *
explored_nothing(void)
{
	CtExploration *found = explored_create(8);

	found->executions = found->complete = 1;
	found->preemptions = -1;
	found->stopped_by = "executions";
	return found;
}

static void
explored_record(CtExploration *found, const char *verdict, const char *reason)
{
	CtPlan		plan = {
		.workers = found->sessions,
		.isolation = "read committed",
		.seed = 1,
		.explore = true,
		.search_path = "public",
		.max_tries = 10,
	};
	CtRunEnd	end = {.status = "succeeded",.workers = found->sessions,.clients = found->sessions};
	CtResults	results = {0};
	int64		run_id;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	end.gate_at = GetCurrentTimestamp();
	results.seconds = 0.25;
	results.verdict = verdict;
	results.reason = reason;
	results.exploration = found;
	results.latency = palloc0(sizeof(CtHistogram));
	run_id = ct_record_start(&plan, ct_plan_write(&plan, NULL), GetUserId(), end.gate_at, MyProcPid, 0, false);
	ct_record_end(run_id, NULL, &results, true, &end);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

void
unit_explored(void)
{
	explored_record(explored_lost_update(), "fail", "no serial order leaves this state");
	explored_record(explored_deadlock(), "fail", "session 1 met a deadlock");
	explored_record(explored_nothing(), "inconclusive", "not even the serial orders were finished");
	unit_ok(true, "they are recorded");
}
