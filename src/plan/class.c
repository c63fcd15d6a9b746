/*
 * class.c
 *		Classes of clients: reading, checking, and who is of which.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "src/base/near_match.h"
#include "src/plan/class.h"
#include "src/plan/member.h"
#include "src/plan/think.h"
#include "src/plan/validate.h"

/* ---- reading ---- */

/* whose members they are, in messages */
#define A_CLASS		"a class"

static void
class_read_member(CtClassDefinition *definition, const char *member, JsonbValue *value)
{
	static const char *const members[] = {
		"name", "share", "weights", "think_time", "think_max", "think_distribution", "on_start"
	};

	if (value->type == jbvNull)
		return;
	if (strcmp(member, "name") == 0)
		definition->name = ct_member_text(A_CLASS, member, value);
	else if (strcmp(member, "share") == 0)
		definition->share = ct_member_number(A_CLASS, member, value);
	else if (strcmp(member, "weights") == 0)
	{
		if (value->type != jbvBinary)
			ct_member_wrong_type(A_CLASS, member, "an object");
		definition->weights = JsonbValueToJsonb(value);
	}
	else if (strcmp(member, "think_time") == 0)
		definition->think_time = ct_member_interval(A_CLASS, member, value);
	else if (strcmp(member, "think_max") == 0)
		definition->think_max = ct_member_interval(A_CLASS, member, value);
	else if (strcmp(member, "think_distribution") == 0)
		definition->think_distribution = ct_member_text(A_CLASS, member, value);
	else if (strcmp(member, "on_start") == 0)
		definition->on_start = ct_member_text(A_CLASS, member, value);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a class has no member \"%s\"", member),
				 errhint("%s", ct_member_hint(member, members, lengthof(members),
											  "The members are name, share, weights, think_time, think_max, think_distribution and on_start."))));
}

static CtClassDefinition *
class_read_one(JsonbContainer *object)
{
	CtClassDefinition *definition = palloc0(sizeof(CtClassDefinition));
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *member = NULL;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			member = ct_member_string(&value);
		else if (token == WJB_VALUE)
			class_read_member(definition, member, &value);
	}
	if (definition->name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a class needs a name")));
	ct_class_validate(definition);
	return definition;
}

List *
ct_class_read(const Jsonb *classes)
{
	List	   *definitions = NIL;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!JB_ROOT_IS_ARRAY(classes) || JB_ROOT_IS_SCALAR(classes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("classes must be a JSON array of objects"),
				 errhint("Write it like '[{\"name\": \"readers\", \"share\": 80}, {\"name\": \"writers\", \"share\": 20}]'.")));
	it = JsonbIteratorInit(unconstify(JsonbContainer *, &classes->root));
	(void) JsonbIteratorNext(&it, &value, true);
	while ((token = JsonbIteratorNext(&it, &value, true)) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("each of classes must be a JSON object")));
		definitions = lappend(definitions, class_read_one(value.val.binary.data));
	}
	return definitions;
}

/* ---- checking ---- */

/* The weight of a script in a class's object. */
static int
class_weight(const char *class_name, const char *script, const JsonbValue *value)
{
	double		weight = -1;

	if (value->type == jbvNumeric)
		weight = ct_member_number(class_name, script, value);
	if (!(weight >= 0 && weight <= CT_MAX_WEIGHT) || weight != rint(weight))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight of script \"%s\" in class \"%s\" must be an integer between 0 and %d",
						script, class_name, CT_MAX_WEIGHT)));
	return (int) weight;
}

/* Calls what takes a script's name and its weight in the class. */
static void
class_walk_weights(const CtClassDefinition *definition,
				   void (*take) (void *arg, const char *script, int weight), void *arg)
{
	JsonbIterator *it = JsonbIteratorInit(&definition->weights->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *script = NULL;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			script = ct_member_string(&value);
		else if (token == WJB_VALUE)
			take(arg, script, class_weight(definition->name, script, &value));
	}
}

static void
class_add_up(void *arg, const char *script, int weight)
{
	*(int64 *) arg += weight;
}

void
ct_class_validate(CtClassDefinition *definition)
{
	int64		total = 0;

	ct_validate_name("class", definition->name);
	if (strcmp(definition->name, "tally") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("\"tally\" cannot be the name of a class"),
				 errdetail("In thresholds it stands for the tallies.")));
	if (!(definition->share > 0 && definition->share <= CT_MAX_SHARE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("share of class \"%s\" must be more than 0 and at most %g", definition->name, CT_MAX_SHARE),
				 errdetail("The given value is %g.", definition->share),
				 errhint("Shares are relative to each other: 80 and 20, or 0.8 and 0.2. Leave out a class that is to have no clients.")));
	if (definition->weights != NULL)
	{
		if (!JB_ROOT_IS_OBJECT(definition->weights))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weights of class \"%s\" must be a JSON object", definition->name),
					 errhint("Write it like '{\"read\": 9, \"write\": 1}'.")));
		class_walk_weights(definition, class_add_up, &total);
		if (total == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weights of class \"%s\" leave it nothing to do", definition->name),
					 errhint("Give one script at least a weight of more than 0, or leave the weights out.")));
	}
	definition->think_distribution = ct_think_validate(definition->think_time, definition->think_max,
													   definition->think_distribution);
}

/* ---- into the plan ---- */

typedef struct CtClassWeights
{
	CtPlan	   *plan;
	const CtClassDefinition *definition;
	int			class_number;
} CtClassWeights;

