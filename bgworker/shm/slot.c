/*
 * slot.c
 *		What a worker counts by name.
 *
 * The leader reads while the worker writes: an entry is complete before the
 * number of entries says that it is there.
 */
#include "postgres.h"

#include "bgworker/shm/deadlock_record.h"
#include "bgworker/shm/slot.h"
#include "src/base/text.h"

int
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
			return i;
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
			return CT_MAX_OUTCOMES - 1;
		}
	}
	outcome = &slot->outcomes[i];
	outcome->script = script;
	outcome->count = 1;
	ct_copy_text(outcome->label, label, NAMEDATALEN);
	pg_write_barrier();
	slot->noutcomes++;
	return i;
}

void
ct_slot_tally(CtSlot *slot, const char *full_name, const CtTally *said)
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
			ct_tally_add(&tally->tally, said);
			return;
		}
	}
	if (i >= CT_MAX_TALLIES - 1)
	{
		tally = &slot->tallies[CT_MAX_TALLIES - 1];
		name = CT_OTHER_LABEL;
		if (i == CT_MAX_TALLIES)
		{
			ct_tally_add(&tally->tally, said);
			return;
		}
	}
	tally = &slot->tallies[i];
	tally->tally = *said;
	ct_copy_text(tally->name, name, NAMEDATALEN);
	pg_write_barrier();
	slot->ntallies++;
}

/* The entry of an error's kind; NULL if there is none yet. */
static CtSlotError *
slot_find_error(CtSlot *slot, int script, int sqlstate, CtErrorHandling handling)
{
	int			i;

	for (i = 0; i < slot->nerrors; i++)
	{
		CtSlotError *error = &slot->errors[i];

		if (error->script == script && error->sqlstate == sqlstate &&
			error->handling == handling)
			return error;
	}
	return NULL;
}

static CtSlotError *
slot_add_error(CtSlot *slot, int script, int sqlstate, CtErrorHandling handling, int command)
{
	CtSlotError *error = &slot->errors[slot->nerrors];

	error->script = script;
	error->sqlstate = sqlstate;
	error->handling = handling;
	error->count = 1;
	error->command = command;
	error->first_ns = ct_now_ns();
	error->told = false;
	pg_write_barrier();
	slot->nerrors++;
	return error;
}

void
ct_slot_ask_to_read(CtSlot *slot)
{
	CtShared   *shared = ct_slot_shared(slot);

	/* who has cleared that there is little room is about to read what we have written, too */
	pg_memory_barrier();
	if (pg_atomic_read_u32(&shared->streams_fill) == 0)
	{
		pg_atomic_write_u32(&shared->streams_fill, 1);
		ConditionVariableBroadcast(&shared->news);
	}
}

/*
 * Tells the leader what an error of the kind says, in full.  If there is no
 * room for that the leader is asked to make some, and the next one is tried.
 */
static void
slot_tell(CtSlot *slot, CtSlotError *error, int command, const ErrorData *edata)
{
	CtStream   *stream = ct_slot_stream(slot);
	CtErrorText text = {error->script, error->sqlstate, error->handling, command};

	text.raised_ns = error->count == 1 ? error->first_ns : ct_now_ns();
	text.parts[CT_PART_MESSAGE] = edata->message;
	text.parts[CT_PART_DETAIL] = edata->detail;
	text.parts[CT_PART_HINT] = edata->hint;
	text.parts[CT_PART_CONTEXT] = edata->context;
	error->told = ct_error_text_send(stream, &text);
	if (!error->told || ct_stream_is_filling(stream))
		ct_slot_ask_to_read(slot);
}

void
ct_slot_error(CtSlot *slot, int script, int command, const ErrorData *edata,
			  CtErrorHandling handling)
{
	int			sqlstate = edata->sqlerrcode;
	CtSlotError *error = slot_find_error(slot, script, sqlstate, handling);

	if (error == NULL && slot->nerrors >= CT_MAX_ERRORS - CT_NHANDLINGS)
	{
		/*
		 * The last entries take the rest, one for each handling whatever the
		 * script: a verdict depends on what is expected and what isn't.
		 */
		script = 0;
		command = -1;
		sqlstate = CT_OTHER_SQLSTATE;
		error = slot_find_error(slot, script, sqlstate, handling);
	}
	if (error == NULL)
		error = slot_add_error(slot, script, sqlstate, handling, command);
	else
		error->count++;
	if (unlikely(!error->told) && sqlstate != CT_OTHER_SQLSTATE)
		slot_tell(slot, error, command, edata);
	if (sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED && ct_slot_shared(slot)->telemetry)
		ct_deadlock_send(slot, CT_AT_PLACE(slot->at), edata);
}
