/*
 * leader.h
 *		What the leader's files share: its state, its transactions, its signals.
 *
 * leader.c has the way from the start to the verdict, watch.c what the leader
 * does while the workers are at it, ending.c what follows in any case.
 */
#ifndef CT_LEADER_H
#define CT_LEADER_H

#include "postmaster/bgworker.h"

#include "bgworker/asleep.h"
#include "bgworker/resources.h"
#include "bgworker/shm/deadlock_record.h"
#include "bgworker/shm/merge.h"
#include "bgworker/shm/shared.h"
#include "bgworker/standstill.h"
#include "src/checks/check.h"
#include "src/metrics/recovery.h"
#include "src/plan/program.h"
#include "src/session/session.h"

typedef struct CtLeader CtLeader;

/*
 * Has the workers do what the run is for: called once the gate's time is set,
 * returns when the last one has ended; raises what ends the run.
 */
typedef void (*CtDrive) (CtLeader *leader);

struct CtLeader
{
	CtShared   *shared;
	dsm_segment *segment;
	MemoryContext context;		/* the leader's life */
	CtPlan	   *plan;
	CtProgram  *program;
	CtSession  *session;
	CtDrive		drive;
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
	TimestampTz gate_at;		/* when the first one was opened */
	const char *ended_by;		/* what has ended it early, or NULL */
	const char *culprit;		/* the place in a script whose fault it was; or NULL */
	uint64		end_ns;			/* when the last worker had ended; 0 before */
	List	   *cloned;			/* relations of the user's that sessions lacked, in their order, of Oid */
	int64		cloned_bytes;
	List	   *cloned_names;	/* the same, of char * */
	struct CtRounds *rounds;	/* of a run of rounds; else NULL */
	struct CtExploration *exploration;	/* what it found, of a run that explores; else NULL */
	struct CtExplorer *explorer;	/* the same */
	CtAsleepSampler sampler;
	struct CtSampler *waits;	/* NULL: nobody wants to know */
	CtStandstill standstill;
	char	   *stands_still;	/* who waits for whom, if that ended the run; or NULL */
	CtErrorTexts error_texts;	/* what came by the workers' streams; see drain.h */
	CtDeadlocks deadlocks;		/* the same */
	char	   *record;			/* a stream's longest one */
	int			unreadable;		/* records that were none */

	/* of the watch */
	int			nduties;
	struct CtDuty *duties;
	uint64		stop_due_ns;	/* when the stop has something to do next; PG_UINT64_MAX: never */
	bool		stopping;		/* the time is up */
	BackgroundWorkerHandle *locker; /* the process that holds a lock; NULL: there is none */
	uint64		hold_next_ns;	/* when it is to ask for it next; 0: not known yet */
	int			times_held;
	uint64		timeout_ns;		/* when the run is to end in any case; PG_UINT64_MAX: never */

	/* of the timeline */
	CtTotals	last_totals;
	CtHistogram *last_latency;
	CtHistogram *latency;
	CtHistogram *difference;
	uint64		last_ns;
	CtTotals	written_totals; /* of the second that was written last, be it committed or not */
	uint64		written_ns;
	bool		told_of_second; /* that one couldn't be written */
	CtResources resources;
	bool		without_resources;	/* they can't be recorded, second by second */
	CtRecovery *recoveries;		/* of each phase; NULL: nothing was looked at yet */
	CtStanding *standing;		/* of each worker, as of the last second */
	int			baseline_still; /* workers that stood still in the baseline's worst second */
};

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

/* Executes the run's setup, and its variant's, in the sandbox, which is empty. */
extern void ct_leader_run_setup(CtLeader *leader);

/*
 * Does in a transaction of its own what the run can do without, or later.
 * Returns false if it can't be done now; what is no matter of time is raised.
 */
extern bool ct_leader_try(CtLeader *leader, int lock_timeout_ms,
						  void (*piece) (CtLeader *leader));

/* Raises if the run is to end now. */
extern void ct_leader_check_for_end(CtLeader *leader);

/*
 * Waits for news of the workers, or until the time; raises if the run is to
 * end now.  We stay on the condition variable's list between two waits, so as
 * to miss nothing: who has waited ends it.
 */
extern void ct_leader_wait(CtLeader *leader, uint64 until_ns);
extern void ct_leader_end_wait(void);

/* Raises if a worker couldn't go on, with its reason. */
extern void ct_leader_check_workers(CtLeader *leader);

/* how many of them are in one of these states */
extern int	ct_leader_count_workers(CtLeader *leader, CtWorkerState from, CtWorkerState to);

/*
 * Sets the gate's time, somewhat ahead, and what follows from it.  before_ns:
 * what was measured in earlier rounds.
 */
extern void ct_leader_set_gate(CtLeader *leader, uint64 before_ns);

/* That the run is under way, into its row, unless somebody holds that for longer. */
extern void ct_leader_record_running(CtLeader *leader, int lock_timeout_ms);

/*
 * The measured part's length so far: the duration, or what there was of it;
 * where a number of transactions ended it, until the last one had ended.
 */
extern double ct_leader_measured_seconds(CtLeader *leader);

/* From here on signals interrupt nothing, or again what is executed. */
extern void ct_leader_hold_off(bool hold);

/* That somebody cancelled what was executed until now has been heard. */
extern void ct_leader_forget_signal(void);

/* That the leader cancelled itself was too late, and what it does next isn't meant. */
extern void ct_leader_forgive_cancel(const CtLeader *leader);

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
