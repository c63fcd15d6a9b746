/*
 * run.c
 *		ct_run, ct_execute, ct_start, ct_test, ct_wait, ct_cancel: runs as SQL calls them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "api/run.h"
#include "bgworker/caller.h"
#include "bgworker/sandbox.h"
#include "src/catalog/run.h"
#include "src/catalog/version.h"
#include "src/plan/plan.h"
#include "src/plan/validate.h"

CT_FUNCTION_INFO_V1(ct_run);
CT_FUNCTION_INFO_V1(ct_execute);
CT_FUNCTION_INFO_V1(ct_start);
CT_FUNCTION_INFO_V1(ct_test);
CT_FUNCTION_INFO_V1(ct_wait);
CT_FUNCTION_INFO_V1(ct_cancel);
CT_FUNCTION_INFO_V1(ct_stop);
CT_FUNCTION_INFO_V1(ct_run_lives);
CT_FUNCTION_INFO_V1(ct_sweep);

void
ct_run_options(CtArgs *args, CtRunOptions *options)
{
	memset(options, 0, sizeof(CtRunOptions));
	options->has_workers = ct_args_int(args, "workers", &options->workers);
	options->has_clients = ct_args_int(args, "clients", &options->clients);
	options->has_duration = ct_args_seconds(args, "duration", &options->duration);
	options->has_transactions = ct_args_bigint(args, "transactions", &options->transactions);
	options->has_rate = ct_args_double(args, "rate", &options->rate);
	options->phases = ct_args_jsonb(args, "phases");
	options->isolation = ct_args_text(args, "isolation");
	options->has_max_tries = ct_args_int(args, "max_tries", &options->max_tries);
	options->params = ct_args_jsonb(args, "params");
	options->has_seed = ct_args_bigint(args, "seed", &options->seed);
	options->has_warmup = ct_args_seconds(args, "warmup", &options->warmup);
	options->has_ramp = ct_args_seconds(args, "ramp", &options->ramp);
	options->has_min_overlap = ct_args_int(args, "min_overlap", &options->min_overlap);
	options->has_rounds = ct_args_int(args, "rounds", &options->rounds);
	options->has_repeat = ct_args_int(args, "repeat", &options->repeat);
	options->has_latency_limit = ct_args_seconds(args, "latency_limit", &options->latency_limit);
	options->has_max_errors = ct_args_bigint(args, "max_errors", &options->max_errors);
	options->has_timeout = ct_args_seconds(args, "timeout", &options->timeout);
	options->expected_errors = ct_args_array(args, "expected_errors");
	options->retried_errors = ct_args_array(args, "retried_errors");
	options->thresholds = ct_args_array(args, "thresholds");
	options->on_start = ct_args_text(args, "on_start");
	options->classes = ct_args_jsonb(args, "classes");
	options->has_kill_rate = ct_args_double(args, "kill_rate", &options->kill_rate);
	options->lock_hold = ct_args_jsonb(args, "lock_hold");
	options->keep = ct_args_flag(args, "keep");
	options->stop_on_fail = ct_args_flag(args, "stop_on_fail");
	options->trust_owner = ct_args_flag(args, "trust_owner");
}

void
ct_run_share_seed(CtRunOptions *options)
{
	if (options->has_seed)
		return;
	options->has_seed = true;
	options->seed = (int64) (pg_prng_uint64(&pg_global_prng_state) >> 1);
}

void
ct_run_as_step(CtRunOptions *options, double step_duration)
{
	ct_validate_seconds("step_duration", step_duration, false);
	options->has_duration = true;
	options->duration = step_duration;
	options->phases = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("[]")));
	if (options->has_min_overlap)
		return;
	options->has_min_overlap = true;
	options->min_overlap = 0;
}

void
ct_run_with_sessions(CtRunOptions *options, int clients)
{
	options->has_clients = options->has_workers = options->workers_optional = true;
	options->clients = clients;
	options->workers = Min(clients, CT_MAX_WORKERS);
}

Jsonb *
ct_run_try_plan(const char *scenario, const char *variant, const CtRunOptions *options,
				ErrorData **error)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Jsonb	   *volatile document = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		document = ct_plan_of_scenario(scenario, variant, options);
		ct_call_check_plan(document);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		int			category;

		MemoryContextSwitchTo(context);
		*error = CopyErrorData();
		category = ERRCODE_TO_CATEGORY((*error)->sqlerrcode);
		if (category == ERRCODE_OPERATOR_INTERVENTION || category == ERRCODE_INTERNAL_ERROR)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		document = NULL;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return document;
}

static void
run_step_context(void *arg)
{
	errcontext("step with %s", (const char *) arg);
}

Jsonb *
ct_run_plan_step(const char *scenario, const char *variant, const CtRunOptions *options,
				 const char *step)
{
	ErrorContextCallback context;
	Jsonb	   *document;

	context.callback = run_step_context;
	context.arg = unconstify(char *, step);
	context.previous = error_context_stack;
	error_context_stack = &context;
	document = ct_plan_of_scenario(scenario, variant, options);
	ct_call_check_plan(document);
	error_context_stack = context.previous;
	return document;
}

/*
 * What a run that came to its end has to say to who waited for it: what the
 * verdict rests on first of all, and the rest of its reason as the detail.
 */
