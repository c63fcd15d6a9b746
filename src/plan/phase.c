/*
 * phase.c
 *		Phases of a run's load: reading them, and what can be wrong with them.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "src/base/near_match.h"
#include "src/plan/member.h"
#include "src/plan/phase.h"
#include "src/plan/validate.h"

/* the members of a phase */
static const char *const phase_members[] = {
	"name", "duration", "rate", "clients", "weights", "ramp"
};

/* ---- values ---- */

/* "phase 2", or the name if that is known. */
static const char *
phase_called(int number, const char *name)
{
	return name != NULL ? psprintf("phase \"%s\"", name) : psprintf("phase %d", number);
}

static int
phase_integer(const char *called, const char *member, const JsonbValue *value, int low, int high)
{
	double		number = ct_member_number(called, member, value);

	if (number != rint(number))
		ct_member_wrong_type(called, member, "a whole number");
	ct_validate_integer(psprintf("\"%s\" of %s", member, called),
						(int64) Max(Min(number, 1e15), -1e15), low, high);
	return (int) number;
}

/* ---- one by itself ---- */

/* Raises if so many are too many. */
static void
phase_check_number(int n)
{
	if (n > CT_MAX_PHASES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a run has at most %d phases", CT_MAX_PHASES),
				 errdetail("There are %d.", n),
				 errhint("Where many of them are steps of one rise, give one phase a ramp.")));
}

/* Raises unless the phase, by itself, is one that can be. */
static void
phase_validate(const CtPlanPhase *phase)
{
	const char *called = phase_called(0, phase->name);

	ct_validate_seconds(psprintf("duration of %s", called), phase->duration, false);
	ct_validate_seconds(psprintf("ramp of %s", called), phase->ramp, true);
	if (phase->ramp > phase->duration)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ramp of %s must not be longer than the phase", called),
				 errdetail("The phase lasts %g s, its ramp %g s.", phase->duration, phase->ramp)));
}

/* ---- reading ---- */

static List *
phase_add_weights(List *list, int phase, const char *called, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;
	CtPlanWeight *weight = NULL;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			weight = palloc0(sizeof(CtPlanWeight));
			weight->phase = phase;
			weight->script = ct_member_string(&value);
		}
		else if (token == WJB_VALUE)
		{
			weight->weight = phase_integer(called, psprintf("weights.%s", weight->script), &value,
										   0, CT_MAX_WEIGHT);
			list = lappend(list, weight);
		}
	}
	return list;
}

/* A member of an object, or NULL if it is absent or null. */
static const JsonbValue *
phase_member(JsonbContainer *object, const char *name)
{
	const JsonbValue *value = getKeyJsonValueFromContainer(object, name, strlen(name), NULL);

	return value == NULL || value->type == jbvNull ? NULL : value;
}

static void
phase_check_members(const char *called, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key;
	int			i;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char	   *member;

		if (token != WJB_KEY)
			continue;
		member = ct_member_string(&key);
		for (i = 0; i < lengthof(phase_members); i++)
			if (strcmp(phase_members[i], member) == 0)
				break;
		if (i == lengthof(phase_members))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("%s has an unrecognized member \"%s\"", called, member),
					 errhint("%s", ct_member_hint(member, phase_members, lengthof(phase_members), NULL))));
	}
}

void
ct_phase_check_weights(const char *name, const Jsonb *weights)
{
	if (!JB_ROOT_IS_OBJECT(weights))
		ct_member_wrong_type(phase_called(0, name), "weights", "an object, like {\"read\": 9, \"write\": 1}");
}

