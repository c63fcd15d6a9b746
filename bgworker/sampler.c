/*
 * sampler.c
 *		What the sessions of a run wait for, by looking at them.
 *
 * A worker says what it is at in its slot, by one store for each statement, and
 * every process shows its wait event to everybody.  The leader reads both,
 * without a lock, about once in ct_ext.sample_interval: what a tenth of the
 * looks find is what takes a tenth of the time.  It costs the workers nothing.
 *
 * The time between two looks is drawn at random about the interval, so that a
 * script that repeats itself every so many milliseconds isn't always seen at
 * the same place.  A look that comes late moves those after it, and isn't made
 * up for: what one sees is of its own moment.
 *
 * What a worker does for the tool's sake (a pause, a barrier, its turn that
 * hasn't come) is told by what it says itself, for such a wait may be too short
 * to have an event.  All else is what the server says, and where that says
 * nothing the process works, or would if it had a processor.
 *
 * A process that is gone, or whose place another one has taken by now, isn't
 * counted: its pid is looked at before and after its wait event.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "storage/proc.h"
#include "utils/wait_event.h"

#include "bgworker/blocking.h"
#include "bgworker/sampler.h"
#include "src/results/rows.h"

/* a wait event of no class that the server has: what a worker is at, for the tool's sake */
#define SAMPLER_OURS	((uint32) 0xCE000000)

/* a look stands for the time since the one before; not for more than so many intervals */
#define SAMPLER_STALLED	UINT64CONST(3)

/* what was seen of one script, and how often */
typedef struct CtSeen
{
	uint64		key;			/* script, wait event */
	char		status;			/* simplehash's */
	int64		samples;
} CtSeen;

#define SH_PREFIX		seen
#define SH_ELEMENT_TYPE CtSeen
#define SH_KEY_TYPE		uint64
#define SH_KEY			key
#define SH_HASH_KEY(table, key)		((uint32) ((key) ^ ((key) >> 24) ^ ((key) >> 32) * 31))
#define SH_EQUAL(table, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct CtSampler
{
	CtShared   *shared;
	const CtProgram *program;
	int		   *script_at;		/* of each place */
	seen_hash  *seen;
	pg_prng_state random;
	uint64		interval_ns;
	uint64		next_ns;		/* when to look again */
	uint64		last_ns;		/* when it was looked last, for what is counted; or 0 */
	CtBlocking *blocking;
};

/* what the waits that are the tool's are called */
static const char *const sampler_ours[CT_AT_END] = {
	[CT_AT_GATE] = "gate",
	[CT_AT_BARRIER] = "barrier",
	[CT_AT_PAUSE] = "pause",
	[CT_AT_DUE] = "due",
};

CtSampler *
ct_sampler_create(CtShared *shared, const CtProgram *program)
{
	CtSampler  *sampler;
	int			place;
	int			command;

	if (!shared->telemetry)
		return NULL;
	sampler = palloc0(sizeof(CtSampler));
	sampler->shared = shared;
	sampler->program = program;
	sampler->blocking = ct_blocking_create(shared, program);
	sampler->seen = seen_create(CurrentMemoryContext, 64, NULL);
	sampler->interval_ns = shared->sample_interval * CT_NS_PER_MS;
	pg_prng_seed(&sampler->random, (uint64) shared->run_id);
	sampler->script_at = palloc0(Max(program->nplaces, 1) * sizeof(int));
	for (place = 0; place < program->nplaces; place++)
		sampler->script_at[place] = ct_program_script_at(program, place, &command);
	return sampler;
}

/* What the process of a slot waits for, 0: nothing; false if it isn't there. */
static inline bool
sampler_wait_event(const CtSlot *slot, uint32 *event)
{
	int			procno = *(const volatile int *) &slot->procno;
	int			pid = *(const volatile int *) &slot->pid;
	PGPROC	   *proc;

	if (procno < 0)
		return false;
	proc = &ProcGlobal->allProcs[procno];
	if (*(volatile int *) &proc->pid != pid)
		return false;
	*event = *(volatile uint32 *) &proc->wait_event_info;
	return *(volatile int *) &proc->pid == pid;
}

