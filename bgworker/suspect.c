/*
 * suspect.c
 *		A worker's suspicion that a script is wrong in itself.
 *
 * An error of some classes says so, and repeating it a million times tells
 * nothing more; but one alone may be a race.  So it is told to the leader, which
 * decides once it is known whether anybody comes past the place (watch.c).
 */
#include "postgres.h"

#include "bgworker/suspect.h"

/*
 * Is it of the errors by which a script may be wrong in itself, so that
 * repeating it a million times tells nothing more?  Only where nobody ever
 * comes past the place: else something has happened to it, as where somebody
 * else changes a table under a prepared statement.
 */
bool
ct_suspect_may_be(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		category == ERRCODE_INVALID_SCHEMA_NAME ||
		category == ERRCODE_FEATURE_NOT_SUPPORTED ||
		category == ERRCODE_INVALID_TRANSACTION_STATE ||
		category == ERRCODE_INVALID_TRANSACTION_TERMINATION;
}

void
ct_suspect_tell(CtWorker *w, int script, int command, const ErrorData *edata)
{
	CtShared   *shared = w->shared;
	CtSuspect  *entry = NULL;
	int			place = w->program->scripts[script].place + command;
	int			i;

	SpinLockAcquire(&shared->mutex);
	for (i = 0; i < shared->nsuspects; i++)
	{
		if (shared->suspects[i].place == place)
			break;
	}
	if (i == shared->nsuspects && i < CT_MAX_SUSPECTS)
	{
		entry = &shared->suspects[shared->nsuspects++];
		entry->place = place;
	}
	SpinLockRelease(&shared->mutex);
	if (entry != NULL)
	{
		entry->script = script;
		entry->command = command;
		entry->since_ns = ct_now_ns();
		ct_error_store(&entry->error, edata);
		pg_write_barrier();
		pg_atomic_write_u32(&entry->ready, 1);
	}
	w->slot->suspicions++;
	if (entry != NULL || w->slot->suspicions == CT_SUSPICIONS)
		ConditionVariableBroadcast(&shared->news);
}
