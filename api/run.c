/*
 * run.c
 *		ct_run, ct_execute, ct_start, ct_test, ct_wait, ct_cancel: runs as SQL calls them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "api/run.h"
#include "bgworker/caller.h"
#include "bgworker/sandbox.h"
#include "src/catalog/catalog.h"
#include "src/plan/plan.h"
#include "src/plan/validate.h"

PG_FUNCTION_INFO_V1(ct_run);
PG_FUNCTION_INFO_V1(ct_execute);
PG_FUNCTION_INFO_V1(ct_start);
PG_FUNCTION_INFO_V1(ct_test);
PG_FUNCTION_INFO_V1(ct_wait);
PG_FUNCTION_INFO_V1(ct_cancel);
PG_FUNCTION_INFO_V1(ct_stop);
PG_FUNCTION_INFO_V1(ct_run_lives);
PG_FUNCTION_INFO_V1(ct_sweep);

static const char *
text_arg(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* NULL is false */
static bool
flag_arg(FunctionCallInfo fcinfo, int n)
{
	return !PG_ARGISNULL(n) && PG_GETARG_BOOL(n);
}

void
ct_run_options(FunctionCallInfo fcinfo, int n, bool rate_last, CtRunOptions *options)
{
	int			rate = rate_last ? 5 : 3;
	int			isolation = rate_last ? 3 : 4;
	int			max_tries = rate_last ? 4 : 5;

	memset(options, 0, sizeof(CtRunOptions));
#define OPTION(member, offset, getter) \
	if (!PG_ARGISNULL(n + (offset))) \
	{ \
		options->has_##member = true; \
		options->member = getter(n + (offset)); \
	}
#define INTERVAL_SECONDS(n) ct_interval_seconds(PG_GETARG_INTERVAL_P(n))

	OPTION(workers, 0, PG_GETARG_INT32);
	OPTION(duration, 1, INTERVAL_SECONDS);
	OPTION(transactions, 2, PG_GETARG_INT64);
	OPTION(rate, rate, PG_GETARG_FLOAT8);
	options->isolation = text_arg(fcinfo, n + isolation);
	OPTION(max_tries, max_tries, PG_GETARG_INT32);
	options->params = PG_ARGISNULL(n + 6) ? NULL : PG_GETARG_JSONB_P(n + 6);
	OPTION(seed, 7, PG_GETARG_INT64);
	OPTION(warmup, 8, INTERVAL_SECONDS);
	OPTION(ramp, 9, INTERVAL_SECONDS);
	OPTION(min_overlap, 10, PG_GETARG_INT32);
	options->expected_errors = PG_ARGISNULL(n + 11) ? NULL : PG_GETARG_ARRAYTYPE_P(n + 11);
	options->keep = flag_arg(fcinfo, n + 12);
#undef OPTION
#undef INTERVAL_SECONDS
}

void
ct_scenario_options(FunctionCallInfo fcinfo, int n, CtRunOptions *options)
{
	options->trust_owner = flag_arg(fcinfo, n);
	options->thresholds = PG_ARGISNULL(n + 1) ? NULL : PG_GETARG_ARRAYTYPE_P(n + 1);
	options->retried_errors = PG_ARGISNULL(n + 2) ? NULL : PG_GETARG_ARRAYTYPE_P(n + 2);
	options->stop_on_fail = flag_arg(fcinfo, n + 3);
}

/* What a run that came to its end has to say to who waited for it. */
static void
report_end(const CtCall *call)
{
	CtShared   *shared = call->shared;

	/* the report has it in any case */
	if (call->tell_few_workers && shared->nworkers < shared->workers_asked)
		ereport(NOTICE,
				(errmsg("only %d of %d workers raced", shared->nworkers, shared->workers_asked),
				 errhint("All background worker slots were in use; raise max_worker_processes (now %d) for more.",
						 max_worker_processes)));
	ereport(NOTICE,
			(errmsg("run " INT64_FORMAT ": %s: %s", shared->run_id, shared->verdict, shared->reason)));
}

