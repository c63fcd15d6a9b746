/*
 * deadlock.c
 *		Deadlocks: what a worker sees of the one that it is the victim of, and
 *		what the leader makes of it.
 *
 * The server tells the victim, in the error's detail, who waited for which lock
 * of whom.  Where each of them was, and what it held, nobody tells; but until
 * the victim gives its locks back all others still wait, so that it can look.
 * That has to be where the error is raised: a function that has a handler for
 * other errors gives back some locks before the error comes out of it.  So the
 * worker has a callback at the bottom of the stack of error contexts, which is
 * called for each error, and does something for deadlocks alone.
 *
 * The detail is in the user's language; its formats are the server's own.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "bgworker/deadlock.h"
#include "bgworker/lock_words.h"
#include "bgworker/locks.h"
#include "bgworker/outsider.h"
#include "src/base/scan_text.h"
#include "src/results/rows.h"

/* what the server says of one who takes part: who, mode, lock, for whom */
#define DEADLOCK_LINE	"Process %d waits for %s on %s; blocked by process %d."

/* those who are told of, and bytes of all that is told; a small stream has room for no more */
#define DEADLOCK_MAX	300
#define DEADLOCK_SIZE	(CT_DEADLOCK_SIZE(DEADLOCK_MAX) + 1024)

static CtShared *deadlock_shared;

/* ---- what the server says ---- */

/*
 * What DescribeLockTag calls each type of lock, and which of the tag's fields,
 * from 1, its numbers are.
 */
static const struct
{
	LockTagType type;
	const char *format;
	int			fields[4];
}			deadlock_tags[] =
{
	{LOCKTAG_RELATION, gettext_noop("relation %u of database %u"), {2, 1}},
	{LOCKTAG_RELATION_EXTEND, gettext_noop("extension of relation %u of database %u"), {2, 1}},
	{LOCKTAG_DATABASE_FROZEN_IDS, gettext_noop("pg_database.datfrozenxid of database %u"), {1}},
	{LOCKTAG_PAGE, gettext_noop("page %u of relation %u of database %u"), {3, 2, 1}},
	{LOCKTAG_TUPLE, gettext_noop("tuple (%u,%u) of relation %u of database %u"), {3, 4, 2, 1}},
	{LOCKTAG_TRANSACTION, gettext_noop("transaction %u"), {1}},
	{LOCKTAG_VIRTUALTRANSACTION, gettext_noop("virtual transaction %d/%u"), {1, 2}},
	{LOCKTAG_SPECULATIVE_TOKEN, gettext_noop("speculative token %u of transaction %u"), {2, 1}},
	{LOCKTAG_OBJECT, gettext_noop("object %u of class %u of database %u"), {3, 2, 1}},
	{LOCKTAG_USERLOCK, gettext_noop("user lock [%u,%u,%u]"), {1, 2, 3}},
	{LOCKTAG_ADVISORY, gettext_noop("advisory lock [%u,%u,%u,%u]"), {1, 2, 3, 4}},
};

static bool
deadlock_read_tag(CtSpan words, LOCKTAG *tag)
{
	int			i;
	int			f;

	for (i = 0; i < lengthof(deadlock_tags); i++)
	{
		CtSpan		numbers[4];
		int			n = 0;

		while (n < 4 && deadlock_tags[i].fields[n] != 0)
			n++;
		if (!ct_scan_text(_(deadlock_tags[i].format), words.start, words.length, numbers, n))
			continue;
		memset(tag, 0, sizeof(LOCKTAG));
		for (f = 0; f < n; f++)
		{
			uint32		number = ct_span_number(numbers[f]);

			switch (deadlock_tags[i].fields[f])
			{
				case 1:
					tag->locktag_field1 = number;
					break;
				case 2:
					tag->locktag_field2 = number;
					break;
				case 3:
					tag->locktag_field3 = number;
					break;
				case 4:
					tag->locktag_field4 = (uint16) number;
					break;
			}
		}
		tag->locktag_type = deadlock_tags[i].type;
		tag->locktag_lockmethodid = tag->locktag_type == LOCKTAG_ADVISORY ||
			tag->locktag_type == LOCKTAG_USERLOCK ? USER_LOCKMETHOD : DEFAULT_LOCKMETHOD;
		return true;
	}
	return false;
}

static LOCKMODE
deadlock_read_mode(CtSpan words)
{
	LOCKMODE	mode;

	for (mode = 1; mode <= MaxLockMode; mode++)
	{
		const char *name = GetLockmodeName(DEFAULT_LOCKMETHOD, mode);

		if (strlen(name) == words.length && strncmp(name, words.start, words.length) == 0)
			return mode;
	}
	return NoLock;
}

/*
 * Reads who took part and what each waited for; returns how many there are, the
 * first ones, 0 if it says something else.
 */
static int
deadlock_read(const char *detail, CtDeadlocked *participants)
{
	int			n = 0;

	while (*detail != '\0' && n < DEADLOCK_MAX)
	{
		CtDeadlocked *one = &participants[n];
		Size		length = strcspn(detail, "\n");
		CtSpan		args[4];

		memset(one, 0, sizeof(CtDeadlocked));
		if (!ct_scan_text(_(DEADLOCK_LINE), detail, length, args, 4) ||
			!deadlock_read_tag(args[2], &one->tag))
			return 0;
		one->pid = (int) ct_span_number(args[0]);
		one->mode = deadlock_read_mode(args[1]);
		if (one->mode == NoLock)
			return 0;
		one->place = -1;
		n++;
		detail += length + (detail[length] == '\n');
	}
	return n;
}

