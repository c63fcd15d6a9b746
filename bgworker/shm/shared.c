/*
 * shared.c
 *		Making, finding and reading a run's shared memory.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shm_toc.h"

#include "bgworker/shm/shared.h"
#include "src/base/settings.h"

/* another one for each layout that was released */
#define SHARED_MAGIC		UINT64CONST(0x63745f6578740002)

/* the table of contents; of what is there once for each worker, all workers' */
typedef enum CtSharedKey
{
	CT_KEY_STATE = 1,			/* CtShared; inserted last, so that there is nothing before all is made */
	CT_KEY_DOCUMENT,			/* the plan's */
	CT_KEY_EXECUTED,			/* a bool for each of the program's places */
	CT_KEY_SLOTS,				/* CtSlotPadded */
	CT_KEY_HISTOGRAMS,
	CT_KEY_ORDERS,
	CT_KEY_STREAMS,
	CT_KEY_RINGS,				/* the streams' */
	CT_KEY_STAGE,				/* CtStage, if the run explores */
	CT_KEY_SAMPLES,				/* CtSamples, if the run has any */
	CT_KEY_END
} CtSharedKey;

/* a worker's stream, if all of them are not more than that; else half of it, and so on */
#define STREAM_SIZE			(64 * 1024)
#define STREAM_SIZE_MIN		(16 * 1024)
#define STREAMS_SIZE		(16 * 1024 * 1024)

static Size
shared_stream_size(int max_workers)
{
	Size		size = STREAM_SIZE;

	while (size > STREAM_SIZE_MIN && size * max_workers > STREAMS_SIZE)
		size /= 2;
	return size;
}

/* What is found by a key; NULL if there is none. */
static void *
shared_find(const CtShared *shared, CtSharedKey key)
{
	return shm_toc_lookup((shm_toc *) ((char *) shared - shared->above_toc), key, true);
}

/* A place in the segment that begins with a cache line. */
static void *
shared_allocate(shm_toc *toc, Size size)
{
	return (void *) CACHELINEALIGN(shm_toc_allocate(toc, size + PG_CACHE_LINE_SIZE));
}

/* Bytes of each part, by key. */
static void
shared_sizes(Size *sizes, const Jsonb *document, int max_workers, int nhistograms, int norders,
			 int nplaces, int nsessions)
{
	sizes[CT_KEY_STATE] = sizeof(CtShared);
	sizes[CT_KEY_DOCUMENT] = VARSIZE(document);
	sizes[CT_KEY_EXECUTED] = nplaces;
	sizes[CT_KEY_SLOTS] = mul_size(sizeof(CtSlotPadded), max_workers);
	sizes[CT_KEY_HISTOGRAMS] = mul_size(mul_size(sizeof(CtHistogram), nhistograms), max_workers);
	sizes[CT_KEY_ORDERS] = mul_size(mul_size(sizeof(uint64), norders), max_workers);
	sizes[CT_KEY_STREAMS] = mul_size(sizeof(CtStream), max_workers);
	sizes[CT_KEY_RINGS] = mul_size(shared_stream_size(max_workers), max_workers);
	sizes[CT_KEY_SAMPLES] = nsessions == 0 && ct_telemetry ? sizeof(CtSamples) : 0;
	sizes[CT_KEY_STAGE] = nsessions > 0 ? CT_STAGE_SIZE(nsessions) : 0;
}

