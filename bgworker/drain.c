/*
 * drain.c
 *		Reading the workers' streams.
 *
 * To be called often enough that they don't fill up: each second, whenever a
 * worker asks for it, and at the end.  A worker that finds its stream full
 * goes on without telling.
 */
#include "postgres.h"

#include "bgworker/drain.h"

/* What a record is for; false if it is none that we know. */
static bool
drain_take(CtLeader *leader, int kind, Size size)
{
	MemoryContext oldcontext;
	bool		valid;

	switch (kind)
	{
		case CT_RECORD_DEADLOCK:
			oldcontext = MemoryContextSwitchTo(leader->context);
			valid = ct_deadlock_receive(&leader->deadlocks, leader->record, size);
			leader->shared->deadlocks_enough = ct_deadlocks_are_enough(&leader->deadlocks);
			MemoryContextSwitchTo(oldcontext);
			return valid;
		case CT_RECORD_ERROR:
			return ct_error_text_receive(&leader->error_texts, leader->record, size);
		default:
			return false;
	}
}

void
ct_drain(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	int			i;

	if (leader->record == NULL)
	{
		leader->record = MemoryContextAlloc(leader->context, shared->stream_size);
		leader->error_texts.context = leader->context;
	}

	/* who finds little room from here on asks again */
	pg_atomic_write_u32(&shared->streams_fill, 0);
	pg_memory_barrier();
	for (i = 0; i < shared->nslots; i++)
	{
		CtStream   *stream = ct_slot_stream(ct_shared_slot(shared, i));
		Size		size;
		int			kind;

		while ((kind = ct_stream_read(stream, leader->record, &size)) != 0)
			leader->unreadable += !drain_take(leader, kind, size);
	}
}

bool
ct_drain_is_due(CtLeader *leader)
{
	return pg_atomic_read_u32(&leader->shared->streams_fill) != 0;
}

const char *
ct_drain_complaint(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	uint64		dropped = leader->unreadable;
	int			i;

	for (i = 0; i < shared->nslots; i++)
		dropped += ct_stream_dropped(ct_slot_stream(ct_shared_slot(shared, i)));
	if (dropped == 0)
		return NULL;
	return psprintf("workers had no room " UINT64_FORMAT " time%s to tell what an error says: it is what a later one of its kind says, or missing",
					dropped, dropped == 1 ? "" : "s");
}