/* ---- what there is to be seen ---- */

/* The process of a participant, which waits, so that it stays; NULL if it can't be found. */
static PGPROC *
deadlock_process(CtDeadlocked *one)
{
	PGPROC	   *proc = one->pid == MyProcPid ? MyProc : BackendPidGetProc(one->pid);
	PGPROC	   *leader = proc == NULL ? NULL : *(PGPROC *volatile *) &proc->lockGroupLeader;

	/* read once: a detail that a function has raised itself may name who ends just now */
	if (leader != NULL)
	{
		/* of a parallel query it is who executes it that counts */
		proc = leader;
		one->pid = proc->pid;
	}
	return proc;
}

/* Adds the name of a participant that is none of the run's, as long as there is room. */
static void
deadlock_name(CtDeadlockRecord *record, CtDeadlocked *one)
{
	const char *name = ct_outsider(deadlock_shared, one->pid);
	int			length = strlen(name);

	if (record->size + length + 1 > DEADLOCK_SIZE)
		return;
	one->outsider = record->size;
	memcpy((char *) record + record->size, name, length + 1);
	record->size += length + 1;
}

static void
deadlock_look(CtDeadlockRecord *record)
{
	int			i;

	for (i = 0; i < record->n; i++)
	{
		CtDeadlocked *one = &record->participants[i];
		const CtDeadlocked *before = &record->participants[(i + record->n - 1) % record->n];
		PGPROC	   *proc = deadlock_process(one);
		int			worker = ct_shared_worker_of(deadlock_shared, one->pid);

		if (worker >= 0)
			one->place = CT_AT_PLACE(ct_slot_at(ct_shared_slot(deadlock_shared, worker)));
		if (one->pid == MyProcPid)
			record->victim = i;
		if (one->place < 0)
			deadlock_name(record, one);
		if (proc == NULL)
			continue;
		one->held = ct_locks_held(proc, &before->tag);
		if (one->tag.locktag_type == LOCKTAG_TRANSACTION)
			one->row_of = ct_locks_row_of(proc);
	}
}

/* Called for every error, and everything else that is reported, where it is raised. */
static void
deadlock_error(void *arg)
{
	MemoryContext oldcontext;
	MemoryContext context;
	ErrorData  *edata;
	CtDeadlockRecord *record;

	if (likely(geterrcode() != ERRCODE_T_R_DEADLOCK_DETECTED))
		return;

	/* where we are called is no place to leave anything */
	context = AllocSetContextCreate(TopMemoryContext, "ct_ext deadlock", ALLOCSET_SMALL_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	edata = CopyErrorData();
	if (edata->elevel >= ERROR && edata->detail != NULL)
	{
		record = palloc0(DEADLOCK_SIZE);
		record->at = GetCurrentTimestamp();
		record->n = deadlock_read(edata->detail, record->participants);
		record->size = CT_DEADLOCK_SIZE(record->n);
		if (record->n > 0)
		{
			deadlock_look(record);
			ct_deadlock_note(record, edata->detail);
		}
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

void
ct_deadlock_watch(CtShared *shared)
{
	static ErrorContextCallback callback;

	if (!shared->telemetry)
		return;
	deadlock_shared = shared;
	callback.callback = deadlock_error;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
}

/* ---- the leader ---- */

static int
deadlock_compare(const ListCell *a, const ListCell *b)
{
	const CtDeadlockRecord *x = lfirst(a);
	const CtDeadlockRecord *y = lfirst(b);

	return x->at < y->at ? -1 : x->at > y->at;
}

/* What a participant has that the one before waited for; NULL: nothing, or nobody knows. */
static const char *
deadlock_holds(const CtDeadlocked *one, const CtDeadlocked *before)
{
	LOCKMODE	mode = ct_lock_strongest(one->held);

	return mode == NoLock ? NULL :
		psprintf("%s on %s", ct_lock_mode(&before->tag, mode), ct_lock_object(&before->tag));
}

static CtDeadlockRow *
deadlock_row(const CtDeadlockRecord *record, int number, int i, const CtProgram *program)
{
	const CtDeadlocked *one = &record->participants[i];
	CtDeadlockRow *row = palloc0(sizeof(CtDeadlockRow));
	Oid			relation = ct_lock_relation(&one->tag);

	row->deadlock = number;
	row->participant = i + 1;
	row->victim = i == record->victim;
	row->at = record->at;
	row->step = -1;
	row->waits_for = -1;
	row->query = ct_deadlock_outsider(record, i);
	if (one->place >= 0)
		row->script = ct_program_step_at(program, one->place, &row->step, &row->query);
	if (one->mode == NoLock)
		return row;
	row->locktype = ct_lock_type(&one->tag);
	row->mode = ct_lock_mode(&one->tag, one->mode);
	row->waits_for = (i + 1) % record->n + 1;
	row->holds = deadlock_holds(one, &record->participants[(i + record->n - 1) % record->n]);
	row->relation = ct_relation_words(OidIsValid(relation) ? relation : one->row_of);
	return row;
}

List *
ct_deadlocks_as_rows(const CtDeadlocks *deadlocks, const CtProgram *program)
{
	List	   *records = list_copy(deadlocks->records);
	List	   *rows = NIL;
	ListCell   *lc;
	int			i;

	list_sort(records, deadlock_compare);
	foreach(lc, records)
	{
		const CtDeadlockRecord *record = lfirst(lc);

		for (i = 0; i < record->n; i++)
			rows = lappend(rows, deadlock_row(record, foreach_current_index(lc) + 1, i, program));
	}
	return rows;
}
