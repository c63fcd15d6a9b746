/*
 * shared.h
 *		A run's shared memory.
 *
 * One dynamic shared memory segment per run, made by the caller, attached by
 * the leader, the workers, and whoever waits for or watches the run.  Its table
 * of contents (shm_toc) has the plan, the run's state, and for each worker a
 * slot, histograms, orders and a stream, into which that worker alone writes
 * what it measures.  What is in it, who writes it, and in which order, is in
 * the folder's README.md.
 *
 * Whether a run lives is whether its leader is still attached: the segment's
 * handle stands in the run's row, and an attached leader is what
 * ct_shared_attach looks for.  No file, no lock and no pid has to be trusted.
 *
 * Locking: "mutex" protects what its comment says, for a few instructions;
 * the states are atomics, changed by the process that the comment names and
 * told to those who wait for it, and to nobody else: the run's to who waits for
 * the run, on "changed", and where it is for workers to each of them, by its
 * latch (ct_slot_wake); a worker's to the leader, on "news".  Slots have
 * one writer and any number of readers, without a lock: counters only grow.
 * Streams have one writer and one reader, the leader.
 *
 * At a crash of any process the server resets everybody and the segment is
 * gone; what a reader then finds is in bgworker/README.md.
 */
#ifndef CT_SHARED_H
#define CT_SHARED_H

#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/spin.h"
#include "utils/relptr.h"
#include "utils/timestamp.h"

#include "bgworker/shm/error.h"
#include "bgworker/shm/error_text.h"
#include "bgworker/shm/sample.h"
#include "bgworker/shm/stream.h"
#include "bgworker/shm/turn.h"
#include "src/base/clock.h"
#include "src/base/pause.h"
#include "src/metrics/batches.h"
#include "src/metrics/histogram.h"
#include "src/metrics/tally.h"
#include "src/metrics/usage.h"
#include "src/plan/plan.h"
#include "src/plan/validate.h"

#define CT_MAX_OUTCOMES			64	/* labels per worker and script mix */
#define CT_MAX_TALLIES			32
#define CT_MAX_ERRORS			32	/* kinds of errors a worker tells apart */
#define CT_MAX_MEETINGS			64	/* barriers, for one name may be met several times */
#define CT_MAX_SUSPECTS			8
#define CT_SUSPICIONS			10	/* of each worker, after which a run that gets nowhere ends */
#define CT_MAX_WARNINGS			8	/* of a run's end */

/* written by the leader; the caller writes the first */
typedef enum CtRunState
{
	CT_RUN_STARTING,			/* no leader yet, or not in the catalog yet */
	CT_RUN_SETUP,				/* the row stands; sandbox and setup */
	CT_RUN_LAUNCHING,			/* workers are being started */
	CT_RUN_RUNNING,				/* the gate is open */
	CT_RUN_CHECKING,			/* workers are done */
	CT_RUN_DONE					/* everything is recorded, or nothing will be */
} CtRunState;

/* set by whoever ends a run early; only ever raised */
typedef enum CtStopLevel
{
	CT_STOP_NO,
	CT_STOP_AFTER,				/* after the transaction under way */
	CT_STOP_NOW,				/* abort it */
	CT_STOP_SESSIONS			/* and exit, also who has done its share */
} CtStopLevel;

/* written by the slot's worker; LAUNCHED and LOST by the leader */
typedef enum CtWorkerState
{
	CT_WORKER_UNUSED,
	CT_WORKER_LAUNCHED,			/* registered, not heard of yet */
	CT_WORKER_READY,			/* waits at the gate */
	CT_WORKER_WORKING,
	CT_WORKER_DONE,				/* did its share; its session stays until CT_STOP_SESSIONS */
	CT_WORKER_FAILED,			/* ended by an error that is in the slot */
	CT_WORKER_LOST				/* gone without a word */
} CtWorkerState;

/*
 * What a worker is at, for who looks: a place in the scripts, in the program's
 * numbering, and what it does there.
 */
typedef enum CtAt
{
	CT_AT_STATEMENT,			/* goes on, or executes the statement */
	CT_AT_GATE,					/* waits for a gate */
	CT_AT_BARRIER,				/* waits at a \barrier */
	CT_AT_PAUSE,				/* waits at a \sleep, or before another try */
	CT_AT_DUE,					/* has nothing to do until somebody's turn comes */
	CT_AT_END
} CtAt;

