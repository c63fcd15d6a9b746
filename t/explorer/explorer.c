/*
 * explorer.c
 *		Executes all interleavings of programs, and counts what comes of them.
 *
 * usage: explorer [--list] [--limit N] CONNINFO FILE..
 *
 * A line for each file: its name, and then counts, "complete=20 violating=6 ...".
 * --list: a line for each execution before it.  --limit: more executions than
 * that are not made; complete is -1 then.  As a superuser, on the server's own
 * machine as the server's own user, in a database whose schema "truth" is the
 * explorer's.
 *
 * complete: interleavings; violating: after which a check found a row; deadlocks:
 * in which a session met 40P01; retried: met 40001; errors: in which a session
 * ended in an error other than 40P01, and not in a 40001 that it could be run
 * again for; not_serial: whose state no serial order of the sessions leaves;
 * hangs: in which sessions waited for ever; states: different ones at the end.
 *
 * An error ends its session.  One that met 40001 or 40P01 having committed
 * nothing is run again, alone, when all have ended, and then the checks are asked.
 */
#include "postgres_fe.h"

#include "explorer.h"

#define MAX_DEPTH	(MAX_SESSIONS * MAX_STEPS)
#define MAX_SERIAL	4096
#define MAX_STATES	4096

typedef struct Node
{
	unsigned	enabled;		/* sessions, as bits */
	int			chosen;
} Node;

/* sessions one after the other: which, and up to which commit */
typedef struct Order
{
	int			n;
	int			session[MAX_SESSIONS];
	int			last_commit[MAX_SESSIONS];	/* 0: to the end */
} Order;

typedef struct Serial
{
	Order		order;
	uint64_t	digest;
	uint64_t	seen[MAX_SESSIONS];
} Serial;

typedef struct Counts
{
	long		complete;
	long		violating;
	long		deadlocks;
	long		retried;
	long		errors;
	long		not_serial;
	long		hangs;
	long		states;
} Counts;

static bool list;
static long limit = 100000;

static Node nodes[MAX_DEPTH];
static Serial serial[MAX_SERIAL];
static int	nserial;
static uint64_t states[MAX_STATES];
static Text left_out;			/* columns, as an array's text */

static const char *const functions =
"CREATE OR REPLACE FUNCTION public.truth_columns(OUT name text, OUT digest text) RETURNS SETOF record LANGUAGE plpgsql AS $$"
"DECLARE c record; BEGIN"
" FOR c IN SELECT r.relname, a.attname FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid"
"  WHERE r.relnamespace = 'truth'::regnamespace AND r.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped LOOP"
"  name := c.relname || '.' || c.attname;"
"  EXECUTE format('SELECT md5(string_agg(%2$I::text, E''\\n'' ORDER BY %2$I::text)) FROM truth.%1$I', c.relname, c.attname) INTO digest;"
"  RETURN NEXT; END LOOP; END $$;"
"CREATE OR REPLACE FUNCTION public.truth_state(left_out text[]) RETURNS text LANGUAGE plpgsql AS $$"
"DECLARE t record; state text := ''; rows text; BEGIN"
" FOR t IN SELECT r.relname, (SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a"
"    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND r.relname || '.' || a.attname <> ALL (left_out)) AS columns"
"  FROM pg_class r WHERE r.relnamespace = 'truth'::regnamespace AND r.relkind = 'r' ORDER BY r.relname LOOP"
"  EXECUTE format('SELECT string_agg(r, '' '' ORDER BY r) FROM (SELECT ROW(%s)::text FROM truth.%I) t(r)', t.columns, t.relname) INTO rows;"
"  state := state || t.relname || ': ' || coalesce(rows, '') || E'\\n'; END LOOP;"
" RETURN state; END $$;";

