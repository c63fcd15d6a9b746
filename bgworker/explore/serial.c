/*
 * serial.c
 *		Serial equivalence: is there a serial order of an execution's sessions that
 *		leaves the tables as the execution did?
 *
 * Who takes part: each session that ended well, and of those that failed the
 * part that they had committed.  A session that ended well without a write may
 * be left out if it has reported so: by an outcome or a tally, or by returning
 * something that it returns in no serial order that was executed ("sold out").
 * Else that it did nothing is what is wrong.
 *
 * The order of the sessions' last commits is tried first, then all others.
 * Serial orders are executed when they are needed, once: what they leave behind
 * is remembered, and so is each answer.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "bgworker/explore/explore.h"

/* so many serial orders are executed in all */
#define MAX_ORDERS		10000

/* and answers remembered, which is all of them but where each execution leaves another state */
#define MAX_ANSWERS		100000

/* who takes part, and how far: 0 to the end, else up to that commit */
typedef struct CtSerialPart
{
	uint8		session;
	uint8		pad;
	uint16		last_commit;
} CtSerialPart;

typedef struct CtSerialKey
{
	int32		n;
	CtSerialPart parts[CT_MAX_SESSIONS];
} CtSerialKey;

/* a serial order that was executed */
typedef struct CtSerialOrder
{
	CtSerialKey key;
	bool		complete;		/* it came to its end */
	uint64		digest;
} CtSerialOrder;

/* what a session has returned in one of them */
typedef struct CtSerialSeen
{
	uint64		seen;
	uint32		sessions;		/* bits */
} CtSerialSeen;

/* an answer: is there a serial order of these parts, some of which may be left out? */
typedef struct CtSerialQuestion
{
	CtSerialKey key;			/* in the order of the sessions */
	uint32		optional;		/* bits of the parts */
	uint32		pad;
	uint64		digest;
} CtSerialQuestion;

typedef struct CtSerialRemembered
{
	CtSerialQuestion question;
	CtSerialAnswer answer;
} CtSerialRemembered;

struct CtSerial
{
	CtExplorer *explorer;
	HTAB	   *orders;
	HTAB	   *seen;
	HTAB	   *answers;
	CtSerialKey nearest;		/* of the execution that was last asked for */
};