#define CT_AT(what, place)	((uint32) (what) << 28 | (uint32) (place))
#define CT_AT_WHAT(at)		((CtAt) ((at) >> 28))
#define CT_AT_PLACE(at)		((int) ((at) & 0x0FFFFFFF))

/*
 * An error by which a script may be wrong in itself, at a place that nobody
 * has come past so far.
 */
typedef struct CtSuspect
{
	pg_atomic_uint32 ready;		/* the rest is filled in */
	int			place;			/* in the program's numbering */
	int			script;
	int			command;
	uint64		since_ns;
	CtErrorReport error;
} CtSuspect;

/* protected by the run's mutex; see barrier.c for the words */
typedef struct CtBarrier
{
	char		name[NAMEDATALEN];
	int			ordinal;		/* of those of that name, from 0 */
	int			arrived;
	int			holding;		/* of these, who may hold locks */
	int			early;			/* who waits for the meeting after */
	int			early_holding;
	int			absent;			/* known not to come to the next meeting */
	int			outside;		/* in a script where it doesn't stand */
	int			attendant;		/* pid; 0 if nobody looks after it */
	uint64		generation;		/* grows as it opens */
	uint64		opens_ns;		/* when it last did; 0: at once */
	uint64		broken;			/* 1 + the last generation that ended without somebody */
	ConditionVariable opened;
} CtBarrier;

/* a worker's view of a barrier */
typedef struct CtMeeting
{
	uint64		absent_at;		/* 1 + the last generation that it is known not to come to */
	uint64		broken;			/* the barrier's, when its iteration began */
} CtMeeting;

/* a worker's sleeps on heavyweight locks, in microseconds; the leader's, see asleep.c */
typedef struct CtAsleep
{
	TimestampTz since;			/* when the last one that was seen began */
	TimestampTz seen;			/* when it was last seen */
	int64		of_this_sleep;	/* what looks that found it stand for */
	int64		in_all;			/* the same of all sleeps */
	int64		noted;			/* in_all, when the worker last asked */
} CtAsleep;

typedef struct CtSlotError
{
	int			script;
	int			sqlstate;
	CtErrorHandling handling;
	uint64		count;

	/* of the first one; what it said goes by the stream */
	int			command;		/* index; the number of commands: the script's end; -1: unknown */
	uint64		first_ns;
	bool		told;			/* the leader of what one of them said */
} CtSlotError;

typedef struct CtSlotOutcome
{
	int			script;
	char		label[NAMEDATALEN];
	uint64		count;
} CtSlotOutcome;

typedef struct CtSlotTally
{
	char		name[NAMEDATALEN];
	CtTally		tally;
} CtSlotTally;

/*
 * Where a worker is in its transaction, for the others to look at; see
 * presence.h, which alone reads and writes it.  Fits into one cache line.
 */
typedef struct CtPresence
{
	pg_atomic_uint64 touch;		/* its latest statement that touches the database */
	pg_atomic_uint64 window;	/* 0: the members below are being changed */
	pg_atomic_uint64 ended;		/* bits of the steps that have ended in the window */
	pg_atomic_uint64 last_window;	/* the one before */
	pg_atomic_uint64 last_ended;
	pg_atomic_uint32 script;	/* whose steps they are */
	pg_atomic_uint32 last_script;
	pg_atomic_uint32 opened;	/* how many windows there were */
} CtPresence;

relptr_declare(CtHistogram, CtHistograms);
relptr_declare(uint64, CtOrders);
relptr_declare(CtStream, CtStreamPointer);

/* the workers that have to be looked at, and what the others last did; presence.h's, too */
typedef struct CtCrowd
{
	pg_atomic_uint64 touched;	/* when a touching statement of those last ended, ns */
	pg_atomic_uint64 closed;	/* when a window of those did, ns */
	pg_atomic_uint64 present[(CT_MAX_WORKERS + 63) / 64];
} CtCrowd;

