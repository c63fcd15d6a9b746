/*
 * slot.c
 *		What a worker counts by name.
 *
 * The leader reads while the worker writes: an entry is complete before the
 * number of entries says that it is there.
 */
#include "postgres.h"

#include "bgworker/shm/slot.h"
#include "src/base/text.h"

void
ct_slot_outcome(CtSlot *slot, int script, const char *full_label)
{
	CtSlotOutcome *outcome;
	char		clipped[NAMEDATALEN];
	const char *label = full_label;
	int			i;

	if (unlikely(strlen(label) >= NAMEDATALEN))
	{
		ct_copy_text(clipped, full_label, NAMEDATALEN);
		label = clipped;
	}
	for (i = 0; i < slot->noutcomes; i++)
	{
		outcome = &slot->outcomes[i];
		if (outcome->script == script && strcmp(outcome->label, label) == 0)
		{
			outcome->count++;
			return;
		}
	}
	if (i >= CT_MAX_OUTCOMES - 1)
	{
		/* the last entry takes the rest */
		outcome = &slot->outcomes[CT_MAX_OUTCOMES - 1];
		label = CT_OTHER_LABEL;
		if (i == CT_MAX_OUTCOMES)
		{
			outcome->count++;
			return;
		}
	}
	outcome = &slot->outcomes[i];
	outcome->script = script;
	outcome->count = 1;
	ct_copy_text(outcome->label, label, NAMEDATALEN);
	pg_write_barrier();
	slot->noutcomes++;
}

void
ct_slot_tally(CtSlot *slot, const char *full_name, double amount)
{
	CtSlotTally *tally;
	char		clipped[NAMEDATALEN];
	const char *name = full_name;
	int			i;

	if (unlikely(strlen(name) >= NAMEDATALEN))
	{
		ct_copy_text(clipped, full_name, NAMEDATALEN);
		name = clipped;
	}
	for (i = 0; i < slot->ntallies; i++)
	{
		tally = &slot->tallies[i];
		if (strcmp(tally->name, name) == 0)
		{
			tally->value += amount;
			return;
		}
	}
	if (i >= CT_MAX_TALLIES - 1)
	{
		tally = &slot->tallies[CT_MAX_TALLIES - 1];
		name = CT_OTHER_LABEL;
		if (i == CT_MAX_TALLIES)
		{
			tally->value += amount;
			return;
		}
	}
	tally = &slot->tallies[i];
	tally->value = amount;
	ct_copy_text(tally->name, name, NAMEDATALEN);
	pg_write_barrier();
	slot->ntallies++;
}

/* Counts it where its kind has an entry already. */
static bool
count_error(CtSlot *slot, int script, int sqlstate, CtErrorHandling handling)
{
	int			i;

	for (i = 0; i < slot->nerrors; i++)
	{
		CtSlotError *error = &slot->errors[i];

		if (error->script == script && error->sqlstate == sqlstate &&
			error->handling == handling)
		{
			error->count++;
			return true;
		}
	}
	return false;
}

void
ct_slot_error(CtSlot *slot, int script, int command, const ErrorData *edata,
			  CtErrorHandling handling)
{
	const char *message = edata->message ? edata->message : "";
	int			sqlstate = edata->sqlerrcode;
	CtSlotError *error;

	if (count_error(slot, script, sqlstate, handling))
		return;
	if (slot->nerrors >= CT_MAX_ERRORS - CT_NHANDLINGS)
	{
		/*
		 * The last entries take the rest, one for each handling whatever the
		 * script: a verdict depends on what is expected and what isn't.
		 */
		script = 0;
		command = -1;
		sqlstate = CT_OTHER_SQLSTATE;
		message = "errors of more kinds than are told apart";
		if (count_error(slot, script, sqlstate, handling))
			return;
	}
	error = &slot->errors[slot->nerrors];
	error->script = script;
	error->sqlstate = sqlstate;
	error->handling = handling;
	error->count = 1;
	error->command = command;
	error->first_ns = ct_now_ns();
	ct_copy_text(error->message, message, sizeof(error->message));
	pg_write_barrier();
	slot->nerrors++;
}