dsm_segment *
ct_shared_create(const Jsonb *document, int max_workers, int nhistograms, int norders,
				 int nplaces, int nsessions)
{
	shm_toc_estimator estimator;
	Size		sizes[CT_KEY_END];
	void	   *parts[CT_KEY_END];
	Size		total;
	dsm_segment *segment;
	shm_toc    *toc;
	CtShared   *shared;
	int			key;
	int			i;

	shared_sizes(sizes, document, max_workers, nhistograms, norders, nplaces, nsessions);
	shm_toc_initialize_estimator(&estimator);
	for (key = CT_KEY_STATE; key < CT_KEY_END; key++)
		shm_toc_estimate_chunk(&estimator, add_size(sizes[key], PG_CACHE_LINE_SIZE));
	shm_toc_estimate_keys(&estimator, CT_KEY_END - CT_KEY_STATE);
	total = shm_toc_estimate(&estimator);
	if (total > CT_MAX_SHARED)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the run would need %zu MB of shared memory, more than %zu MB",
						total / (1024 * 1024), CT_MAX_SHARED / (1024 * 1024)),
				 errdetail("Each worker counts the latencies of each statement of the scripts in %zu kB.",
						   sizeof(CtHistogram) / 1024),
				 errhint("Use fewer workers or fewer statements.")));

	/*
	 * It is given out from its end downward, so what comes first is above what
	 * comes later: relative pointers only point upward, from CtShared to the
	 * slots and from these to what is a worker's.  What is a worker's, which is
	 * most of it, isn't touched before there is one.
	 */
	segment = dsm_create(total, 0);
	toc = shm_toc_create(SHARED_MAGIC, dsm_segment_address(segment), total);
	for (key = CT_KEY_END - 1; key >= CT_KEY_STATE; key--)
	{
		parts[key] = shared_allocate(toc, sizes[key]);
		if (key != CT_KEY_STATE && ((key != CT_KEY_STAGE && key != CT_KEY_SAMPLES) || sizes[key] > 0))
			shm_toc_insert(toc, key, parts[key]);
	}
	memcpy(parts[CT_KEY_DOCUMENT], document, sizes[CT_KEY_DOCUMENT]);
	memset(parts[CT_KEY_EXECUTED], 0, sizes[CT_KEY_EXECUTED]);
	if (nsessions > 0)
		ct_stage_init(parts[CT_KEY_STAGE], nsessions);

	if (sizes[CT_KEY_SAMPLES] > 0)
		ct_samples_init(parts[CT_KEY_SAMPLES]);

	shared = parts[CT_KEY_STATE];
	memset(shared, 0, sizeof(CtShared));
	shared->caller_pid = MyProcPid;
	shared->database = MyDatabaseId;
	shared->role = GetUserId();
	shared->barrier_timeout = ct_barrier_timeout;
	shared->stop_timeout = ct_stop_timeout;
	shared->telemetry = ct_telemetry;
	shared->sample_interval = ct_sample_interval;
	shared->max_workers = max_workers;
	shared->nhistograms = nhistograms;
	shared->norders = norders;
	shared->stream_size = shared_stream_size(max_workers);
	shared->above_toc = (char *) shared - (char *) toc;
	relptr_store((char *) shared, shared->slots, (CtSlotPadded *) parts[CT_KEY_SLOTS]);
	pg_atomic_init_u32(&shared->state, CT_RUN_STARTING);
	pg_atomic_init_u32(&shared->stop, CT_STOP_NO);
	pg_atomic_init_u32(&shared->cancelled, 0);
	pg_atomic_init_u32(&shared->asked_to_stop, 0);
	pg_atomic_init_u32(&shared->gates, 0);
	pg_atomic_init_u32(&shared->settled, 0);
	pg_atomic_init_u64(&shared->unexpected, 0);
	pg_atomic_init_u32(&shared->too_many_errors, 0);
	pg_atomic_init_u32(&shared->did_ddl, 0);
	pg_atomic_init_u32(&shared->leader_attached, 0);
	pg_atomic_init_u32(&shared->obstructed, 0);
	pg_atomic_init_u32(&shared->asleep_told, 0);
	pg_atomic_init_u32(&shared->streams_fill, 0);
	pg_atomic_init_u32(&shared->locker.state, CT_LOCKER_NONE);
	pg_atomic_init_u32(&shared->locker.order, 0);
	shared->locker.procno = -1;
	pg_atomic_init_u64(&shared->crowd.touched, 0);
	pg_atomic_init_u64(&shared->crowd.closed, 0);
	for (i = 0; i < lengthof(shared->crowd.present); i++)
		pg_atomic_init_u64(&shared->crowd.present[i], 0);
	for (i = 0; i < lengthof(shared->suspects); i++)
		pg_atomic_init_u32(&shared->suspects[i].ready, 0);
	ConditionVariableInit(&shared->changed);
	ConditionVariableInit(&shared->news);
	SpinLockInit(&shared->mutex);

	/* now there is something to be found, by whoever looks at a segment that may not be ours */
	shm_toc_insert(toc, CT_KEY_STATE, shared);
	return segment;
}