/* A worker's slot.  Its first cache line is what the other workers look at. */
typedef struct CtSlot
{
	CtPresence	presence;
	char		pad[PG_CACHE_LINE_SIZE - sizeof(CtPresence)];

	/* what is beside the slot, from its own address on; fixed */
	CtHistograms histograms;
	CtOrders	orders;
	CtStreamPointer stream;
	Size		above_shared;	/* bytes from CtShared to here */

	pg_atomic_uint32 state;		/* CtWorkerState */
	int			pid;
	int			procno;			/* index in ProcGlobal->allProcs, -1 if none */
	uint32		at;				/* CT_AT() of what its client is at; a plain store for each statement */
	int			at_barrier;		/* 1 + index of the one it waits at, or 0 */
	uint64		at_generation;	/* of which meeting */
	bool		holds;			/* while it is there, maybe locks */
	bool		gives_up;		/* its statement has a lock_timeout or a statement_timeout */
	uint64		came_to;		/* bits of the barriers it came to in this iteration, */
	uint64		outside;		/* and of those that its script hasn't got */
	uint64		suspicions;		/* transactions that ended as CtSuspect says */
	int64		connect_ns;		/* that it took to connect to the database */

	/*
	 * Of the measured part, the duration after the warm-up: what ended in it,
	 * or with a rate was scheduled in it.
	 */
	uint64		transactions;
	uint64		failed;
	uint64		retries;
	uint64		rows;			/* that statements of those completed returned or changed */
	uint64		overlapped;
	uint64		waited;
	uint64		met;
	uint64		contended;
	uint64		late;			/* completed, in more than the latency limit */

	uint64		skipped;		/* scheduled, but not executed when the run was cut off */
	uint64		overdue;		/* the same, for they were late before they could begin */
	uint64		ended_ns;		/* when the last transaction of its share had ended */
	CtBatches	batches;		/* the transactions by time since the warm-up */
	CtSessionUsage usage;		/* of its session, when it last told so */

	/* of the whole run, for checks speak of all that is in the tables */
	uint64		all_transactions;
	uint64		kills;			/* sessions that were terminated, */
	uint64		killed;			/* and transactions with them */
	int			to_begin;		/* clients that have an on_start */
	uint64		begun;			/* those that have come past it */
	int			noutcomes;
	CtSlotOutcome outcomes[CT_MAX_OUTCOMES];
	int			ntallies;
	CtSlotTally tallies[CT_MAX_TALLIES];
	int			nerrors;
	CtSlotError errors[CT_MAX_ERRORS];

	CtErrorReport error;		/* of CT_WORKER_FAILED */

	CtAsleep	asleep;
	CtMeeting	meetings[CT_MAX_MEETINGS];	/* under the mutex, but for the worker's own reading */
} CtSlot;

/* so that each has its cache lines for itself */
typedef union CtSlotPadded
{
	CtSlot		slot;
	char		pad[TYPEALIGN(PG_CACHE_LINE_SIZE, sizeof(CtSlot))];
} CtSlotPadded;

relptr_declare(CtSlotPadded, CtSlots);

/* a run's numbers, for who has waited for it: its row may be gone by then */
typedef struct CtSummary
{
	bool		measured;		/* the rest is there */
	int64		anomalies;
	int64		retries;		/* -1, like failed, of a run that explored */
	int64		failed;
	int64		errors;			/* that nobody expected, retried ones included */
	int64		deadlocks;		/* 40P01; of a run that explored, executions with one */
	double		tps;			/* NaN where there is none, like those that follow */
	double		tps_half;		/* half the length of its interval */
	double		p50_ms;
	double		p95_ms;
	double		p99_ms;
} CtSummary;

/* written by the locker; LAUNCHED by the leader; see locker.h */
typedef enum CtLockerState
{
	CT_LOCKER_NONE,				/* there is none, or not any more */
	CT_LOCKER_LAUNCHED,			/* registered, not heard of yet */
	CT_LOCKER_IDLE,
	CT_LOCKER_WAITS,			/* is in the lock's queue, or on its way there */
	CT_LOCKER_HOLDS,
	CT_LOCKER_FAILED,			/* ended by its error */
	CT_LOCKER_LOST				/* gone without a word */
} CtLockerState;

/* the process that holds a lock now and then */
typedef struct CtLocker
{
	pg_atomic_uint32 state;		/* CtLockerState */
	pg_atomic_uint32 order;		/* the leader's, counted: of odd ones the lock is to be had */
	uint32		heard;			/* IDLE: the last one that it has followed */
	int			pid;
	int			procno;			/* index in ProcGlobal->allProcs, -1 if none */
	int			times_held;
	uint64		since_ns;		/* HOLDS: that it has the lock */
	CtErrorReport error;		/* FAILED, LOST */
} CtLocker;