static int64
run_and_wait(const Jsonb *document, CtCallMode mode, bool raise_on_fail)
{
	CtCall		call;
	int64		run_id;

	run_id = ct_call_start(&call, document, mode);
	(void) ct_call_wait(&call, 0, true);
	ct_call_warn(&call);
	ct_call_raise_error(&call, ERROR);
	if (raise_on_fail && !call.shared->passed)
		ereport(ERROR,
				(errcode(ERRCODE_ASSERT_FAILURE),
				 errmsg("run " INT64_FORMAT ": %s", run_id, call.shared->verdict),
				 errdetail_internal("%s", call.shared->reason),
				 errhint("See SELECT ct_report(" INT64_FORMAT ").", run_id)));
	report_end(&call);
	ct_call_detach(&call);
	return run_id;
}

/*
 * The arguments of ct_run, ct_start and ct_execute: scenario, variant,
 * options ..., raise_on_fail, trust_owner, thresholds, retried_errors,
 * stop_on_fail.  Returns the plan.
 */
static const Jsonb *
scenario_args(FunctionCallInfo fcinfo, bool *raise_on_fail)
{
	CtRunOptions options;

	ct_run_options(fcinfo, 2, false, &options);
	ct_scenario_options(fcinfo, 2 + CT_RUN_NOPTIONS + 1, &options);
	*raise_on_fail = flag_arg(fcinfo, 2 + CT_RUN_NOPTIONS);
	return ct_plan_of_scenario(text_arg(fcinfo, 0), text_arg(fcinfo, 1), &options);
}

Datum
ct_run(PG_FUNCTION_ARGS)
{
	const Jsonb *document;
	bool		raise_on_fail;

	ct_call_check("ct_run()");
	document = scenario_args(fcinfo, &raise_on_fail);
	PG_RETURN_INT64(run_and_wait(document, CT_CALL_WAITS, raise_on_fail));
}

/* May the procedure that is called here commit? */
static bool
may_commit(FunctionCallInfo fcinfo)
{
	return fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!((CallContext *) fcinfo->context)->atomic && !IsSubTransaction();
}

/*
 * ct_execute(ct_run's arguments, INOUT run_id), a procedure.  It has no SET
 * clause, for with one it could not commit: what it executes of ours pins
 * search_path itself (ct_catalog_enter), as for ct_run, which has to read the
 * caller's.
 */
Datum
ct_execute(PG_FUNCTION_ARGS)
{
	const Jsonb *document;
	bool		raise_on_fail;
	TupleDesc	desc;
	Datum		value;
	bool		isnull = false;

	ct_call_check("ct_execute()");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	document = scenario_args(fcinfo, &raise_on_fail);
	value = Int64GetDatum(run_and_wait(document,
									   may_commit(fcinfo) ? CT_CALL_COMMITS : CT_CALL_WAITS,
									   raise_on_fail));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, &value, &isnull)));
}

/*
 * ct_test(script, setup, checks, options ..., raise_on_fail, retried_errors,
 * teardown, stop_on_fail)
 */
Datum
ct_test(PG_FUNCTION_ARGS)
{
	const int	n = 3 + CT_RUN_NOPTIONS;
	CtRunOptions options;

	ct_call_check("ct_test()");
	ct_run_options(fcinfo, 3, true, &options);
	options.retried_errors = PG_ARGISNULL(n + 1) ? NULL : PG_GETARG_ARRAYTYPE_P(n + 1);
	options.stop_on_fail = flag_arg(fcinfo, n + 3);
	PG_RETURN_INT64(run_and_wait(ct_plan_of_test(text_arg(fcinfo, 0), text_arg(fcinfo, 1),
												 text_arg(fcinfo, n + 2),
												 PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2),
												 &options),
								 CT_CALL_WAITS, flag_arg(fcinfo, n)));
}

Datum
ct_start(PG_FUNCTION_ARGS)
{
	const Jsonb *document;
	bool		raise_on_fail;
	CtCall		call;
	int64		run_id;

	ct_call_check("ct_start()");
	document = scenario_args(fcinfo, &raise_on_fail);
	if (raise_on_fail)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("ct_start() cannot raise an error on failure"),
				 errdetail("It returns before the run has a verdict."),
				 errhint("Call ct_wait() and then ct_assert(), or use ct_run().")));
	run_id = ct_call_start(&call, document, CT_CALL_STARTS);
	ct_call_detach(&call);
	PG_RETURN_INT64(run_id);
}