static HTAB *
serial_table(const char *name, Size keysize, Size entrysize)
{
	HASHCTL		ctl = {0};

	ctl.keysize = keysize;
	ctl.entrysize = entrysize;
	ctl.hcxt = CurrentMemoryContext;
	return hash_create(name, 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

struct CtSerial *
ct_serial_create(CtExplorer *explorer)
{
	struct CtSerial *serial = palloc0(sizeof(struct CtSerial));

	serial->explorer = explorer;
	serial->orders = serial_table("ct_ext serial orders", sizeof(CtSerialKey), sizeof(CtSerialOrder));
	serial->seen = serial_table("ct_ext serial results", sizeof(uint64), sizeof(CtSerialSeen));
	serial->answers = serial_table("ct_ext serial answers", sizeof(CtSerialQuestion),
								   sizeof(CtSerialRemembered));
	return serial;
}

/* ---- serial orders ---- */

/* Executes it from the beginning; the state is there then. */
static bool
serial_execute(struct CtSerial *serial, const CtSerialKey *key)
{
	CtExplorer *explorer = serial->explorer;
	int			sessions[CT_MAX_SESSIONS];
	int			last_commits[CT_MAX_SESSIONS];
	int			i;

	for (i = 0; i < key->n; i++)
	{
		sessions[i] = key->parts[i].session;
		last_commits[i] = key->parts[i].last_commit;
	}
	ct_explorer_reset(explorer);
	return ct_explorer_run_serial(explorer, key->n, sessions, last_commits) == CT_EXECUTION_COMPLETE;
}

/* What it leaves behind, from memory or by executing it; NULL: it may be executed no more. */
static CtSerialOrder *
serial_get(struct CtSerial *serial, const CtSerialKey *key, bool execute)
{
	CtExplorer *explorer = serial->explorer;
	CtSerialOrder *order = hash_search(serial->orders, key, HASH_FIND, NULL);
	bool		complete;
	uint64		digest = 0;
	int			i;

	if (order != NULL || !execute || hash_get_num_entries(serial->orders) >= MAX_ORDERS ||
		ct_explorer_is_over(explorer))
		return order;
	complete = serial_execute(serial, key);
	explorer->found->serial_orders++;
	if (complete)
	{
		digest = ct_state_digest(explorer->state);
		for (i = 0; i < key->n; i++)
		{
			int			k = key->parts[i].session;
			CtSerialSeen *seen;
			bool		before;

			if (key->parts[i].last_commit != 0)
				continue;
			seen = hash_search(serial->seen, &explorer->execution->sessions[k].seen, HASH_ENTER,
							   &before);
			if (!before)
				seen->sessions = 0;
			seen->sessions |= 1 << k;
		}
	}
	order = hash_search(serial->orders, key, HASH_ENTER, NULL);
	order->complete = complete;
	order->digest = digest;
	return order;
}

/* ---- who takes part ---- */

/* Has it said, or shown by what it returned, that it did nothing? */
static bool
serial_reported(const struct CtSerial *serial, int session, const CtSessionEnd *end)
{
	const CtSerialSeen *seen;

	if (end->said)
		return true;
	seen = hash_search(serial->seen, &end->seen, HASH_FIND, NULL);
	return seen == NULL || (seen->sessions & (1 << session)) == 0;
}

/* The parts, by the order of their last commits; optional: bits of those that may be left out. */
static void
serial_take_parts(const struct CtSerial *serial, CtSerialKey *key, bool *may_report)
{
	const CtExecution *ex = serial->explorer->execution;
	int64		commit_order[CT_MAX_SESSIONS];
	int			k;

	memset(key, 0, sizeof(CtSerialKey));
	for (k = 0; k < ex->nsessions; k++)
	{
		const CtSessionEnd *end = &ex->sessions[k];
		int64		order = end->commit_order == 0 ? PG_INT64_MAX : end->commit_order;
		int			i;

		may_report[k] = !end->failed && !end->wrote;
		if (end->failed && !(end->wrote && end->commits > 0))
			continue;
		for (i = key->n; i > 0 && commit_order[i - 1] > order; i--)
		{
			key->parts[i] = key->parts[i - 1];
			commit_order[i] = commit_order[i - 1];
		}
		key->parts[i].session = k;
		key->parts[i].last_commit = end->failed ? Min(end->commits, PG_UINT16_MAX) : 0;
		commit_order[i] = order;
		key->n++;
	}
}

/* ---- the answer ---- */

/* The next permutation of these numbers, in lexical order; false after the last one. */
static bool
serial_permute(int *numbers, int n)
{
	int			i = n - 2;
	int			j = n - 1;
	int			swap;

	while (i >= 0 && numbers[i] > numbers[i + 1])
		i--;
	if (i < 0)
		return false;
	while (numbers[j] < numbers[i])
		j--;
	swap = numbers[i];
	numbers[i] = numbers[j];
	numbers[j] = swap;
	for (i++, j = n - 1; i < j; i++, j--)
	{
		swap = numbers[i];
		numbers[i] = numbers[j];
		numbers[j] = swap;
	}
	return true;
}

/* Does an order of these parts leave that state? */
static CtSerialAnswer
serial_look(struct CtSerial *serial, const CtSerialKey *parts, uint64 digest, bool execute)
{
	CtSerialAnswer answer = CT_SERIAL_NO;
	CtSerialKey key;
	int			numbers[CT_MAX_SESSIONS];
	int			i;

	for (i = 0; i < parts->n; i++)
		numbers[i] = i;
	do
	{
		const CtSerialOrder *order;

		memset(&key, 0, sizeof(key));
		key.n = parts->n;
		for (i = 0; i < parts->n; i++)
			key.parts[i] = parts->parts[numbers[i]];
		order = serial_get(serial, &key, execute);
		if (order == NULL)
			answer = CT_SERIAL_UNKNOWN;
		else if (order->complete && order->digest == digest)
			return CT_SERIAL_YES;
		if (order == NULL && execute)
			break;
	} while (serial_permute(numbers, parts->n));
	return answer;
}

/* The same with some of those that may be left out left out: first none, then each. */
static CtSerialAnswer
serial_ask(struct CtSerial *serial, const CtSerialKey *parts, uint32 optional, uint64 digest)
{
	CtSerialAnswer answer = CT_SERIAL_NO;
	int			pass;

	/* what is known already comes first */
	for (pass = 0; pass < 2; pass++)
	{
		uint32		out = 0;

		answer = CT_SERIAL_NO;
		do
		{
			CtSerialKey key;
			CtSerialAnswer one;
			int			i;

			memset(&key, 0, sizeof(key));
			for (i = 0; i < parts->n; i++)
				if ((out & (1 << parts->parts[i].session)) == 0)
					key.parts[key.n++] = parts->parts[i];
			one = serial_look(serial, &key, digest, pass == 1);
			if (one == CT_SERIAL_YES)
				return CT_SERIAL_YES;
			if (one == CT_SERIAL_UNKNOWN)
				answer = CT_SERIAL_UNKNOWN;
			out = (out - optional) & optional;	/* the next subset */
		} while (out != 0);
		if (answer == CT_SERIAL_NO)
			break;
	}
	return answer;
}

/* Those that may be left out, by what is known of serial orders by now. */
static uint32
serial_optional(const struct CtSerial *serial, const CtSerialKey *parts, const bool *may_report,
				const CtSessionEnd *ends)
{
	uint32		optional = 0;
	int			i;

	for (i = 0; i < parts->n; i++)
	{
		int			k = parts->parts[i].session;

		if (may_report[k] && serial_reported(serial, k, &ends[k]))
			optional |= 1 << k;
	}
	return optional;
}

CtSerialAnswer
ct_serial_explains(struct CtSerial *serial, uint64 digest)
{
	CtSessionEnd ends[CT_MAX_SESSIONS];
	bool		may_report[CT_MAX_SESSIONS];
	CtSerialKey parts;
	CtSerialQuestion question;
	CtSerialRemembered *remembered;
	CtSerialAnswer answer;
	uint32		optional;
	int			k;

	/* executing serial orders forgets what is known of the execution */
	memcpy(ends, serial->explorer->execution->sessions, sizeof(ends));
	serial_take_parts(serial, &parts, may_report);
	serial->nearest = parts;

	/* a first one of each set, for what sessions return in it */
	optional = 0;
	for (k = 0; k < serial->explorer->execution->nsessions; k++)
		if (may_report[k])
			optional |= 1 << k;
	memset(&question, 0, sizeof(question));
	question.key = parts;
	question.optional = optional == 0 ? 0 : serial_optional(serial, &parts, may_report, ends);
	question.digest = digest;
	remembered = hash_search(serial->answers, &question, HASH_FIND, NULL);
	if (remembered != NULL && (remembered->answer == CT_SERIAL_YES || question.optional == 0))
		return remembered->answer;

	/* without leaving out anybody; then it is known what they return in serial orders */
	answer = serial_ask(serial, &parts, 0, digest);
	if (answer == CT_SERIAL_NO && optional != 0)
	{
		optional = serial_optional(serial, &parts, may_report, ends);
		if (optional != 0)
			answer = serial_ask(serial, &parts, optional, digest);
	}
	if (answer != CT_SERIAL_UNKNOWN && hash_get_num_entries(serial->answers) < MAX_ANSWERS)
	{
		remembered = hash_search(serial->answers, &question, HASH_ENTER, NULL);
		remembered->answer = answer;
	}
	return answer;
}

char *
ct_serial_nearest(struct CtSerial *serial)
{
	StringInfoData buf;
	int			i;

	if (serial->nearest.n == 0 || !serial_execute(serial, &serial->nearest))
		return NULL;
	initStringInfo(&buf);
	for (i = 0; i < serial->nearest.n; i++)
		appendStringInfo(&buf, "%s%d", i > 0 ? ", " : "", serial->nearest.parts[i].session + 1);
	return buf.data;
}
