/*
 * sessions.c
 *		An exploration's part of a plan: its sessions and its options.
 *
 * A scenario says how it is loaded (workers, a rate, scripts by weight), and
 * what it is.  An exploration takes the latter alone: each session executes
 * one script, once.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "src/base/near_match.h"
#include "src/plan/sessions.h"
#include "src/plan/validate.h"

/* ---- options ---- */

/* index of the word among those that there are, whatever its case; 0 for NULL */
static int
sessions_word(const char *what, const char *word, const char *const *words)
{
	int			i;

	if (word == NULL)
		return 0;
	for (i = 0; words[i] != NULL; i++)
		if (pg_strcasecmp(word, words[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized %s \"%s\"", what, word),
			 errhint("It is \"%s\" or \"%s\".", words[0], words[1])));
	return 0;					/* keep compiler quiet */
}

static bool
sessions_is_inside(const char *yield)
{
	static const char *const words[] = {"inside", "statement", NULL};

	return sessions_word("yield", yield, words) == 0;
}

static bool
sessions_is_random(const char *strategy)
{
	static const char *const words[] = {"exhaustive", "random", NULL};

	return sessions_word("strategy", strategy, words) == 1;
}

/* Raises for what says how load is made. */
static void
sessions_check_load(const CtRunOptions *options)
{
	const struct
	{
		const char *name;
		bool		given;
	}			load[] = {
		{"workers", options->has_workers},
		{"clients", options->has_clients},
		{"rounds", options->has_rounds},
		{"repeat", options->has_repeat && options->repeat > 1},
		{"transactions", options->has_transactions},
		{"rate", options->has_rate},
		{"phases", options->phases != NULL},
		{"max_tries", options->has_max_tries},
		{"warmup", options->has_warmup},
		{"ramp", options->has_ramp},
		{"min_overlap", options->has_min_overlap},
		{"thresholds", options->thresholds != NULL},
		{"retried_errors", options->retried_errors != NULL},
		{"latency_limit", options->has_latency_limit},
		{"max_errors", options->has_max_errors},
		{"timeout", options->has_timeout},
		{"on_start", options->on_start != NULL},
		{"classes", options->classes != NULL},
		{"kill_rate", options->has_kill_rate},
		{"lock_hold", options->lock_hold != NULL},
		{"stop_on_fail", options->stop_on_fail}
	};
	int			i;

	for (i = 0; i < lengthof(load); i++)
		if (load[i].given)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s cannot be given for an exploration", load[i].name),
					 errdetail("An exploration executes each session once per execution, one step at a time."),
					 errhint("Leave it out, or run the scenario under load.")));
}

void
ct_sessions_check_options(const CtRunOptions *options)
{
	const CtExploreOptions *explore = options->explore;

	sessions_check_load(options);
	(void) sessions_is_inside(explore->yield);
	if (explore->has_preemptions)
		ct_validate_integer("preemptions", explore->preemptions, 0, CT_MAX_PREEMPTIONS);
	if (explore->has_executions)
		ct_validate_integer("executions", explore->executions, 1, CT_MAX_EXECUTIONS);
	if (explore->has_step_timeout)
		ct_validate_seconds("step_timeout", explore->step_timeout, false);
	if (sessions_is_random(explore->strategy) && explore->has_preemptions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("preemptions cannot be given with strategy \"random\""),
				 errdetail("Random orders are drawn from all orders that there are."),
				 errhint("Leave one of the two out.")));
	if (explore->in_place && explore->reset == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("in_place needs a reset script"),
				 errdetail("Each execution changes your own tables, and has to begin from the same state."),
				 errhint("Give the script that brings them back, as reset => 'TRUNCATE ticket; UPDATE event SET sold = 0'.")));
	if (explore->reset != NULL && !explore->in_place)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reset cannot be given without in_place"),
				 errdetail("What is executed in the sandbox is brought back by itself."),
				 errhint("Leave it out, or give in_place => true.")));
}

void
ct_sessions_set_options(CtPlan *plan, const CtRunOptions *options)
{
	const CtExploreOptions *explore = options->explore;
	ListCell   *lc;

	plan->explore = true;
	plan->inside = sessions_is_inside(explore->yield);
	plan->preemptions = explore->has_preemptions ? explore->preemptions : -1;
	plan->executions = explore->has_executions ? explore->executions : 0;
	plan->random = sessions_is_random(explore->strategy);
	plan->reduction = explore->reduction;
	plan->step_timeout = explore->has_step_timeout ? explore->step_timeout : CT_DEFAULT_STEP_TIMEOUT;
	plan->in_place = explore->in_place;
	plan->reset = explore->reset ? pstrdup(explore->reset) : NULL;

	plan->workers = list_length(plan->sessions);
	plan->workers_named = true;
	plan->workers_default = false;
	plan->clients = 0;
	plan->on_start = NULL;
	plan->transactions = 0;
	plan->rate = 0;
	plan->phases = NIL;
	plan->weights = NIL;
	plan->min_overlap = 0;
	plan->thresholds = NIL;
	foreach(lc, plan->scripts)
	{
		CtPlanScript *script = lfirst(lc);

		script->workers = 0;
		script->think = script->think_max = 0;
	}
}

/* ---- sessions ---- */

/* The array's elements, List of char *; raises for nulls, and for too many or too few. */
static List *
sessions_elements(ArrayType *array)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;
	List	   *elements = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	if (n < CT_MIN_SESSIONS || n > CT_MAX_SESSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an exploration needs %d to %d sessions", CT_MIN_SESSIONS, CT_MAX_SESSIONS),
				 errdetail("The call has %d.", n),
				 n == 1 ? errhint("To explore it against itself, name it twice.") : 0));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("sessions must not contain nulls")));
		elements = lappend(elements, TextDatumGetCString(values[i]));
	}
	return elements;
}

