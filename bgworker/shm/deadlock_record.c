/*
 * deadlock_record.c
 *		Deadlocks on their way from the worker that was its victim to the leader.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "bgworker/shm/deadlock_record.h"
#include "bgworker/shm/slot.h"

/* the last one that was noted, and its error's detail; or NULL */
static CtDeadlockRecord *noted = NULL;
static char *noted_detail = NULL;

static void
deadlock_forget(void)
{
	if (noted == NULL)
		return;
	pfree(noted);
	pfree(noted_detail);
	noted = NULL;
}

void
ct_deadlock_note(const CtDeadlockRecord *record, const char *detail)
{
	/* who hands the error on, in a function, may be too late to see what it was */
	if (noted != NULL && strcmp(noted_detail, detail) == 0)
		return;
	deadlock_forget();
	noted_detail = MemoryContextStrdup(TopMemoryContext, detail);
	noted = MemoryContextAlloc(TopMemoryContext, record->size);
	memcpy(noted, record, record->size);
}

void
ct_deadlock_send(CtSlot *slot, int place, const ErrorData *edata)
{
	CtShared   *shared = ct_slot_shared(slot);
	CtStream   *stream = ct_slot_stream(slot);
	bool		is_noted = noted != NULL && edata->detail != NULL && strcmp(noted_detail, edata->detail) == 0;
	union
	{
		CtDeadlockRecord record;
		char		room[CT_DEADLOCK_SIZE(1)];
	}			alone = {0};
	const CtDeadlockRecord *record = is_noted ? noted : &alone.record;
	CtStreamPiece piece;

	if (!is_noted)
	{
		alone.record.at = GetCurrentTimestamp();
		alone.record.size = sizeof(alone);
		alone.record.n = 1;
		alone.record.participants[0].pid = MyProcPid;
		alone.record.participants[0].place = place;
	}
	piece.data = record;
	piece.size = record->size;
	if (!*(volatile bool *) &shared->deadlocks_enough && ct_stream_has_room(stream, piece.size))
		(void) ct_stream_write(stream, CT_RECORD_DEADLOCK, &piece, 1);
	if (ct_stream_is_filling(stream))
		ct_slot_ask_to_read(slot);
	deadlock_forget();
}

bool
ct_deadlocks_are_enough(const CtDeadlocks *deadlocks)
{
	return list_length(deadlocks->records) >= CT_MAX_DEADLOCKS ||
		deadlocks->nparticipants >= CT_MAX_DEADLOCKED;
}

/* Is it a record, with all that it says is in it? */
static bool
deadlock_is_record(const CtDeadlockRecord *record, Size size)
{
	const char *bytes = (const char *) record;

	return size >= CT_DEADLOCK_SIZE(1) && record->size == size &&
		record->n > 0 && record->n <= CT_MAX_DEADLOCKED && size >= CT_DEADLOCK_SIZE(record->n) &&
		record->victim >= 0 && record->victim < record->n &&
		(size == CT_DEADLOCK_SIZE(record->n) || bytes[size - 1] == '\0');
}

bool
ct_deadlock_receive(CtDeadlocks *deadlocks, const char *bytes, Size size)
{
	CtDeadlockRecord *record = palloc(Max(size, CT_DEADLOCK_SIZE(1)));
	bool		valid;

	memcpy(record, bytes, size);
	valid = deadlock_is_record(record, size);
	if (!valid || ct_deadlocks_are_enough(deadlocks))
		pfree(record);
	else
	{
		deadlocks->records = lappend(deadlocks->records, record);
		deadlocks->nparticipants += record->n;
	}
	return valid;
}