static inline void
sampler_count(CtSampler *sampler, int script, uint32 event)
{
	bool		found;
	CtSeen	   *seen = seen_insert(sampler->seen, ((uint64) script << 32) | event, &found);

	if (!found)
		seen->samples = 0;
	seen->samples++;
}

static void
sampler_look_at(CtSampler *sampler, int worker)
{
	CtSlot	   *slot = ct_shared_slot(sampler->shared, worker);
	uint32		at = ct_slot_at(slot);
	CtAt		what = CT_AT_WHAT(at);
	int			place = CT_AT_PLACE(at);
	uint32		event;
	bool		there = pg_atomic_read_u32(&slot->state) == CT_WORKER_WORKING && what < CT_AT_END &&
		place < sampler->program->nplaces && sampler_wait_event(slot, &event);

	if (there && what != CT_AT_STATEMENT)
		event = SAMPLER_OURS | what;
	if (there)
		sampler_count(sampler, sampler->script_at[place], event);
	ct_blocking_sample(sampler->blocking, worker, place, there && (event & 0xFF000000) == PG_WAIT_LOCK);
}

uint64
ct_sampler_look(CtSampler *sampler, uint64 now_ns, bool counted)
{
	CtShared   *shared = sampler->shared;
	int			i;

	if (now_ns < sampler->next_ns)
		return sampler->next_ns;
	if (counted)
	{
		for (i = 0; i < shared->nworkers; i++)
			sampler_look_at(sampler, i);
		ct_blocking_look(sampler->blocking, now_ns, sampler->last_ns == 0 ? sampler->interval_ns :
						 Min(now_ns - sampler->last_ns, SAMPLER_STALLED * sampler->interval_ns));
		sampler->last_ns = now_ns;
	}
	if (sampler->next_ns + sampler->interval_ns < now_ns)
		sampler->next_ns = now_ns;
	sampler->next_ns += (uint64) (sampler->interval_ns * (0.5 + pg_prng_double(&sampler->random)));
	return sampler->next_ns;
}

/* ---- what was seen ---- */

/* Adds it to the row of that name, for the server may show several events alike. */
static List *
sampler_add_row(List *rows, const char *script, const char *type, const char *event, int64 samples)
{
	CtWaitRow  *row;
	ListCell   *lc;

	foreach(lc, rows)
	{
		row = lfirst(lc);
		if (strcmp(row->script, script) == 0 && strcmp(row->wait_event_type, type) == 0 &&
			strcmp(row->wait_event, event) == 0)
		{
			row->samples += samples;
			return rows;
		}
	}
	row = palloc0(sizeof(CtWaitRow));
	row->script = script;
	row->wait_event_type = pstrdup(type);
	row->wait_event = pstrdup(event);
	row->samples = samples;
	return lappend(rows, row);
}

List *
ct_sampler_blocking(const CtSampler *sampler)
{
	return sampler == NULL ? NIL : ct_blocking_as_rows(sampler->blocking);
}

List *
ct_sampler_rows(const CtSampler *sampler)
{
	List	   *rows = NIL;
	seen_iterator iterator;
	CtSeen	   *seen;

	if (sampler == NULL)
		return NIL;
	seen_start_iterate(sampler->seen, &iterator);
	while ((seen = seen_iterate(sampler->seen, &iterator)) != NULL)
	{
		uint32		event = (uint32) seen->key;
		const char *script = sampler->program->scripts[seen->key >> 32].script->name;

		if (event == 0)
			rows = sampler_add_row(rows, script, "CPU", "CPU", seen->samples);
		else if ((event & 0xFF000000) == SAMPLER_OURS)
			rows = sampler_add_row(rows, script, "ct_ext", sampler_ours[event & 0xFF], seen->samples);
		else
			rows = sampler_add_row(rows, script, pgstat_get_wait_event_type(event),
								   pgstat_get_wait_event(event), seen->samples);
	}
	return rows;
}