static void
run_report_end(const CtCall *call)
{
	CtShared   *shared = call->shared;
	char	   *reason = pstrdup(shared->reason);
	char	   *rest = strstr(reason, "; ");

	if (rest != NULL)
	{
		*rest = '\0';
		rest += 2;
		*rest = pg_ascii_toupper((unsigned char) *rest);
	}

	/* the report has it in any case */
	if (call->tell_few_workers && shared->nworkers < shared->workers_asked)
		ereport(NOTICE,
				(errmsg("only %d of %d workers raced", shared->nworkers, shared->workers_asked),
				 errhint("All background worker slots were in use; raise max_worker_processes (now %d) for more.",
						 max_worker_processes)));
	ereport(NOTICE,
			(errmsg("run " INT64_FORMAT ": %s: %s", shared->run_id, shared->verdict, reason),
			 rest ? errdetail("%s.", rest) : 0));
	pfree(reason);
}

int64
ct_run_and_wait(const Jsonb *document, CtCallMode mode, bool raise_on_fail)
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
	run_report_end(&call);
	ct_call_detach(&call);
	return run_id;
}

/*
 * The same so many times, one after the other, as the options say; returns the
 * last run's id.  Where one raises the rest isn't run.
 */
static int64
run_repeatedly(const Jsonb *document, const CtRunOptions *options, CtCallMode mode, bool raise_on_fail)
{
	int64		first = CT_REPEATED;
	int64		run_id = 0;
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context;
	int			i;

	if (!options->has_repeat || options->repeat == 1)
		return ct_run_and_wait(document, mode, raise_on_fail);
	context = AllocSetContextCreate(outer, "ct_ext repeat", ALLOCSET_DEFAULT_SIZES);
	for (i = 0; i < options->repeat; i++)
	{
		MemoryContextSwitchTo(context);
		run_id = ct_run_and_wait(ct_plan_repeat(document, first), mode, raise_on_fail);
		if (i == 0)
			first = run_id;
		MemoryContextReset(context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
	return run_id;
}

/* The plan that the arguments of ct_run, ct_start and ct_execute mean, and the options that it was made by. */
static const Jsonb *
run_plan(FunctionCallInfo fcinfo, CtRunOptions *options, bool *raise_on_fail)
{
	CtArgs		args;
	char	   *scenario;
	char	   *variant;

	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text(&args, "scenario");
	variant = ct_args_text(&args, "variant");
	ct_run_options(&args, options);
	*raise_on_fail = ct_args_flag(&args, "raise_on_fail");
	(void) ct_args_given(&args, "run_id");	/* ct_execute's, which says nothing */
	ct_args_end(&args);
	return ct_plan_of_scenario(scenario, variant, options);
}

Datum
ct_run(PG_FUNCTION_ARGS)
{
	CtRunOptions options;
	const Jsonb *document;
	bool		raise_on_fail;

	ct_call_check("ct_run()");
	document = run_plan(fcinfo, &options, &raise_on_fail);
	PG_RETURN_INT64(run_repeatedly(document, &options, CT_CALL_WAITS, raise_on_fail));
}

/* May the procedure that is called here commit? */
static bool
run_may_commit(FunctionCallInfo fcinfo)
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
	CtRunOptions options;
	const Jsonb *document;
	bool		raise_on_fail;
	TupleDesc	desc;
	Datum		value;
	bool		isnull = false;

	ct_call_check("ct_execute()");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	document = run_plan(fcinfo, &options, &raise_on_fail);
	value = Int64GetDatum(run_repeatedly(document, &options,
										 run_may_commit(fcinfo) ? CT_CALL_COMMITS : CT_CALL_WAITS,
										 raise_on_fail));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, &value, &isnull)));
}

