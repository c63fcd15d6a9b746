/*
 * leader.h
 *		What the leader's files share: its state, its transactions, its signals.
 *
 * leader.c has the way from the start to the verdict, ending.c what follows in
 * any case.
 */
#ifndef CT_LEADER_H
#define CT_LEADER_H

#include "postmaster/bgworker.h"

#include "bgworker/asleep.h"
#include "bgworker/shm/merge.h"
#include "bgworker/shm/shared.h"
#include "bgworker/standstill.h"
#include "src/checks/check.h"
#include "src/plan/program.h"
#include "src/session/session.h"

typedef struct CtLeader
{
	CtShared   *shared;
	dsm_segment *segment;
	MemoryContext context;		/* the leader's life */
	CtPlan	   *plan;
	CtProgram  *program;
	CtSession  *session;
	int			nhandles;
	BackgroundWorkerHandle **handles;
	int			unswept;		/* crashed runs that there was no time to close */
	bool		recorded_start; /* the row is there */
	bool		recorded_running;	/* and says that the run is under way */
	Oid			sandbox;		/* schema that we made, InvalidOid if none */
	CtChecks   *checks;			/* ready to be asked */
	MemoryContext tick_context; /* reset each second */
	bool		setup_begun;	/* there may be something to tear down */
	bool		gate_opened;
	const char *ended_by;		/* what has ended it early, or NULL */
	const char *culprit;		/* the place in a script whose fault it was; or NULL */
	uint64		end_ns;			/* when the last worker had ended; 0 before */
	CtAsleepSampler sampler;
	CtStandstill standstill;
	char	   *stands_still;	/* who waits for whom, if that ended the run; or NULL */

	/* of the timeline */
	CtTotals	last_totals;
	CtHistogram *last_latency;
	CtHistogram *latency;
	CtHistogram *difference;
	uint64		last_ns;
	bool		told_of_second; /* that one couldn't be written */
} CtLeader;

/*
 * A transaction of the leader's own, which waits at most so long for each lock
 * (0: without a bound), whatever setup has SET.
 */
extern void ct_leader_begin(int lock_timeout_ms);
extern void ct_leader_commit(CtLeader *leader);

/* After an error: back to no transaction, in the leader's memory. */
extern void ct_leader_rollback(CtLeader *leader);

/*
 * Is it an error that may be gone when the same is tried again: a lock that
 * somebody holds, a deadlock, a resource that is used up?
 */
extern bool ct_leader_may_retry(int sqlstate);

/* Executes a script of setup or teardown, from its first command to its last. */
extern void ct_leader_run_script(CtLeader *leader, const char *name, const char *body);

/* What happened since the last time, into the timeline; in a transaction. */
extern void ct_leader_record_second(CtLeader *leader);

/*
 * The measured part's length so far: the duration, or what there was of it;
 * where a number of transactions ended it, until the last one had ended.
 */
extern double ct_leader_measured_seconds(CtLeader *leader);

/* From here on signals interrupt nothing, or again what is executed. */
extern void ct_leader_hold_off(bool hold);

/* That somebody cancelled what was executed until now has been heard. */
extern void ct_leader_forget_signal(void);

/* when SIGTERM came first; 0 if it didn't */
extern uint64 ct_leader_terminated_ns(void);

/* Has somebody asked for the run's end, by whatever means? */
extern bool ct_leader_interrupted(const CtLeader *leader);

/*
 * Ends the run: records it, drops the sandbox, tells the caller.  results:
 * with a verdict, or NULL; error: what made it fail, NULL if nothing did.
 */
extern void ct_leader_finish(CtLeader *leader, CtResults *results, const ErrorData *error);

#endif							/* CT_LEADER_H */