typedef struct CtShared
{
	int			caller_pid;
	Oid			database;
	Oid			role;			/* whom leader and workers act as */
	bool		held_horizon;	/* the caller couldn't let go of its snapshot */
	int			barrier_timeout;	/* ms; the caller's settings */
	int			stop_timeout;	/* ms */
	bool		telemetry;		/* waits, deadlocks, resources, samples are recorded */
	int			sample_interval;	/* ms */

	/* sizes and places, fixed when the segment is made */
	int			max_workers;	/* slots that there are */
	int			workers_asked;	/* more, if the server can't have as many */
	int			nhistograms;	/* per worker */
	int			norders;		/* words per worker, see CtProgram */
	Size		stream_size;	/* bytes of each stream's ring */
	Size		above_toc;		/* bytes from the table of contents to here */
	CtSlots		slots;			/* from this struct's address on */

	/* the leader's; slots after these have never been touched, and may hold anything */
	int			nslots;

	pg_atomic_uint32 state;		/* CtRunState */
	pg_atomic_uint32 stop;		/* CtStopLevel */
	pg_atomic_uint32 cancelled; /* somebody asked to cancel */
	pg_atomic_uint32 asked_to_stop; /* somebody asked for an early end */
	char		cancel_reason[CT_MESSAGE_LEN];	/* why, if the caller knows more than that */
	pg_atomic_uint32 leader_attached;
	bool		no_slot;		/* DONE; there was none for a first worker */
	pg_atomic_uint32 obstructed;	/* the end has to wait, obstacle says for what */
	char		obstacle[CT_MESSAGE_LEN];
	ConditionVariable changed;
	ConditionVariable news;		/* for the leader alone */
	pg_atomic_uint32 streams_fill;	/* one has little room left: the leader is to read */
	bool		deadlocks_enough;	/* the leader keeps no more of them */

	/* written by the leader before the state that tells of it */
	int64		run_id;			/* SETUP */
	int			leader_pid;
	int			leader_procno;
	int			nworkers;		/* RUNNING */
	int			nclients;		/* RUNNING; at least as many */
	TimestampTz started_at;
	TimestampTz gate_at;		/* RUNNING; the same moment as gate_ns */
	uint64		gate_ns;		/* RUNNING; monotonic clock */
	uint64		measure_from_ns;	/* RUNNING; the warm-up's end; of a later round its gate, less
								 * what was measured in those before */
	uint64		stop_ns;		/* RUNNING; 0 if not ended by time; ct_stop() may bring it forward */
	pg_atomic_uint32 gates;		/* that were opened so far: one, or one for each round */
	pg_atomic_uint32 settled;	/* rounds whose checks were asked, so that sessions may be cleared */
	pg_atomic_uint64 unexpected;	/* errors that ended transactions, of a run that max_errors ends */
	pg_atomic_uint32 too_many_errors;	/* that many there were */
	pg_atomic_uint32 did_ddl;	/* of a run of rounds: somebody may have changed more than rows in this one */
	bool		passed;			/* DONE; the verdict is pass */
	char		verdict[16];	/* DONE; "" if none */
	char		reason[CT_MESSAGE_LEN]; /* DONE */
	char		status[16];		/* DONE; as in ct_result */
	CtSummary	summary;		/* DONE */
	int			nwarnings;		/* DONE */
	char		warnings[CT_MAX_WARNINGS][CT_MESSAGE_LEN];
	char		sandbox[NAMEDATALEN];
	CtErrorReport error;		/* DONE; what made the run fail */
	CtErrorReport leader_error; /* DONE; what ended the leader, if it was lost */

	char		pad_before[PG_CACHE_LINE_SIZE];
	CtCrowd	crowd;
	char		pad_behind[PG_CACHE_LINE_SIZE];

	CtLocker	locker;

	TimestampTz asleep_sampled; /* when the leader last looked who sleeps */
	int64		asleep_period;	/* and how long after the look before, in microseconds */
	bool		asleep_seldom;	/* the leader looks seldom, */
	pg_atomic_uint32 asleep_told;	/* until somebody tells that it has slept */

	slock_t		mutex;			/* protects the barriers, left_behind, and who fills in which suspect */
	int			nsuspects;
	CtSuspect	suspects[CT_MAX_SUSPECTS];
	int			racing;			/* workers that have not finished */
	int			nbarriers;		/* fixed before there are workers */
	CtBarrier	barriers[CT_MAX_MEETINGS];
	uint64		barrier_breaks; /* opened although somebody was missing */
	char		left_behind[CT_MESSAGE_LEN];	/* a lock of a done worker that a check had to wait for */
} CtShared;