/* One of the array's elements, appended to the plan. */
static void
phase_read(CtPlan *plan, int number, JsonbContainer *object)
{
	CtPlanPhase *phase = palloc0(sizeof(CtPlanPhase));
	const JsonbValue *value;
	const char *called = phase_called(number, NULL);
	const JsonbValue *weights;

	value = phase_member(object, "name");
	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has no name", called),
				 errhint("Name it, as \"name\": \"spike\".")));
	phase->name = ct_member_text(called, "name", value);
	ct_validate_name("phase", phase->name);
	called = phase_called(number, phase->name);
	phase_check_members(called, object);

	value = phase_member(object, "duration");
	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has no duration", called),
				 errhint("Say how long it is, as \"duration\": \"10 s\".")));
	phase->duration = ct_interval_seconds(ct_member_interval(called, "duration", value));
	if ((value = phase_member(object, "rate")) != NULL)
	{
		phase->rate = ct_member_number(called, "rate", value);
		ct_validate_rate(psprintf("rate of %s", called), phase->rate);
	}
	if ((value = phase_member(object, "clients")) != NULL)
		phase->clients = phase_integer(called, "clients", value, 1, CT_MAX_CLIENTS);
	if ((value = phase_member(object, "ramp")) != NULL)
		phase->ramp = ct_interval_seconds(ct_member_interval(called, "ramp", value));
	weights = phase_member(object, "weights");
	if (weights != NULL)
	{
		if (weights->type != jbvBinary || !JsonContainerIsObject(weights->val.binary.data))
			ct_member_wrong_type(called, "weights", "an object, like {\"read\": 9, \"write\": 1}");
		plan->weights = phase_add_weights(plan->weights, number - 1, called, weights->val.binary.data);
	}
	phase_validate(phase);
	plan->phases = lappend(plan->phases, phase);
}

void
ct_phases_read(CtPlan *plan, const Jsonb *phases)
{
	JsonbIterator *it;
	JsonbValue	value;
	int			number = 0;

	if (!JB_ROOT_IS_ARRAY(phases) || JB_ROOT_IS_SCALAR(phases))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("phases must be a JSON array of objects"),
				 errhint("Write them like '[{\"name\": \"baseline\", \"duration\": \"10 s\", \"rate\": 100}, {\"name\": \"spike\", \"duration\": \"5 s\", \"rate\": 1000}]'.")));
	plan->phases = NIL;
	plan->weights = NIL;
	phase_check_number(JB_ROOT_COUNT(phases));
	it = JsonbIteratorInit(unconstify(JsonbContainer *, &phases->root));
	(void) JsonbIteratorNext(&it, &value, true);
	while (JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
	{
		number++;
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("phase %d must be an object", number),
					 errhint("Write it like {\"name\": \"spike\", \"duration\": \"5 s\", \"rate\": 1000}.")));
		phase_read(plan, number, value.val.binary.data);
	}
}

/* ---- all of them together ---- */

int
ct_phases_clients(const CtPlan *plan)
{
	int			clients = 0;
	ListCell   *lc;

	foreach(lc, plan->phases)
		clients = Max(clients, ((CtPlanPhase *) lfirst(lc))->clients);
	return clients;
}

static int
phase_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
phase_check_unique(const List *phases)
{
	int			n = list_length(phases);
	const char **names = palloc(Max(n, 1) * sizeof(char *));
	int			i;

	for (i = 0; i < n; i++)
		names[i] = ((CtPlanPhase *) list_nth(phases, i))->name;
	qsort(names, n, sizeof(char *), phase_compare_names);
	for (i = 1; i < n; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("there are two phases \"%s\"", names[i]),
					 errdetail("Thresholds and views tell phases by their names."),
					 errhint("Rename one of them.")));
	pfree(names);
}

/* Raises for a ramp that comes from nowhere; before: NULL of the first phase. */
static void
phase_check_ramp(const CtPlan *plan, const CtPlanPhase *phase, const CtPlanPhase *before)
{
	if (phase->ramp == 0)
		return;
	if (before == NULL && plan->warmup > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot have a ramp, for the warm-up comes before it", phase_called(1, phase->name)),
				 errdetail("The warm-up has the first phase's load, and there is nothing to rise from."),
				 errhint("Leave out the warm-up, or put a phase before it.")));
	if (before != NULL && phase->rate > 0 && before->rate == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot have a ramp, for \"%s\" before it has no rate", phase_called(0, phase->name),
						before->name),
				 errdetail("A ramp goes from the rate of the phase before to its own."),
				 errhint("Leave out the ramp, or give the phase before a rate.")));
}

static const char *
phase_name(const CtPlan *plan, int number)
{
	return phase_called(number + 1, ((CtPlanPhase *) list_nth(plan->phases, number))->name);
}