/*
 * Looks a run up as seen by the current role, or by a member of watchers, and
 * attaches to it if it lives.
 * Returns its stored status, palloc'd; call->shared is NULL if it doesn't live.
 */
static char *
find_run(FunctionCallInfo fcinfo, const char *function, Oid watchers, CtCall *call, Oid *role)
{
	CtCatalogScope scope;
	MemoryContext context = CurrentMemoryContext;
	Oid			caller = GetUserId();
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	char	   *status = NULL;
	int64		run_id;
	int64		handle = 0;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s: run_id must not be null", function)));
	run_id = PG_GETARG_INT64(0);
	memset(call, 0, sizeof(CtCall));

	ct_catalog_enter_to_read(&scope);
	/* over the one that was entered with, which in REPEATABLE READ is an old one */
	PushActiveSnapshot(GetLatestSnapshot());
	values[0] = Int64GetDatum(run_id);
	ct_catalog_execute("SELECT status, shm_handle, role FROM @ct_result WHERE run_id = $1",
					   1, types, values, NULL, true);
	if (SPI_processed == 1)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(context);
		bool		isnull;

		status = pstrdup(SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
		handle = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
		*role = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &isnull));
		MemoryContextSwitchTo(oldcontext);
	}
	PopActiveSnapshot();
	ct_catalog_leave(&scope);

	if (status == NULL ||
		!(has_privs_of_role(caller, *role) ||
		  has_privs_of_role(caller, ROLE_PG_READ_ALL_STATS) ||
		  has_privs_of_role(caller, watchers)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("run " INT64_FORMAT " does not exist", run_id),
				 errhint("SELECT run_id, scenario, status FROM ct_runs shows those that there are.")));

	call->shared = ct_shared_attach((dsm_handle) handle, run_id, &call->segment, &call->attached);
	return status;
}

/* ct_wait(run_id, timeout) */
Datum
ct_wait(PG_FUNCTION_ARGS)
{
	CtCall		call;
	Oid			role;
	char	   *status;
	uint64		timeout = 0;
	bool		done = true;

	ct_call_check_process("ct_wait()");
	if (!PG_ARGISNULL(1))
	{
		double		seconds = ct_interval_seconds(PG_GETARG_INTERVAL_P(1));

		if (!(seconds >= 0 && seconds <= 366.0 * 86400))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("ct_wait(): timeout must be between 0 and one year")));
		timeout = Max((uint64) (seconds * 1e9), 1);
	}
	status = find_run(fcinfo, "ct_wait()", ROLE_PG_READ_ALL_STATS, &call, &role);
	if (call.shared != NULL)
	{
		call.horizon = ct_horizon_of_statement();
		done = ct_call_wait(&call, timeout, true);
		if (done && call.shared->status[0] != '\0')
		{
			/* its row may be gone already */
			status = pstrdup(call.shared->status);
			ct_call_detach(&call);
			PG_RETURN_TEXT_P(cstring_to_text(status));
		}
		ct_call_detach(&call);
	}
	if (strcmp(status, "running") == 0 || strcmp(status, "starting") == 0)
	{
		/* a new look: it is over, or was when its memory was looked for, after its row */
		status = find_run(fcinfo, "ct_wait()", ROLE_PG_READ_ALL_STATS, &call, &role);
		ct_call_detach(&call);
		if (done && (strcmp(status, "running") == 0 || strcmp(status, "starting") == 0))
			status = "crashed";
	}
	PG_RETURN_TEXT_P(cstring_to_text(status));
}

/* The rule of pg_cancel_backend. */
static bool
may_signal(Oid role)
{
	if (superuser_arg(role) && !superuser())
		return false;
	return has_privs_of_role(GetUserId(), role) ||
		has_privs_of_role(GetUserId(), ROLE_PG_SIGNAL_BACKEND);
}

/*
 * Looks a run up for who is to end it, raising unless the current role may;
 * verb is for the message.  call->shared is NULL if it doesn't live.
 */
static void
find_run_to_end(FunctionCallInfo fcinfo, const char *function, const char *verb, CtCall *call)
{
	Oid			role;

	(void) find_run(fcinfo, function, ROLE_PG_SIGNAL_BACKEND, call, &role);
	if (!may_signal(role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to %s run " INT64_FORMAT, verb, PG_GETARG_INT64(0)),
				 errdetail("It belongs to another role.")));
}