CtSlot *
ct_shared_make_slot(CtShared *shared, int worker)
{
	CtSlot	   *slot = ct_shared_slot(shared, worker);
	CtPresence *presence = &slot->presence;
	CtHistogram *histograms = shared_find(shared, CT_KEY_HISTOGRAMS);
	uint64	   *orders = shared_find(shared, CT_KEY_ORDERS);
	CtStream   *stream = (CtStream *) shared_find(shared, CT_KEY_STREAMS) + worker;
	char	   *ring = shared_find(shared, CT_KEY_RINGS);

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
	slot->procno = -1;

	histograms += (Size) worker * shared->nhistograms;
	memset(histograms, 0, shared->nhistograms * sizeof(CtHistogram));
	orders += (Size) worker * shared->norders;
	memset(orders, 0, shared->norders * sizeof(uint64));
	ct_stream_init(stream, ring + worker * shared->stream_size, shared->stream_size);
	slot->above_shared = (char *) slot - (char *) shared;
	relptr_store((char *) slot, slot->histograms, histograms);
	relptr_store((char *) slot, slot->orders, orders);
	relptr_store((char *) slot, slot->stream, stream);

	/* for others to look at */
	pg_write_barrier();
	shared->nslots = Max(shared->nslots, worker + 1);
	return slot;
}

/* The state in a segment, NULL if it isn't one of ours. */
static CtShared *
shared_in(dsm_segment *segment)
{
	shm_toc    *toc;

	if (dsm_segment_map_length(segment) < sizeof(CtShared))
		return NULL;
	toc = shm_toc_attach(SHARED_MAGIC, dsm_segment_address(segment));
	return toc ? shm_toc_lookup(toc, CT_KEY_STATE, true) : NULL;
}

CtShared *
ct_shared_address(dsm_segment *segment)
{
	CtShared   *shared = shared_in(segment);

	if (shared == NULL)
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
	shared = shared_in(*segment);
	if (shared != NULL &&
		shared->database == MyDatabaseId &&
		shared->run_id == run_id &&
		pg_atomic_read_u32(&shared->leader_attached) == 1)
		return shared;

	if (*attached)
		dsm_detach(*segment);
	*attached = false;
	return NULL;
}

Jsonb *
ct_shared_document(CtShared *shared)
{
	return shared_find(shared, CT_KEY_DOCUMENT);
}

CtPlan *
ct_shared_plan(CtShared *shared)
{
	return ct_plan_read(ct_shared_document(shared));
}

bool *
ct_shared_executed(CtShared *shared)
{
	return shared_find(shared, CT_KEY_EXECUTED);
}

CtStage *
ct_shared_stage(CtShared *shared)
{
	return shared_find(shared, CT_KEY_STAGE);
}

CtSamples *
ct_shared_samples(CtShared *shared)
{
	return shared_find(shared, CT_KEY_SAMPLES);
}

void
ct_slot_wake(const CtSlot *slot)
{
	int			procno = *(const volatile int *) &slot->procno;

	if (procno >= 0)
		SetLatch(&ProcGlobal->allProcs[procno].procLatch);
}

static void
shared_wake_workers(CtShared *shared)
{
	int			nslots = ct_shared_nslots(shared);
	int			i;

	for (i = 0; i < nslots; i++)
		ct_slot_wake(ct_shared_slot(shared, i));
}

void
ct_shared_set_state(CtShared *shared, CtRunState state)
{
	pg_write_barrier();
	pg_atomic_write_u32(&shared->state, state);
	ConditionVariableBroadcast(&shared->changed);
	if (state == CT_RUN_LAUNCHING || state == CT_RUN_RUNNING)
		shared_wake_workers(shared);
}

void
ct_shared_open_gate(CtShared *shared)
{
	pg_write_barrier();
	(void) pg_atomic_fetch_add_u32(&shared->gates, 1);
	shared_wake_workers(shared);
}

void
ct_shared_settle(CtShared *shared, int round)
{
	pg_atomic_write_u32(&shared->settled, round);
	shared_wake_workers(shared);
}

void
ct_shared_unstop(CtShared *shared)
{
	uint32		level = pg_atomic_read_u32(&shared->stop);

	while (level < CT_STOP_SESSIONS &&
		   !pg_atomic_compare_exchange_u32(&shared->stop, &level, CT_STOP_NO))
		;
}

const char *
ct_run_state_name(CtRunState state)
{
	static const char *const names[] = {
		[CT_RUN_STARTING] = "starting",
		[CT_RUN_SETUP] = "setup",
		[CT_RUN_LAUNCHING] = "launching",
		[CT_RUN_RUNNING] = "running",
		[CT_RUN_CHECKING] = "checking",
		[CT_RUN_DONE] = "done"
	};

	return names[state];
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

			ConditionVariableBroadcast(&shared->news);
			shared_wake_workers(shared);
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