/* The script whose weight it is; raises unless there is one that is chosen by its weight. */
static const CtPlanScript *
phase_find_script(const CtPlan *plan, const CtPlanWeight *weight)
{
	List	   *names = NIL;
	char	   *hint;
	ListCell   *lc;

	foreach(lc, plan->scripts)
	{
		const CtPlanScript *script = lfirst(lc);

		if (strcmp(script->name, weight->script) != 0)
			continue;
		if (script->workers > 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s cannot give script \"%s\" a weight", phase_name(plan, weight->phase), script->name),
					 errdetail("The script has workers of its own, and nobody else runs it.")));
		return script;
	}
	foreach(lc, plan->scripts)
		names = lappend(names, ((CtPlanScript *) lfirst(lc))->name);
	hint = ct_near_match_hint(weight->script, names, "scripts", NULL);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("weights of %s name a script \"%s\" that there isn't", phase_name(plan, weight->phase),
					weight->script),
			 hint ? errhint("%s", hint) : 0));
	return NULL;				/* keep compiler quiet */
}

/* Raises unless each weight is a script's, and leaves something to run in its phase. */
static void
phase_check_weights(const CtPlan *plan)
{
	int			n = list_length(plan->phases);
	int64	   *left = palloc0(n * sizeof(int64));
	int64		all = 0;
	ListCell   *lc;
	int			i;

	foreach(lc, plan->scripts)
	{
		const CtPlanScript *script = lfirst(lc);

		all += script->workers > 0 ? 0 : script->weight;
	}
	foreach(lc, plan->weights)
	{
		const CtPlanWeight *weight = lfirst(lc);

		left[weight->phase] += weight->weight - phase_find_script(plan, weight)->weight;
	}
	for (i = 0; i < n; i++)
		if (all > 0 && all + left[i] == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weights of %s leave no script to run", phase_name(plan, i)),
					 errhint("Give one of them a weight above 0.")));
	pfree(left);
}

void
ct_phases_validate_defined(const CtPlan *plan)
{
	const CtPlanPhase *before = NULL;
	ListCell   *lc;

	phase_check_number(list_length(plan->phases));
	phase_check_unique(plan->phases);
	phase_check_weights(plan);
	foreach(lc, plan->phases)
	{
		const CtPlanPhase *phase = lfirst(lc);

		phase_validate(phase);
		phase_check_ramp(plan, phase, before);
		before = phase;
	}
}

void
ct_phases_validate(const CtPlan *plan)
{
	int			clients = plan->clients > 0 ? plan->clients : plan->workers;
	int			least = ct_plan_least_workers(plan);
	ListCell   *lc;

	if (plan->phases == NIL)
		return;
	if (plan->rounds != 0)
		elog(ERROR, "a run of rounds has phases");
	ct_phases_validate_defined(plan);
	foreach(lc, plan->phases)
	{
		const CtPlanPhase *phase = lfirst(lc);

		if (phase->clients > clients)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s needs %d clients, but the run has %d", phase_called(0, phase->name),
							phase->clients, clients),
					 errhint("Give the run more clients, or leave out how many it has: then it has as many as the phases need.")));
		if (phase->clients != 0 && phase->clients < least)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the scripts need at least %d clients, but %s has %d", least,
							phase_called(0, phase->name), phase->clients),
					 errdetail("The workers that scripts have of their own are clients, the first ones.")));
	}
}

void
ct_phases_forget_others(CtPlan *plan)
{
	List	   *weights = NIL;
	ListCell   *lc;
	ListCell   *sc;

	foreach(lc, plan->weights)
	{
		const CtPlanWeight *weight = lfirst(lc);

		foreach(sc, plan->scripts)
			if (strcmp(((CtPlanScript *) lfirst(sc))->name, weight->script) == 0)
				break;
		if (sc != NULL)
			weights = lappend(weights, lfirst(lc));
	}
	plan->weights = weights;
}

/* ---- asking ---- */

bool
ct_plan_is_scheduled(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->phases)
		if (((CtPlanPhase *) lfirst(lc))->rate > 0)
		return true;
	return plan->rate > 0;
}

int
ct_phase_baseline(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->phases)
		if (strcmp(((CtPlanPhase *) lfirst(lc))->name, CT_BASELINE_PHASE) == 0)
			return foreach_current_index(lc);
	return 0;
}

double
ct_phase_begin(const CtPlan *plan, int phase)
{
	double		begin = 0;
	int			i;

	for (i = 0; i < phase; i++)
		begin += ((CtPlanPhase *) list_nth(plan->phases, i))->duration;
	return begin;
}

int
ct_phase_at(const CtPlan *plan, double seconds)
{
	int			n = list_length(plan->phases);
	double		end = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		end += ((CtPlanPhase *) list_nth(plan->phases, i))->duration;
		if (seconds < end)
			return i;
	}
	return n - 1;
}