static inline CtSlot *
ct_shared_slot(const CtShared *shared, int worker)
{
	return &(relptr_access((char *) shared, shared->slots) + worker)->slot;
}

/* The worker whose process that is, of those that were launched; -1: it is none of the run's. */
static inline int
ct_shared_worker_of(const CtShared *shared, int pid)
{
	int			i;

	for (i = 0; i < shared->nworkers; i++)
		if (ct_shared_slot(shared, i)->pid == pid)
			return i;
	return -1;
}

/* What a worker is at just now, see CT_AT. */
static inline uint32
ct_slot_at(const CtSlot *slot)
{
	return *(const volatile uint32 *) &slot->at;
}

/* How many slots are there to be looked at, by whoever isn't the leader. */
static inline int
ct_shared_nslots(const CtShared *shared)
{
	int			n = *(const volatile int *) &shared->nslots;

	pg_read_barrier();
	return n;
}

static inline CtShared *
ct_slot_shared(CtSlot *slot)
{
	return (CtShared *) ((char *) slot - slot->above_shared);
}

static inline CtHistogram *
ct_slot_histogram(CtSlot *slot, int n)
{
	return relptr_access((char *) slot, slot->histograms) + n;
}

/* the words of the program's orders, of which this worker has seen those that are set */
static inline uint64 *
ct_slot_orders(const CtShared *shared, CtSlot *slot)
{
	return relptr_access((char *) slot, slot->orders);
}

static inline CtStream *
ct_slot_stream(CtSlot *slot)
{
	return relptr_access((char *) slot, slot->stream);
}

/*
 * Makes the segment for a plan; the resource owner in charge keeps it mapped.
 * nhistograms, norders, nplaces: the program's; nsessions: of an exploration,
 * else 0.
 */
extern dsm_segment *ct_shared_create(const Jsonb *document, int max_workers, int nhistograms,
									 int norders, int nplaces, int nsessions);

/* A slot of a worker that is about to be launched, empty; the leader's. */
extern CtSlot *ct_shared_make_slot(CtShared *shared, int worker);

/*
 * Attaches to a run's segment.  Returns NULL if there is no such run under
 * way.  Where this backend has it attached already, that segment is returned
 * and *attached set to false: then it is not the asker's to detach.
 */
extern CtShared *ct_shared_attach(dsm_handle handle, int64 run_id, dsm_segment **segment,
								  bool *attached);
extern CtShared *ct_shared_address(dsm_segment *segment);	/* raises if there is none in it */
extern Jsonb *ct_shared_document(CtShared *shared);
extern CtPlan *ct_shared_plan(CtShared *shared);

/* a bool for each of the program's places, once anybody has come past it */
extern bool *ct_shared_executed(CtShared *shared);

/* of an exploration; NULL if the run is none */
extern CtStage *ct_shared_stage(CtShared *shared);

/* single transactions that are kept; NULL with telemetry turned off, and of an exploration */
extern CtSamples *ct_shared_samples(CtShared *shared);

extern void ct_shared_set_state(CtShared *shared, CtRunState state);

/* Of a run of rounds: opens a further gate, whose time is set; has the sessions cleared for it. */
extern void ct_shared_open_gate(CtShared *shared);
extern void ct_shared_settle(CtShared *shared, int round);

/* The workers are to go on again, if they were stopped and nobody has ended the run. */
extern void ct_shared_unstop(CtShared *shared);
extern CtRunState ct_shared_state(CtShared *shared);
extern const char *ct_run_state_name(CtRunState state);	/* as ct_progress shows it */

/* How long the measured part had lasted at a moment after the gate, in seconds. */
extern double ct_shared_measured_seconds(const CtShared *shared, uint64 until_ns);

/* Wakes one worker, if it is there: whatever it waits for, it looks again. */
extern void ct_slot_wake(const CtSlot *slot);

/* Raises the stop level and wakes leader and workers. */
extern void ct_shared_stop(CtShared *shared, CtStopLevel level);

/* Asks the leader to cancel the run, in whatever it is doing. */
extern void ct_shared_cancel(CtShared *shared);

/* Asks the leader to end the run early, and to judge it. */
extern void ct_shared_ask_to_stop(CtShared *shared);

#endif							/* CT_SHARED_H */