Datum
ct_test(PG_FUNCTION_ARGS)
{
	CtRunOptions options;
	CtArgs		args;
	char	   *script;
	char	   *setup;
	char	   *teardown;
	ArrayType  *checks;
	bool		raise_on_fail;

	ct_call_check("ct_test()");
	ct_args_begin(&args, fcinfo);
	script = ct_args_text(&args, "script");
	setup = ct_args_text(&args, "setup");
	teardown = ct_args_text(&args, "teardown");
	checks = ct_args_array(&args, "checks");
	ct_run_options(&args, &options);
	raise_on_fail = ct_args_flag(&args, "raise_on_fail");
	ct_args_end(&args);
	PG_RETURN_INT64(run_repeatedly(ct_plan_of_test(script, setup, teardown, checks, &options),
								   &options, CT_CALL_WAITS, raise_on_fail));
}

Datum
ct_start(PG_FUNCTION_ARGS)
{
	CtRunOptions options;
	const Jsonb *document;
	bool		raise_on_fail;
	CtCall		call;
	int64		run_id;

	ct_call_check("ct_start()");
	document = run_plan(fcinfo, &options, &raise_on_fail);
	if (options.has_repeat && options.repeat > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("ct_start() cannot repeat a run"),
				 errdetail("It returns before the run has ended, and nobody would start the next one."),
				 errhint("Use CALL ct_execute(), which holds nothing back while it waits.")));
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

int64 *
ct_run_ids(FunctionCallInfo fcinfo, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	int64	   *run_ids;
	int			i;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run ids must not be null"),
				 errhint("array_agg() of no rows is null: no run was found.")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, &nulls, n);
	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("run ids must not be empty"),
				 errhint("Name at least one run; the view ct_runs shows those that there are.")));
	run_ids = palloc(*n * sizeof(int64));
	for (i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("run ids must not contain nulls"),
					 errdetail("Number %d of %d is null.", i + 1, *n)));
		run_ids[i] = DatumGetInt64(elements[i]);
	}
	return run_ids;
}

bool
ct_run_may_see(Oid role, const CtRunRow *run, Oid watchers)
{
	return has_privs_of_role(role, run->role) ||
		has_privs_of_role(role, ROLE_PG_READ_ALL_STATS) || has_privs_of_role(role, watchers);
}

void
ct_run_missing(int64 run_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("run " INT64_FORMAT " does not exist", run_id),
			 errhint("SELECT run_id, scenario, status FROM ct_runs shows those that there are.")));
}

/*
 * Looks up the run that the first argument names, as seen by the current role,
 * or by a member of watchers, and attaches to it if it lives; call->shared is
 * NULL if it doesn't.
 */