/* The tables as they are now, as text. */
static void
state_read(Text *text)
{
	Text		sql = {0};
	PGresult   *result;

	text_add(&sql, "SELECT public.truth_state('{%s}')", left_out.len ? left_out.data : "");
	result = monitor_query(sql.data);
	text_reset(text);
	text_add(text, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	free(sql.data);
}

static uint64_t
state_digest(void)
{
	static Text text;

	state_read(&text);
	return text_hash(text.data, text.len);
}

/* A session's steps, one after the other.  False if it waits for ever. */
static bool
run_alone(const Program *program, int k)
{
	while (sessions[k].state == IDLE)
		session_step(program, k);
	return sessions[k].state == ENDED;
}

/* ---- serial orders ---- */

static void
order_run(const Program *program, const Order *order)
{
	for (int i = 0; i < order->n; i++)
	{
		Session    *s = &sessions[order->session[i]];

		s->last_commit = order->last_commit[i];
		if (program->nsteps[order->session[i]] == 0)
			continue;
		if (!run_alone(program, order->session[i]))
			return;
		if (PQtransactionStatus(s->conn) != PQTRANS_IDLE)
			PQclear(PQexec(s->conn, "ROLLBACK"));
	}
}

static const Serial *
serial_get(const Program *program, const Order *order)
{
	Serial	   *found;

	for (int i = 0; i < nserial; i++)
	{
		const Order *o = &serial[i].order;

		if (o->n == order->n &&
			memcmp(o->session, order->session, order->n * sizeof(int)) == 0 &&
			memcmp(o->last_commit, order->last_commit, order->n * sizeof(int)) == 0)
			return &serial[i];
	}
	if (nserial == MAX_SERIAL)
		fatal("too many serial orders");
	found = &serial[nserial++];
	found->order = *order;
	sessions_reset(program);
	order_run(program, order);
	found->digest = state_digest();
	for (int i = 0; i < order->n; i++)
	{
		const Text *seen = &sessions[order->session[i]].seen;

		found->seen[order->session[i]] = text_hash(seen->data, seen->len);
	}
	return found;
}

/* Calls visit with each permutation of the sessions in the order, until it says true. */
static bool
permute(Order *order, int from, bool (*visit) (const Order *order, void *arg), void *arg)
{
	if (from >= order->n - 1)
		return visit(order, arg);
	for (int i = from; i < order->n; i++)
	{
		for (int turn = 0; turn < 2; turn++)
		{
			int			k = order->session[from];
			int			c = order->last_commit[from];

			order->session[from] = order->session[i];
			order->last_commit[from] = order->last_commit[i];
			order->session[i] = k;
			order->last_commit[i] = c;
			if (turn == 0 && permute(order, from + 1, visit, arg))
				return true;
		}
	}
	return false;
}

typedef struct Question
{
	const Program *program;
	uint64_t	digest;
	uint64_t	seen[MAX_SESSIONS];
	bool		as_seen[MAX_SESSIONS];	/* returned the same in some serial order */
} Question;

static bool
order_explains(const Order *order, void *arg)
{
	Question   *q = arg;
	const Serial *s = serial_get(q->program, order);

	for (int i = 0; i < order->n; i++)
		if (s->seen[order->session[i]] == q->seen[order->session[i]])
			q->as_seen[order->session[i]] = true;
	return s->digest == q->digest;
}

/* Is there a serial order that leaves the state of the execution that has just ended? */
static bool
state_is_serial(const Program *program, uint64_t digest)
{
	Question	question = {program, digest, {0}, {false}};
	Order		all = {0};
	unsigned	optional = 0;	/* places in it of sessions that may be left out */

	for (int k = 0; k < program->nsessions; k++)
	{
		Session    *s = &sessions[k];
		bool		well = s->sqlstate[0] == '\0';

		if (!well && !s->wrote)
			continue;
		if (well && !s->wrote)
			optional |= 1u << all.n;
		question.seen[k] = text_hash(s->seen.data, s->seen.len);
		all.session[all.n] = k;
		all.last_commit[all.n++] = well ? 0 : s->commits;
	}
	{
		Order		order = all;

		if (permute(&order, 0, order_explains, &question))
			return true;
	}
	for (int i = 0; i < all.n; i++)
		if (question.as_seen[all.session[i]])
			optional &= ~(1u << i);
	for (unsigned out = 1; out < 1u << all.n; out++)
	{
		Order		order = {0};

		if ((out & ~optional) != 0)
			continue;
		for (int i = 0; i < all.n; i++)
			if ((out & 1u << i) == 0)
			{
				order.session[order.n] = all.session[i];
				order.last_commit[order.n++] = all.last_commit[i];
			}
		if (permute(&order, 0, order_explains, &question))
			return true;
	}
	return false;
}

/* Columns whose values differ between two executions of one serial order. */
static void
surrogates_find(const Program *program)
{
	Order		order = {0};
	PGresult   *before = NULL;

	text_reset(&left_out);
	for (int k = 0; k < program->nsessions; k++)
		order.session[order.n++] = k;
	for (int turn = 0; turn < 2; turn++)
	{
		PGresult   *after;

		sessions_reset(program);
		if (turn == 1)
			PQclear(monitor_query("SELECT setval(format('truth.%I', sequencename)::regclass, coalesce(last_value, 0) + 1000) "
								  "FROM pg_sequences WHERE schemaname = 'truth'"));
		order_run(program, &order);
		after = monitor_query("SELECT name, digest FROM public.truth_columns() ORDER BY name");
		if (turn == 0)
		{
			before = after;
			continue;
		}
		for (int i = 0; i < PQntuples(after) && i < PQntuples(before); i++)
			if (strcmp(PQgetvalue(before, i, 1), PQgetvalue(after, i, 1)) != 0)
				text_add(&left_out, "%s\"%s\"", left_out.len ? "," : "", PQgetvalue(after, i, 0));
		PQclear(before);
		PQclear(after);
	}
}

/* ---- interleavings ---- */

static unsigned
enabled_now(const Program *program)
{
	unsigned	enabled = 0;

	for (int k = 0; k < program->nsessions; k++)
		if (sessions[k].state == IDLE && program->nsteps[k] > 0)
			enabled |= 1u << k;
	return enabled;
}

static bool
check_finds(const Program *program)
{
	bool		found = false;

	for (int i = 0; i < program->nchecks; i++)
	{
		PGresult   *result = monitor_query(program->checks[i]);

		found = found || PQntuples(result) > 0;
		PQclear(result);
	}
	return found;
}

/* The execution has come to its last step: what came of it? */
static void
execution_judge(const Program *program, int depth, Counts *counts)
{
	bool		hang = false;
	bool		deadlock = false;
	bool		retried = false;
	bool		error = false;
	bool		violating;
	bool		is_serial;
	uint64_t	digest;
	Text		errors = {0};
	Text		text = {0};
	int			i;

	for (int k = 0; k < program->nsessions; k++)
	{
		hang = hang || sessions[k].state == BLOCKED;
		deadlock = deadlock || strcmp(sessions[k].sqlstate, "40P01") == 0;
		retried = retried || strcmp(sessions[k].sqlstate, "40001") == 0;
		text_add(&errors, " %s", sessions[k].sqlstate[0] ? sessions[k].sqlstate : "-");
	}
	for (int k = 0; k < program->nsessions && !hang; k++)
	{
		Session    *s = &sessions[k];

		if (s->commits == 0 && (strcmp(s->sqlstate, "40P01") == 0 || strcmp(s->sqlstate, "40001") == 0))
		{
			session_again(k);
			hang = !run_alone(program, k);
			text_add(&errors, ", %d again %s", k + 1, s->sqlstate);
		}
	}
	for (int k = 0; k < program->nsessions; k++)
		error = error || (sessions[k].sqlstate[0] != '\0' && strcmp(sessions[k].sqlstate, "40P01") != 0);

	counts->complete++;
	counts->hangs += hang;
	counts->deadlocks += deadlock;
	counts->retried += retried;
	counts->errors += error;
	if (hang)
	{
		sessions_continue();
		return;
	}
	violating = check_finds(program);
	state_read(&text);
	digest = text_hash(text.data, text.len);
	for (i = 0; i < counts->states && states[i] != digest; i++)
		;
	if (i == counts->states && i < MAX_STATES)
		states[counts->states++] = digest;
	is_serial = state_is_serial(program, digest);
	counts->violating += violating;
	counts->not_serial += !is_serial;
	if (list)
	{
		for (i = 0; i < depth; i++)
			printf("%d ", nodes[i].chosen + 1);
		printf(" errors%s%s%s\n%s", errors.data, violating ? ", check" : "", is_serial ? "" : ", not serial", text.data);
	}
	free(errors.data);
	free(text.data);
}

static void
explore(const Program *program, Counts *counts)
{
	int			prefix = 0;

	nserial = 0;
	memset(counts, 0, sizeof(*counts));
	surrogates_find(program);
	for (;;)
	{
		int			depth = 0;
		unsigned	enabled;

		if (counts->complete >= limit)
		{
			counts->complete = -1;
			return;
		}
		sessions_reset(program);
		while ((enabled = enabled_now(program)) != 0)
		{
			Node	   *node = &nodes[depth];

			if (depth >= prefix)
			{
				node->enabled = enabled;
				for (node->chosen = 0; (enabled & 1u << node->chosen) == 0; node->chosen++)
					;
			}
			else if (node->enabled != enabled)
				fatal("an execution meets other choices than before");
			session_step(program, node->chosen);
			depth++;
		}
		execution_judge(program, depth, counts);
		for (prefix = depth; prefix > 0; prefix--)
		{
			Node	   *node = &nodes[prefix - 1];
			int			k = node->chosen + 1;

			while (k < program->nsessions && (node->enabled & 1u << k) == 0)
				k++;
			if (k < program->nsessions)
			{
				node->chosen = k;
				break;
			}
		}
		if (prefix == 0)
			return;
	}
}

int
main(int argc, char **argv)
{
	int			arg = 1;

	for (; arg < argc && argv[arg][0] == '-'; arg++)
	{
		if (strcmp(argv[arg], "--list") == 0)
			list = true;
		else if (strcmp(argv[arg], "--limit") == 0 && arg + 1 < argc)
			limit = atol(argv[++arg]);
		else
			fatal("no such option: %s", argv[arg]);
	}
	if (argc - arg < 2)
		fatal("usage: explorer [--list] [--limit N] CONNINFO FILE..");
	for (int i = arg + 1; i < argc; i++)
	{
		Program    *program = program_read(argv[i]);
		Counts		counts;

		sessions_connect(argv[arg], program->nsessions);
		if (i == arg + 1)
			PQclear(monitor_query(functions));
		explore(program, &counts);
		printf("%s complete=%ld violating=%ld deadlocks=%ld retried=%ld errors=%ld not_serial=%ld hangs=%ld states=%ld left_out=%s\n",
			   argv[i], counts.complete, counts.violating, counts.deadlocks, counts.retried,
			   counts.errors, counts.not_serial, counts.hangs, counts.states, left_out.len ? left_out.data : "-");
		fflush(stdout);
		program_free(program);
	}
	return 0;
}