static void
sessions_add(CtPlan *plan, int script)
{
	CtPlanSession *session = palloc0(sizeof(CtPlanSession));

	session->script = script;
	plan->sessions = lappend(plan->sessions, session);
}

/* The index of the script of that name; raises if there is none. */
static int
sessions_find_script(const CtPlan *plan, const char *name)
{
	List	   *names = NIL;
	ListCell   *lc;
	char	   *hint;

	foreach(lc, plan->scripts)
	{
		const CtPlanScript *script = lfirst(lc);

		if (strcmp(script->name, name) == 0)
			return foreach_current_index(lc);
		names = lappend(names, script->name);
	}
	hint = ct_near_match_hint(name, names, "scripts", "The view ct_scripts lists the scripts.");
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("variant \"%s\" of scenario \"%s\" has no script \"%s\"",
					plan->variant, plan->scenario, name),
			 hint ? errhint("%s", hint) : 0));
	return 0;					/* keep compiler quiet */
}

void
ct_sessions_of_scripts(CtPlan *plan, ArrayType *names)
{
	int			n = list_length(plan->scripts);
	ListCell   *lc;
	int			i;

	if (names != NULL)
	{
		foreach(lc, sessions_elements(names))
			sessions_add(plan, sessions_find_script(plan, lfirst(lc)));
		return;
	}
	if (n > CT_MAX_SESSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an exploration needs %d to %d sessions", CT_MIN_SESSIONS, CT_MAX_SESSIONS),
				 errdetail("Variant \"%s\" of scenario \"%s\" has %d scripts, and each would be a session.",
						   plan->variant, plan->scenario, n),
				 errhint("Name those that are to be explored: sessions => ARRAY['%s', '%s'].",
						 ((CtPlanScript *) linitial(plan->scripts))->name,
						 ((CtPlanScript *) lsecond(plan->scripts))->name)));
	for (i = 0; i < Max(n, CT_MIN_SESSIONS); i++)
		sessions_add(plan, Min(i, n - 1));
}

void
ct_sessions_of_texts(CtPlan *plan, ArrayType *texts)
{
	ListCell   *lc;

	if (texts == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("sessions must not be null")));
	foreach(lc, sessions_elements(texts))
	{
		CtPlanScript *script = palloc0(sizeof(CtPlanScript));

		script->name = psprintf("session %d", foreach_current_index(lc) + 1);
		script->body = lfirst(lc);
		script->weight = 1;
		plan->scripts = lappend(plan->scripts, script);
		sessions_add(plan, foreach_current_index(lc));
	}
}

/* ---- orders ---- */

bool
ct_sessions_fit(ArrayType *permutation, int nsessions)
{
	Datum	   *values;
	int			n;
	int			i;

	deconstruct_array(permutation, INT4OID, sizeof(int32), true, TYPALIGN_INT, &values, NULL, &n);
	for (i = 0; i < n; i++)
		if (DatumGetInt32(values[i]) > nsessions)
			return false;
	return true;
}

char *
ct_sessions_order(ArrayType *permutation, int nsessions)
{
	StringInfoData buf;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(permutation, INT4OID, sizeof(int32), true, TYPALIGN_INT, &values, &nulls, &n);
	if (n < 1 || n > CT_MAX_ORDER)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a permutation must have 1 to %d steps", CT_MAX_ORDER),
				 errdetail("The given one has %d.", n)));
	initStringInfo(&buf);
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a permutation must not contain nulls"),
					 errdetail("Number %d of %d is null.", i + 1, n)));
		if (DatumGetInt32(values[i]) < 1 || DatumGetInt32(values[i]) > nsessions)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a permutation consists of sessions, from 1 to %d", nsessions),
					 errdetail("Number %d of %d is %d.", i + 1, n, DatumGetInt32(values[i]))));
		appendStringInfo(&buf, "%s%d", i > 0 ? " " : "", DatumGetInt32(values[i]));
	}
	return buf.data;
}

Jsonb *
ct_plan_of_replay(const Jsonb *document, ArrayType *permutation)
{
	CtPlan	   *plan = ct_plan_read(document);
	CtPlanPermutation *only = palloc0(sizeof(CtPlanPermutation));
	JsonbValue *params = getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &document->root),
													  "params", strlen("params"), NULL);

	only->name = "replay";
	only->order = ct_sessions_order(permutation, list_length(plan->sessions));
	plan->permutations = list_make1(only);
	plan->replay = true;
	plan->executions = 0;
	plan->keep = false;
	return ct_plan_write(plan, params == NULL || params->type == jbvNull ? NULL : JsonbValueToJsonb(params));
}

/* ---- validating ---- */

/* Raises unless every session's script has something that is executed. */
static void
sessions_check_sql(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->sessions)
	{
		const CtPlanScript *script =
			list_nth(plan->scripts, ((CtPlanSession *) lfirst(lc))->script);
		CtScript   *parsed = ct_script_parse(script->name, script->body, ct_plan_symbols(plan),
											 script->quoted);
		int			i;

		for (i = 0; i < parsed->ncommands; i++)
			if (parsed->commands[i].kind == CT_COMMAND_SQL)
				break;
		if (i == parsed->ncommands)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("session %d has no SQL", foreach_current_index(lc) + 1),
					 errdetail("Script \"%s\" has no statement, so there is nothing to interleave.",
							   script->name)));
	}
}

void
ct_sessions_validate(const CtPlan *plan)
{
	if (plan->sessions == NIL || plan->workers != list_length(plan->sessions))
		elog(ERROR, "plan of an exploration has other workers than sessions");
	ct_validate_seconds("step_timeout", plan->step_timeout, false);
	sessions_check_sql(plan);
}