static void
run_find(FunctionCallInfo fcinfo, const char *function, Oid watchers, CtRunRow *run,
		 CtCall *call)
{
	CtCatalogScope scope;
	Oid			caller = GetUserId();
	int64		run_id;
	bool		found;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s: run_id must not be null", function)));
	run_id = PG_GETARG_INT64(0);
	memset(call, 0, sizeof(CtCall));

	ct_catalog_enter_to_read(&scope);
	found = ct_catalog_run_find(&scope, run_id, run);
	ct_catalog_leave(&scope);
	if (!found || !ct_run_may_see(caller, run, watchers))
		ct_run_missing(run_id);

	call->shared = ct_shared_attach(run->handle, run_id, &call->segment, &call->attached);
}

/* ct_wait(run_id, timeout) */
Datum
ct_wait(PG_FUNCTION_ARGS)
{
	CtCall		call;
	CtRunRow	run;
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
	run_find(fcinfo, "ct_wait()", ROLE_PG_READ_ALL_STATS, &run, &call);
	if (call.shared != NULL)
	{
		call.horizon = ct_call_horizon(CT_CALL_WAITS);
		done = ct_call_wait(&call, timeout, true);
		if (done && call.shared->status[0] != '\0')
		{
			/* its row may be gone already */
			text	   *status = cstring_to_text(call.shared->status);

			ct_call_detach(&call);
			PG_RETURN_TEXT_P(status);
		}
		ct_call_detach(&call);
	}
	if (ct_catalog_run_is_open(&run))
	{
		/* a new look: it is over, or was when its memory was looked for, after its row */
		run_find(fcinfo, "ct_wait()", ROLE_PG_READ_ALL_STATS, &run, &call);
		ct_call_detach(&call);
		if (done && ct_catalog_run_is_open(&run))
			run.status = "crashed";
	}
	PG_RETURN_TEXT_P(cstring_to_text(run.status));
}

/* The rule of pg_cancel_backend. */
static bool
run_may_signal(Oid role)
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
run_find_to_end(FunctionCallInfo fcinfo, const char *function, const char *verb, CtCall *call)
{
	CtRunRow	run;

	run_find(fcinfo, function, ROLE_PG_SIGNAL_BACKEND, &run, call);
	if (!run_may_signal(run.role))
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

	run_find_to_end(fcinfo, "ct_cancel()", "cancel", &call);
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

	run_find_to_end(fcinfo, "ct_stop()", "stop", &call);
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
 * Looks up a run that has, or had, that handle.  Returns whether there is one
 * and the current role may see it.  The functions that ask are for our views,
 * but anybody can call them.
 */
static bool
run_find_visible(int64 run_id, int64 handle, CtRunRow *run)
{
	CtCatalogScope scope;
	Oid			asker = GetUserId();
	bool		found;

	ct_catalog_enter_to_read(&scope);
	found = ct_catalog_run_find(&scope, run_id, run);
	ct_catalog_leave(&scope);
	return found && (int64) run->handle == handle &&
		ct_run_may_see(asker, run, ROLE_PG_READ_ALL_STATS);
}

bool
ct_run_is_visible(int64 run_id, int64 handle)
{
	CtRunRow	run;

	return run_find_visible(run_id, handle, &run);
}

/* _ct_run_lives(run_id, shm_handle): for the views, of a run that is stored as under way */
Datum
ct_run_lives(PG_FUNCTION_ARGS)
{
	CtRunRow	run;
	dsm_segment *segment;
	bool		attached;
	bool		lives;

	if (!run_find_visible(PG_GETARG_INT64(0), PG_GETARG_INT64(1), &run))
		PG_RETURN_BOOL(false);
	lives = ct_shared_attach(run.handle, run.run_id, &segment, &attached) != NULL;
	if (attached)
		dsm_detach(segment);

	/*
	 * Has it come to its end after all?  The asker's snapshot may be from before
	 * that, and then its row only looks as if the leader had been lost.
	 */
	if (!lives && ct_catalog_run_is_open(&run) &&
		!run_find_visible(PG_GETARG_INT64(0), PG_GETARG_INT64(1), &run))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(lives || !ct_catalog_run_is_open(&run));
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
