/*
 * fault.c
 *		What a call says of faults: lock_hold.
 */
#include "postgres.h"

#include "src/base/ct_compat.h"
#include "src/plan/fault.h"
#include "src/plan/member.h"
#include "src/plan/validate.h"

static const char *const fault_members[] = {"table", "mode", "duration", "every", "after"};

static const char *const fault_modes[] = {
	"access share", "row share", "row exclusive", "share update exclusive",
	"share", "share row exclusive", "exclusive", "access exclusive"
};

/* Is it one of LOCK TABLE's modes, in lower case? */
static bool
fault_is_mode(const char *name)
{
	int			i;

	for (i = 0; i < lengthof(fault_modes); i++)
		if (strcmp(fault_modes[i], name) == 0)
			return true;
	return false;
}

/* Raises unless it may be the name of a table in this database; whether there is one is seen later. */
static void
fault_check_table(const char *name)
{
	List	   *names = ct_qualified_names(name);

	if (list_length(names) > 2)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("\"table\" of lock_hold has too many dots: \"%s\"", name),
				 errhint("Write it as table, or as schema.table.")));
}

static double
fault_seconds(const char *member, const JsonbValue *value, bool zero_allowed)
{
	double		seconds = ct_interval_seconds(ct_member_interval("lock_hold", member, value));

	ct_validate_seconds(psprintf("\"%s\" of lock_hold", member), seconds, zero_allowed);
	return seconds;
}

void
ct_fault_read_lock(CtPlan *plan, const Jsonb *lock_hold)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *member = NULL;
	char	   *text;
	char	   *p;
	bool		has_after = false;

	if (!JB_ROOT_IS_OBJECT(lock_hold))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lock_hold must be a JSON object"),
				 errhint("Write it like '{\"table\": \"account\", \"mode\": \"access exclusive\", \"duration\": \"1 s\", \"every\": \"5 s\"}'.")));
	plan->lock_mode = "access exclusive";
	plan->lock_duration = 1;
	plan->lock_every = 5;
	it = JsonbIteratorInit(unconstify(JsonbContainer *, &lock_hold->root));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			member = ct_member_string(&value);
		if (token != WJB_VALUE || value.type == jbvNull)
			continue;
		if (strcmp(member, "table") == 0)
		{
			text = ct_member_text("lock_hold", member, &value);
			fault_check_table(text);
			plan->lock_table = text;
		}
		else if (strcmp(member, "mode") == 0)
		{
			text = ct_member_text("lock_hold", member, &value);
			for (p = text; *p; p++)
				*p = *p == '_' ? ' ' : pg_ascii_tolower((unsigned char) *p);
			if (!fault_is_mode(text))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("unrecognized lock mode \"%s\"", text),
						 errhint("The modes are those of LOCK TABLE, as \"access exclusive\" or \"share\".")));
			plan->lock_mode = text;
		}
		else if (strcmp(member, "duration") == 0)
			plan->lock_duration = fault_seconds(member, &value, false);
		else if (strcmp(member, "every") == 0)
			plan->lock_every = fault_seconds(member, &value, false);
		else if (strcmp(member, "after") == 0)
		{
			plan->lock_after = fault_seconds(member, &value, true);
			has_after = true;
		}
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("lock_hold has no member \"%s\"", member),
					 errhint("%s", ct_member_hint(member, fault_members, lengthof(fault_members),
												  "The members are table, mode, duration, every and after."))));
	}
	/* a run that is too short for it has the lock held as well */
	if (!has_after)
		plan->lock_after = plan->duration == 0 ? plan->lock_every :
			Min(plan->lock_every, (plan->warmup + plan->duration) / 2);
	if (plan->lock_table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lock_hold needs a table")));
	if (plan->lock_every < plan->lock_duration)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"every\" of lock_hold must not be less than \"duration\""),
				 errdetail("It is %g s, where the lock is held for %g s.", plan->lock_every, plan->lock_duration)));
}