static void
class_add_weight(void *arg, const char *name, int weight)
{
	CtClassWeights *into = arg;
	CtPlanClassWeight *entry = palloc0(sizeof(CtPlanClassWeight));
	List	   *names = NIL;
	const CtPlanScript *script = NULL;
	ListCell   *lc;
	char	   *hint;

	foreach(lc, into->plan->scripts)
	{
		script = lfirst(lc);
		if (strcmp(script->name, name) == 0)
			break;
		names = lappend(names, script->name);
		entry->script++;
	}
	if (lc == NULL)
	{
		hint = ct_near_match_hint(name, names, "scripts", NULL);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("class \"%s\" has a weight for script \"%s\", which there isn't",
						into->definition->name, name),
				 hint ? errhint("%s", hint) : 0));
	}
	if (script->workers > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("class \"%s\" cannot have a weight for script \"%s\"", into->definition->name, name),
				 errdetail("The script has workers of its own, which are of no class.")));
	entry->class_number = into->class_number;
	entry->weight = weight;
	into->plan->class_weights = lappend(into->plan->class_weights, entry);
}

/* Raises if it is the name of another thing that thresholds can be of. */
static void
class_check_name(const CtPlan *plan, const char *name)
{
	ListCell   *lc;

	foreach(lc, plan->classes)
		if (strcmp(((CtPlanClass *) lfirst(lc))->name, name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("there are two classes \"%s\"", name)));
	foreach(lc, plan->scripts)
		if (strcmp(((CtPlanScript *) lfirst(lc))->name, name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("class \"%s\" has the name of a script", name),
					 errdetail("A threshold on \"%s.p95_ms\" could mean either.", name),
					 errhint("Rename one of them.")));
}

void
ct_class_add(CtPlan *plan, List *definitions)
{
	ListCell   *lc;

	foreach(lc, definitions)
	{
		const CtClassDefinition *definition = lfirst(lc);
		CtPlanClass *one = palloc0(sizeof(CtPlanClass));
		CtClassWeights into = {plan, definition, list_length(plan->classes)};

		CHECK_FOR_INTERRUPTS();
		if (into.class_number == CT_MAX_CLASSES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a run may have at most %d classes", CT_MAX_CLASSES)));
		class_check_name(plan, definition->name);
		one->name = unconstify(char *, definition->name);
		one->share = definition->share;
		one->thinks = definition->think_time != NULL || definition->think_max != NULL;
		one->think = definition->think_time ? ct_interval_seconds(definition->think_time) : 0;
		one->think_max = definition->think_max ? ct_interval_seconds(definition->think_max) : 0;
		one->think_distribution = unconstify(char *, definition->think_distribution);
		one->on_start = unconstify(char *, definition->on_start);
		one->weighted = definition->weights != NULL;
		if (one->weighted)
			class_walk_weights(definition, class_add_weight, &into);
		plan->classes = lappend(plan->classes, one);
	}
}

/* ---- who is of which ---- */

/* The shares of the plan's classes, of 1 in all; palloc'd. */
static double *
class_shares(const CtPlan *plan)
{
	int			n = list_length(plan->classes);
	double	   *shares = palloc(n * sizeof(double));
	double		total = 0;
	int			c;

	for (c = 0; c < n; c++)
		total += shares[c] = ((CtPlanClass *) list_nth(plan->classes, c))->share;
	for (c = 0; c < n; c++)
		shares[c] /= total;
	return shares;
}

/* The class of the client with that number, from 0, those before it being assigned: who lacks most. */
static int
class_assign_next(const double *shares, int *assigned, int n, int number)
{
	int			most = 0;
	int			c;

	for (c = 1; c < n; c++)
		if (shares[c] * (number + 1) - assigned[c] > shares[most] * (number + 1) - assigned[most])
			most = c;
	assigned[most]++;
	return most;
}

int
ct_class_least_clients(const CtPlan *plan)
{
	int			n = list_length(plan->classes);
	int			bound = ct_plan_bound_workers(plan);
	double	   *shares;
	int		   *assigned;
	int			missing = n;
	int			i;

	if (n == 0)
		return ct_plan_least_workers(plan);
	shares = class_shares(plan);
	assigned = palloc0(n * sizeof(int));
	for (i = 0; missing > 0 && bound + i < CT_MAX_CLIENTS; i++)
		missing -= assigned[class_assign_next(shares, assigned, n, i)] == 1;
	pfree(shares);
	pfree(assigned);
	return missing > 0 ? CT_MAX_CLIENTS + 1 : bound + i;
}

int *
ct_class_assign(const CtPlan *plan, int nclients)
{
	int			n = list_length(plan->classes);
	int			bound = ct_plan_bound_workers(plan);
	double	   *shares;
	int		   *assigned;
	int		   *classes;
	int			i;
	int			c;

	if (n == 0)
		return NULL;
	shares = class_shares(plan);
	assigned = palloc0(n * sizeof(int));
	classes = palloc(nclients * sizeof(int));
	for (i = 0; i < nclients; i++)
		classes[i] = i < bound ? -1 : class_assign_next(shares, assigned, n, i - bound);
	for (c = 0; c < n; c++)
		if (assigned[c] == 0)
		{
			double		least = ceil(1 / shares[c] - 1e-9) + bound;

			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("class \"%s\" would have no client",
							((CtPlanClass *) list_nth(plan->classes, c))->name),
					 errdetail("Its share of %d clients is %.3g.", Max(nclients - bound, 0),
							   shares[c] * Max(nclients - bound, 0)),
					 least <= CT_MAX_CLIENTS ?
					 errhint("Give the run more clients, as clients => %.0f, or the class a larger share.", least) :
					 errhint("Give the class a larger share.")));
		}
	pfree(shares);
	pfree(assigned);
	return classes;
}
