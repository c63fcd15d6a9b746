/*
 * write.c
 *		Writing a run's plan as the document that plan.c reads.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/numeric.h"

#include "src/base/errcodes.h"
#include "src/plan/plan.h"

static void
put_value(JsonbParseState **state, const char *key, JsonbValue *value)
{
	JsonbValue	name;

	name.type = jbvString;
	name.val.string.val = unconstify(char *, key);
	name.val.string.len = strlen(key);
	(void) pushJsonbValue(state, WJB_KEY, &name);
	(void) pushJsonbValue(state, WJB_VALUE, value);
}

/* nothing for NULL */
static void
put_string(JsonbParseState **state, const char *key, const char *string)
{
	JsonbValue	value;

	if (string == NULL)
		return;
	value.type = jbvString;
	value.val.string.val = unconstify(char *, string);
	value.val.string.len = strlen(string);
	put_value(state, key, &value);
}

static void
put_int64(JsonbParseState **state, const char *key, int64 i)
{
	JsonbValue	value;

	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(i);
	put_value(state, key, &value);
}

static void
put_double(JsonbParseState **state, const char *key, double d)
{
	JsonbValue	value;

	value.type = jbvNumeric;
	value.val.numeric = DatumGetNumeric(DirectFunctionCall1(float8_numeric,
															Float8GetDatum(d)));
	put_value(state, key, &value);
}

static void
put_bool(JsonbParseState **state, const char *key, bool boolean)
{
	JsonbValue	value;

	value.type = jbvBool;
	value.val.boolean = boolean;
	put_value(state, key, &value);
}

/* key of an array whose elements follow, until WJB_END_ARRAY */
static void
begin_array(JsonbParseState **state, const char *key)
{
	JsonbValue	name;

	name.type = jbvString;
	name.val.string.val = unconstify(char *, key);
	name.val.string.len = strlen(key);
	(void) pushJsonbValue(state, WJB_KEY, &name);
	(void) pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
}

Jsonb *
ct_plan_write(const CtPlan *plan, const Jsonb *params)
{
	JsonbParseState *state = NULL;
	ListCell   *lc;
	JsonbValue	value;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	put_string(&state, "scenario", plan->scenario);
	put_string(&state, "variant", plan->variant);
	put_int64(&state, "workers", plan->workers);
	put_bool(&state, "workers_named", plan->workers_named);
	put_bool(&state, "workers_default", plan->workers_default);
	if (plan->duration > 0)
		put_double(&state, "duration", plan->duration);
	if (plan->transactions > 0)
		put_int64(&state, "transactions", plan->transactions);
	if (plan->rate > 0)
		put_double(&state, "rate", plan->rate);
	put_double(&state, "warmup", plan->warmup);
	put_double(&state, "ramp", plan->ramp);
	put_string(&state, "isolation", plan->isolation);
	put_int64(&state, "max_tries", plan->max_tries);
	put_int64(&state, "seed", plan->seed);
	put_int64(&state, "min_overlap", plan->min_overlap);
	put_bool(&state, "keep", plan->keep);
	put_bool(&state, "stop_on_fail", plan->stop_on_fail);
	put_string(&state, "search_path", plan->search_path);
	put_string(&state, "setup", plan->setup);
	put_string(&state, "variant_setup", plan->variant_setup);
	put_string(&state, "teardown", plan->teardown);

	if (params != NULL)
	{
		value.type = jbvBinary;
		value.val.binary.data = unconstify(JsonbContainer *, &params->root);
		value.val.binary.len = VARSIZE(params) - VARHDRSZ;
		put_value(&state, "params", &value);
	}

	begin_array(&state, "scripts");
	foreach(lc, plan->scripts)
	{
		const CtPlanScript *script = lfirst(lc);

		(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		put_string(&state, "name", script->name);
		put_string(&state, "body", script->body);
		put_int64(&state, "weight", script->weight);
		put_double(&state, "think", script->think);
		if (script->quoted)
			put_bool(&state, "quoted", true);
		if (script->workers > 0)
			put_int64(&state, "workers", script->workers);
		(void) pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);

	begin_array(&state, "checks");
	foreach(lc, plan->checks)
	{
		const CtPlanCheck *check = lfirst(lc);

		(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		put_string(&state, "name", check->name);
		put_string(&state, "query", check->query);
		put_string(&state, "kind", check->kind);
		put_bool(&state, "during", check->during);
		(void) pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);

	begin_array(&state, "thresholds");
	foreach(lc, plan->thresholds)
	{
		const CtPlanThreshold *threshold = lfirst(lc);

		(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		put_string(&state, "metric", threshold->metric);
		put_string(&state, "op", threshold->op);
		put_double(&state, "target", threshold->target);
		(void) pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);

	begin_array(&state, "expected_errors");
	foreach(lc, plan->expected_errors)
	{
		const CtPlanError *error = lfirst(lc);

		(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		put_string(&state, "sqlstate", ct_sqlstate_text(error->sqlstate));
		put_string(&state, "label", error->label);
		(void) pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);

	begin_array(&state, "elsewhere");
	foreach(lc, plan->elsewhere)
	{
		value.type = jbvString;
		value.val.string.val = lfirst(lc);
		value.val.string.len = strlen(lfirst(lc));
		(void) pushJsonbValue(&state, WJB_ELEM, &value);
	}
	(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);

	begin_array(&state, "retried_errors");
	foreach(lc, plan->retried_errors)
	{
		value.type = jbvString;
		value.val.string.val = ct_sqlstate_text(lfirst_int(lc));
		value.val.string.len = 5;
		(void) pushJsonbValue(&state, WJB_ELEM, &value);
	}
	(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);

	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
