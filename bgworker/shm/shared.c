/*
 * shared.c
 *		Making, finding and reading a run's shared memory.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/elog.h"

#include "bgworker/shm/shared.h"
#include "src/base/settings.h"
#include "src/base/text.h"

/* All zero, and its atomics, which on some platforms have a lock, made as such. */
static void
init_slot(CtSlot *slot)
{
	CtPresence *presence = &slot->presence;

	memset(slot, 0, sizeof(CtSlot));
	pg_atomic_init_u64(&presence->touch, 0);
	pg_atomic_init_u64(&presence->window, 0);
	pg_atomic_init_u64(&presence->ended, 0);
	pg_atomic_init_u64(&presence->last_window, 0);
	pg_atomic_init_u64(&presence->last_ended, 0);
	pg_atomic_init_u32(&presence->script, 0);
	pg_atomic_init_u32(&presence->last_script, 0);
	pg_atomic_init_u32(&presence->opened, 0);
	pg_atomic_init_u32(&slot->state, CT_WORKER_UNUSED);
}

dsm_segment *
ct_shared_create(const Jsonb *document, int max_workers, int nhistograms, int norders,
				 int nplaces)
{
	Size		plan_size = VARSIZE(document);
	Size		executed_offset;
	Size		slots_offset;
	Size		slot_size;
	Size		total;
	dsm_segment *segment;
	CtShared   *shared;
	int			i;

	executed_offset = TYPEALIGN(PG_CACHE_LINE_SIZE,
								add_size(MAXALIGN(sizeof(CtShared)), plan_size));
	slots_offset = TYPEALIGN(PG_CACHE_LINE_SIZE, add_size(executed_offset, nplaces));
	slot_size = add_size(TYPEALIGN(PG_CACHE_LINE_SIZE, sizeof(CtSlot)),
						 mul_size(sizeof(CtHistogram), nhistograms));
	slot_size = TYPEALIGN(PG_CACHE_LINE_SIZE,
						  add_size(slot_size, mul_size(sizeof(uint64), norders)));
	total = add_size(slots_offset, mul_size(slot_size, max_workers));
	if (total > CT_MAX_SHARED)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the run would need %zu MB of shared memory, more than %zu MB",
						total / (1024 * 1024), CT_MAX_SHARED / (1024 * 1024)),
				 errdetail("Each worker counts the latencies of each statement of the scripts in %zu kB.",
						   sizeof(CtHistogram) / 1024),
				 errhint("Use fewer workers or fewer statements.")));

	/* the histograms, which are most of it, are zeroed for workers that start */
	segment = dsm_create(total, 0);
	shared = dsm_segment_address(segment);
	memset(shared, 0, slots_offset);
	for (i = 0; i < max_workers; i++)
		init_slot((CtSlot *) ((char *) shared + slots_offset + i * slot_size));

	shared->caller_pid = MyProcPid;
	shared->database = MyDatabaseId;
	shared->role = GetUserId();
	shared->barrier_timeout = ct_barrier_timeout;
	shared->stop_timeout = ct_stop_timeout;
	shared->max_workers = max_workers;
	shared->nhistograms = nhistograms;
	shared->norders = norders;
	shared->plan_offset = MAXALIGN(sizeof(CtShared));
	shared->executed_offset = executed_offset;
	shared->slots_offset = slots_offset;
	shared->slot_size = slot_size;
	shared->total_size = total;
	pg_atomic_init_u32(&shared->state, CT_RUN_STARTING);
	pg_atomic_init_u32(&shared->stop, CT_STOP_NO);
	pg_atomic_init_u32(&shared->cancelled, 0);
	pg_atomic_init_u32(&shared->asked_to_stop, 0);
	pg_atomic_init_u32(&shared->leader_attached, 0);
	pg_atomic_init_u32(&shared->obstructed, 0);
	for (i = 0; i < lengthof(shared->suspects); i++)
		pg_atomic_init_u32(&shared->suspects[i].ready, 0);
	ConditionVariableInit(&shared->changed);
	ConditionVariableInit(&shared->news);
	SpinLockInit(&shared->mutex);
	memcpy((char *) shared + shared->plan_offset, document, plan_size);

	/* last, for whoever looks at a segment that isn't one of ours */
	shared->magic = CT_SHARED_MAGIC;
	return segment;
}