/* ct_cancel(run_id) */
Datum
ct_cancel(PG_FUNCTION_ARGS)
{
	CtCall		call;
	bool		lived = false;

	find_run_to_end(fcinfo, "ct_cancel()", "cancel", &call);
	if (call.shared != NULL)
	{
		lived = ct_shared_state(call.shared) != CT_RUN_DONE;
		if (lived)
			ct_shared_cancel(call.shared);
		ct_call_detach(&call);
	}
	PG_RETURN_BOOL(lived);
}

/* ct_stop(run_id) */
Datum
ct_stop(PG_FUNCTION_ARGS)
{
	CtCall		call;
	bool		lived = false;

	find_run_to_end(fcinfo, "ct_stop()", "stop", &call);
	if (call.shared != NULL)
	{
		/* later on the workers have ended, and there is nothing left to stop */
		lived = ct_shared_state(call.shared) < CT_RUN_CHECKING;
		if (lived)
			ct_shared_ask_to_stop(call.shared);
		ct_call_detach(&call);
	}
	PG_RETURN_BOOL(lived);
}

/*
 * Has the run come to its end after all?  The asker's snapshot may be from
 * before that, and then its row only looks as if the leader had been lost.
 */
static bool
has_ended(int64 run_id)
{
	CtCatalogScope scope;
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	bool		ended;

	ct_catalog_enter_to_read(&scope);
	/* over the one that was entered with, which may be the asker's */
	PushActiveSnapshot(GetLatestSnapshot());
	values[0] = Int64GetDatum(run_id);
	ct_catalog_execute("SELECT FROM @ct_result WHERE run_id = $1"
					   " AND status NOT IN ('starting', 'running')", 1, types, values, NULL, true);
	ended = SPI_processed > 0;
	PopActiveSnapshot();
	ct_catalog_leave(&scope);
	return ended;
}

/*
 * Is there such a run with that handle, and may the current role see it?  The
 * functions below are for our views, but anybody can call them.
 */
bool
ct_run_is_visible(int64 run_id, int64 handle)
{
	CtCatalogScope scope;
	Oid			asker = GetUserId();
	Oid			types[2] = {INT8OID, INT8OID};
	Datum		values[2];
	Oid			role = InvalidOid;
	bool		isnull;

	ct_catalog_enter_to_read(&scope);
	values[0] = Int64GetDatum(run_id);
	values[1] = Int64GetDatum(handle);
	ct_catalog_execute("SELECT role FROM @ct_result WHERE run_id = $1 AND shm_handle = $2",
					   2, types, values, NULL, true);
	if (SPI_processed == 1)
		role = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	ct_catalog_leave(&scope);
	return has_privs_of_role(asker, ROLE_PG_READ_ALL_STATS) ||
		(OidIsValid(role) && has_privs_of_role(asker, role));
}

/* ct_run_lives(run_id, shm_handle): for the views, of a run that is stored as under way */
Datum
ct_run_lives(PG_FUNCTION_ARGS)
{
	dsm_segment *segment;
	bool		attached;
	bool		lives;

	if (!ct_run_is_visible(PG_GETARG_INT64(0), PG_GETARG_INT64(1)))
		PG_RETURN_BOOL(false);
	lives = ct_shared_attach((dsm_handle) PG_GETARG_INT64(1), PG_GETARG_INT64(0),
							 &segment, &attached) != NULL;
	if (attached)
		dsm_detach(segment);
	PG_RETURN_BOOL(lives || has_ended(PG_GETARG_INT64(0)));
}

/* ct_sweep() */
Datum
ct_sweep(PG_FUNCTION_ARGS)
{
	int64		closed;
	int			unfinished;

	ct_call_check("ct_sweep()");
	closed = ct_sandbox_sweep(true, &unfinished);
	if (unfinished > 0)
		ereport(NOTICE,
				(errmsg("there is more in %d sandboxes than one transaction should drop", unfinished),
				 errhint("Commit, and call ct_sweep() again until it says no more.")));
	PG_RETURN_INT64(closed);
}
