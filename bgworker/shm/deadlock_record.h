/*
 * deadlock_record.h
 *		Deadlocks on their way from the worker that was its victim to the leader.
 *
 * A worker notes what it sees of a deadlock at the moment that it is the victim
 * of, when all others are still where they were (deadlock.c).  Once the error
 * that came of it is counted it is sent, by the worker's stream, so that there
 * are as many records as errors.  An error that a function has caught is
 * neither; one of that SQLSTATE of which nothing was noted, since a function
 * made it up, is a record with nobody but the victim in it.
 */
#ifndef CT_DEADLOCK_RECORD_H
#define CT_DEADLOCK_RECORD_H

#include "nodes/pg_list.h"
#include "storage/lock.h"
#include "utils/timestamp.h"

struct CtSlot;

/*
 * So many deadlocks of a run are kept, the first ones, each with all who took
 * part, as long as these aren't more than so many.
 */
#define CT_MAX_DEADLOCKS		1000
#define CT_MAX_DEADLOCKED		10000

/* who took part; each waited for the next one, and the last one for the first */
typedef struct CtDeadlocked
{
	int			pid;
	int			place;			/* that it was at, in the program's numbering; -1: it is none of the run's */
	LOCKTAG		tag;			/* what it waited for, */
	LOCKMODE	mode;			/* in this mode; NoLock: that isn't known */
	LOCKMASK	held;			/* what it held of the one that the one before waited for */
	Oid			row_of;			/* of which table it waits for a row, where its lock doesn't say; or invalid */
	int			outsider;		/* of who is none of the run's: where its name is, see below; or 0 */
} CtDeadlocked;

/* with the outsiders' names behind it */
typedef struct CtDeadlockRecord
{
	TimestampTz at;
	int			size;			/* bytes, of all of it */
	int			victim;			/* index in participants */
	int			n;
	CtDeadlocked participants[FLEXIBLE_ARRAY_MEMBER];
} CtDeadlockRecord;

#define CT_DEADLOCK_SIZE(n) \
	((int) (offsetof(CtDeadlockRecord, participants) + (Size) (n) * sizeof(CtDeadlocked)))

/* what to call a participant that is none of the run's; else NULL */
static inline const char *
ct_deadlock_outsider(const CtDeadlockRecord *record, int i)
{
	int			at = record->participants[i].outsider;

	return at > 0 && at < record->size ? (const char *) record + at : NULL;
}

/* the leader's */
typedef struct CtDeadlocks
{
	List	   *records;		/* of CtDeadlockRecord *, as they came */
	int			nparticipants;	/* of all of them */
} CtDeadlocks;

/* A worker's: this is what the error with that detail came of. */
extern void ct_deadlock_note(const CtDeadlockRecord *record, const char *detail);

/* A worker's: the error is counted, at that place. */
extern void ct_deadlock_send(struct CtSlot *slot, int place, const ErrorData *edata);

/* The leader's: takes a record, into the current memory context; false if it is none. */
extern bool ct_deadlock_receive(CtDeadlocks *deadlocks, const char *bytes, Size size);

/* Is no more kept? */
extern bool ct_deadlocks_are_enough(const CtDeadlocks *deadlocks);

#endif							/* CT_DEADLOCK_RECORD_H */