CtShared *
ct_shared_address(dsm_segment *segment)
{
	CtShared   *shared = dsm_segment_address(segment);

	if (dsm_segment_map_length(segment) < sizeof(CtShared) || shared->magic != CT_SHARED_MAGIC)
		elog(ERROR, "not the shared memory of a ct_ext run");
	return shared;
}

CtShared *
ct_shared_attach(dsm_handle handle, int64 run_id, dsm_segment **segment, bool *attached)
{
	CtShared   *shared;

	*attached = false;
	*segment = dsm_find_mapping(handle);
	if (*segment == NULL)
	{
		*segment = dsm_attach(handle);
		if (*segment == NULL)
			return NULL;
		*attached = true;
	}

	/* after a restart, the handle may be anybody's */
	shared = dsm_segment_address(*segment);
	if (dsm_segment_map_length(*segment) >= sizeof(CtShared) &&
		shared->magic == CT_SHARED_MAGIC &&
		shared->database == MyDatabaseId &&
		shared->run_id == run_id &&
		pg_atomic_read_u32(&shared->leader_attached) == 1)
		return shared;

	if (*attached)
		dsm_detach(*segment);
	*attached = false;
	return NULL;
}

CtPlan *
ct_shared_plan(CtShared *shared)
{
	return ct_plan_read((Jsonb *) ((char *) shared + shared->plan_offset));
}

void
ct_shared_set_state(CtShared *shared, CtRunState state)
{
	pg_write_barrier();
	pg_atomic_write_u32(&shared->state, state);
	ConditionVariableBroadcast(&shared->changed);
}

CtRunState
ct_shared_state(CtShared *shared)
{
	CtRunState	state = (CtRunState) pg_atomic_read_u32(&shared->state);

	pg_read_barrier();
	return state;
}

double
ct_shared_measured_seconds(const CtShared *shared, uint64 until_ns)
{
	uint64		from_ns = shared->measure_from_ns;

	if (shared->stop_ns != 0)
		until_ns = Min(until_ns, shared->stop_ns);
	return until_ns > from_ns ? (until_ns - from_ns) / 1e9 : 0;
}

void
ct_shared_stop(CtShared *shared, CtStopLevel level)
{
	uint32		now = pg_atomic_read_u32(&shared->stop);

	while (now < (uint32) level)
	{
		if (pg_atomic_compare_exchange_u32(&shared->stop, &now, level))
		{
			int			i;

			ConditionVariableBroadcast(&shared->changed);
			ConditionVariableBroadcast(&shared->news);
			for (i = 0; i < shared->nbarriers; i++)
				ConditionVariableBroadcast(&shared->barriers[i].opened);
			return;
		}
	}
}

void
ct_shared_ask_to_stop(CtShared *shared)
{
	pg_atomic_write_u32(&shared->asked_to_stop, 1);
	ConditionVariableBroadcast(&shared->news);
}

void
ct_shared_cancel(CtShared *shared)
{
	pg_atomic_write_u32(&shared->cancelled, 1);
	ConditionVariableBroadcast(&shared->news);

	/*
	 * The leader may be in the middle of a statement of setup or of a check.
	 * It answers SIGINT by looking at the flag, so a late one does no harm,
	 * and while it records results it holds the signal off.
	 */
	if (shared->leader_pid != 0 && pg_atomic_read_u32(&shared->leader_attached) == 1)
		kill(shared->leader_pid, SIGINT);
}

void
ct_error_store(CtErrorReport *report, const ErrorData *edata)
{
	report->sqlstate = edata->sqlerrcode;
	ct_copy_text(report->message, edata->message, CT_MESSAGE_LEN);
	ct_copy_text(report->detail, edata->detail, CT_MESSAGE_LEN);
	ct_copy_text(report->hint, edata->hint, CT_MESSAGE_LEN);
	ct_copy_text(report->context, edata->context, CT_MESSAGE_LEN);
}

void
ct_error_raise(const CtErrorReport *report, int elevel)
{
	ereport(elevel,
			(errcode(report->sqlstate),
			 errmsg_internal("%s", report->message),
			 report->detail[0] ? errdetail_internal("%s", report->detail) : 0,
			 report->hint[0] ? errhint("%s", report->hint) : 0,
			 report->context[0] ? errcontext("%s", report->context) : 0));
}
