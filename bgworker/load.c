/*
 * load.c
 *		The driver that loads the database: whose turn it is, and when.
 *
 * Clients repeat scripts.  In a closed loop a client is due again as soon as
 * its transaction has ended, or it has thought; in an open loop (a rate) when
 * its schedule says, however late it is: each has a Poisson process of its own,
 * whose sum has the run's rate.  Who is due first goes on first, so that of
 * those that are always due each has its turn.
 *
 * A client's iterations are its number, then every nclients-th: so the shares
 * differ by one at most, the numbers are unique over the run, and a seed
 * decides what each draws, whichever worker carries it.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "bgworker/load.h"
#include "src/metrics/pace.h"

/* A piece of the run's time and the load in it: a phase, or all of it where there are none. */
typedef struct CtLoadPhase
{
	uint64		from_ns;
	uint64		until_ns;		/* PG_UINT64_MAX: no time ends it */
	bool		scheduled;
	CtPace		share;			/* if it is: of one client's schedule, from from_ns on */
	int			clients;		/* that are at work, the first ones */
	int			before;			/* that were so, from whom the number rises or falls */
	double		ramp_ns;		/* in so much time */
	int			histogram;		/* -1: the phase isn't told apart */
} CtLoadPhase;

typedef struct CtLoad
{
	CtDriver	driver;			/* must be first */
	CtWorker   *worker;
	pairingheap turns;			/* of clients, by due_ns */
	int			nphases;
	CtLoadPhase *phases;
	bool		scheduled;		/* one of them is */
	CtStopLevel stopped;		/* how far the clients have been stopped */
} CtLoad;

static inline CtClient *
load_client(const pairingheap_node *node)
{
	return pairingheap_container(CtClient, turn, unconstify(pairingheap_node *, node));
}

/* The root is the greatest: who is due first, and of several the lower number. */
static int
load_compare(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	const CtClient *left = load_client(a);
	const CtClient *right = load_client(b);

	if (left->due_ns != right->due_ns)
		return left->due_ns < right->due_ns ? 1 : -1;
	return left->number < right->number ? 1 : -1;
}

/* what is further away never comes */
#define NEVER_NS	(1e9 * CT_NS_PER_S)

/* Until when clients begin with transactions; 0: there is no such time. */
static uint64
load_stop_ns(const CtLoad *load)
{
	/* what is scheduled is executed, be it late */
	return load->scheduled ? 0 :
		*(const volatile uint64 *) &load->worker->shared->stop_ns;
}

/* When a client's part in a phase begins and ends; not after it begins: it has none. */
static void
load_part(const CtLoadPhase *phase, int number, uint64 *from, uint64 *until)
{
	double		change = phase->clients - phase->before;

	*from = phase->from_ns;
	*until = phase->until_ns;
	if (number >= Max(phase->clients, phase->ramp_ns > 0 ? phase->before : 0))
		*until = *from;
	else if (phase->ramp_ns > 0 && number >= phase->before)
		*from += (uint64) (phase->ramp_ns * (number - phase->before) / change);
	else if (phase->ramp_ns > 0 && number >= phase->clients)
		*until = *from + (uint64) (phase->ramp_ns * (number - phase->before) / change);
}

/* How many of a client's schedule are skipped: of those after that time, and before the stop. */
static double
load_count_skipped(const CtLoad *load, const CtLoadPhase *phase, const CtClient *client, uint64 after)
{
	uint64		until = Min(phase->until_ns, load->worker->shared->stop_ns);
	uint64		from;
	uint64		end;

	load_part(phase, client->number, &from, &end);
	after = Max(after, from);
	until = Min(until, end);
	return !phase->scheduled || until <= after ? 0 :
		ct_pace_count(&phase->share, (after - phase->from_ns) / 1e9, (until - phase->from_ns) / 1e9);
}

/* The client does nothing more.  What of its schedule it hasn't come to has been skipped. */
static void
load_end(CtLoad *load, CtClient *client)
{
	CtSlot	   *slot = load->worker->slot;
	uint64		after = client->intended_ns;
	bool		one = after != 0 && after < load->worker->shared->stop_ns;
	int			i;

	if (client->last)
		return;
	for (i = client->phase; load->scheduled && i < load->nphases; i++)
	{
		uint64		skipped = one + (uint64) load_count_skipped(load, &load->phases[i], client, after);

		one = false;
		after = 0;
		slot->skipped += skipped;
		if (load->phases[i].histogram >= 0)
			ct_slot_histogram(slot, load->phases[i].histogram)->skipped += skipped;
	}
}

/*
 * When the client's next transaction is due: from then on, or later if there
 * is a schedule, or if another phase is the next one that the client has a part
 * in.  What a schedule says in a phase is that phase's, and comes before what
 * comes after, however late it is.  False: there is no next one.
 */
static bool
load_find_next(CtLoad *load, CtClient *client, uint64 *due)
{
	uint64		after = client->intended_ns;

	/* on it goes */
	if (likely(*due < client->until_ns && !load->phases[client->phase].scheduled))
		return true;
	for (; client->phase < load->nphases; client->phase++, after = 0)
	{
		const CtLoadPhase *phase = &load->phases[client->phase];
		uint64		from;
		uint64		until;
		uint64		next;

		load_part(phase, client->number, &from, &until);
		after = Max(after, from);
		next = Max(*due, from);
		if (phase->scheduled && from < until)
		{
			double		at = ct_pace_after(&phase->share, (after - phase->from_ns) / 1e9,
										   ct_think_draw_exponential(1e9, &client->pace) / 1e9);

			next = phase->from_ns + (uint64) Min(at * 1e9, NEVER_NS);
		}
		if (next >= until)
			continue;
		client->intended_ns = phase->scheduled ? next : 0;
		client->until_ns = phase->scheduled ? PG_UINT64_MAX : until;
		*due = Max(*due, next);
		return true;
	}
	client->phase = load->nphases - 1;
	return false;
}

/*
 * Puts the client's next transaction into the heap, which is due from then on,
 * or later.  Not, if it was its last one.
 */
static void
load_schedule(CtLoad *load, CtClient *client, uint64 due)
{
	uint64		stop_ns = load->worker->shared->stop_ns;
	int64		transactions = load->worker->plan->transactions;

	if (transactions != 0 && client->next_iteration > transactions)
		return;

	/* of what is for later than the end nothing is executed; until then it is awaited */
	client->last = !load_find_next(load, client, &due);
	client->due_ns = client->last ? stop_ns : due;
	if (load->stopped == CT_STOP_NO)
		pairingheap_add(&load->turns, &client->turn);
	else
		load_end(load, client);
}

/* Puts the client's on_start into the heap, which is due when its part in the first phase begins that it has one in. */
static void
load_schedule_start(CtLoad *load, CtClient *client)
{
	client->last = false;
	client->until_ns = PG_UINT64_MAX;
	for (; client->phase < load->nphases; client->phase++)
	{
		uint64		until;

		load_part(&load->phases[client->phase], client->number, &client->due_ns, &until);
		if (client->due_ns >= until)
			continue;
		pairingheap_add(&load->turns, &client->turn);
		return;
	}
}

/*
 * The client has begun: its iterations follow, the first time by a schedule
 * that begins now; else the one that it was to do.
 */
static void
load_begin(CtLoad *load, CtClient *client)
{
	uint64		now = ct_worker_clock(load->worker);

	if (client->scheduled)
	{
		client->due_ns = now;
		if (load->stopped == CT_STOP_NO)
			pairingheap_add(&load->turns, &client->turn);
		else
			load_end(load, client);
		return;
	}
	client->scheduled = true;
	client->until_ns = 0;
	if (load->phases[client->phase].scheduled)
		client->intended_ns = now;
	load_schedule(load, client, now);
}

/*
 * The run has been stopped: who is between two transactions does nothing more;
 * who rests within one neither, if it is to be now.
 */
static void
load_stop(CtLoad *load, CtStopLevel level)
{
	pairingheap left;

	load->stopped = level;
	left = load->turns;
	pairingheap_reset(&load->turns);
	while (!pairingheap_is_empty(&left))
	{
		CtClient   *client = load_client(pairingheap_remove_first(&left));

		if (client->iteration != NULL && level < CT_STOP_NOW)
			pairingheap_add(&load->turns, &client->turn);
		else
		{
			ct_client_give_up(client);
			load_end(load, client);
		}
	}
}

/* Stops the clients, if that has come. */
static void
load_look_for_stop(CtLoad *load)
{
	CtWorker   *w = load->worker;
	CtStopLevel level = (CtStopLevel) pg_atomic_read_u32(&w->shared->stop);
	uint64		stop_ns = load_stop_ns(load);

	if (level == CT_STOP_NO && stop_ns != 0 && ct_worker_clock(w) >= stop_ns)
		level = CT_STOP_AFTER;
	if (unlikely(level > load->stopped))
		load_stop(load, level);
}

/* Is a transaction of the schedule so late that it can't but be late? */
static bool
load_is_overdue(CtLoad *load, const CtClient *client)
{
	CtWorker   *w = load->worker;
	uint64		limit = w->latency_limit_ns;

	return limit != PG_UINT64_MAX && client->intended_ns != 0 && client->iteration == NULL &&
		!ct_client_is_to_begin(client) && ct_worker_clock(w) > client->intended_ns + limit;
}

/* It isn't executed; the next one of the client's schedule may be. */
static void
load_skip(CtLoad *load, CtClient *client)
{
	CtWorker   *w = load->worker;

	if (client->intended_ns >= w->shared->measure_from_ns)
	{
		w->slot->overdue++;
		if (load->phases[client->phase].histogram >= 0)
			ct_slot_histogram(w->slot, load->phases[client->phase].histogram)->skipped++;
	}
	client->next_iteration += w->shared->nclients;
	load_schedule(load, client, client->intended_ns);
}

static CtClient *
load_next(CtDriver *driver, uint64 *due)
{
	CtLoad	   *load = (CtLoad *) driver;
	uint64		stop_ns = load_stop_ns(load);

	load_look_for_stop(load);
	while (!pairingheap_is_empty(&load->turns))
	{
		CtClient   *client = load_client(pairingheap_first(&load->turns));

		*due = client->due_ns;
		if (*due > ct_worker_clock(load->worker))
		{
			/* the others' iterations end by then, too */
			if (stop_ns != 0 && stop_ns < *due && load->stopped == CT_STOP_NO)
				*due = stop_ns;
			return client;
		}
		(void) pairingheap_remove_first(&load->turns);
		if (client->last)
			load_end(load, client);
		else if (unlikely(load_is_overdue(load, client)))
			load_skip(load, client);
		else if (unlikely(ct_worker_clock(load->worker) >= client->until_ns) && client->iteration == NULL)
			/* its part in the phase is over */
			load_schedule(load, client, ct_worker_clock(load->worker));
		else
			return client;
	}
	return NULL;
}

static void
load_done(CtDriver *driver, CtClient *client, CtClientResult result)
{
	CtLoad	   *load = (CtLoad *) driver;
	CtWorker   *w = load->worker;

	switch (result)
	{
		case CT_CLIENT_BEGUN:
			load_begin(load, client);
			break;
		case CT_CLIENT_ENDED:
			client->next_iteration += w->shared->nclients;
			load_schedule(load, client, ct_worker_clock(w) +
						  ct_think_draw(client->of_class != NULL && client->of_class->plan->thinks ?
										&client->of_class->think :
										&w->program->scripts[client->script].think, &client->pace));
			break;
		case CT_CLIENT_RESTS:
			pairingheap_add(&load->turns, &client->turn);
			break;
		case CT_CLIENT_WAITS:
			break;				/* this is called again when it has gone on */
		case CT_CLIENT_STOPPED:
			load_end(load, client);
			break;
	}
}

/* A phase of that plan, from that time on, of so many clients in all. */
static void
load_begin_phase(CtLoadPhase *phase, const CtPlanPhase *plan, const CtLoadPhase *before, int nclients)
{
	double		rate_before = before == NULL ? 0 : before->share.to * before->clients;

	phase->clients = plan->clients > 0 ? Min(plan->clients, nclients) : nclients;
	phase->before = before == NULL ? 0 : before->clients;
	phase->until_ns = phase->from_ns + (uint64) (plan->duration * 1e9);
	phase->scheduled = plan->rate > 0;
	if (phase->scheduled)
	{
		phase->share.from = rate_before / phase->clients;
		phase->share.to = plan->rate / phase->clients;
		phase->share.ramp = plan->ramp;
	}
	else
		phase->ramp_ns = plan->ramp * 1e9;
}

static void
load_create_phases(CtLoad *load, const CtProgram *program)
{
	const CtShared *shared = load->worker->shared;
	uint64		from_ns = shared->measure_from_ns;
	int			i;

	for (i = 0; i < load->nphases; i++)
	{
		CtLoadPhase *phase = &load->phases[i];

		phase->from_ns = from_ns;
		phase->histogram = program->phases[i].histogram;
		load_begin_phase(phase, program->phases[i].plan, i == 0 ? NULL : &load->phases[i - 1], shared->nclients);
		from_ns = phase->until_ns;
		load->scheduled |= phase->scheduled;
	}

	/* the warm-up comes before the first one, and has its load */
	load->phases[0].from_ns = shared->gate_ns;
	load->phases[load->nphases - 1].until_ns = shared->stop_ns;
}

/* All of the run is one. */
static void
load_create_phase(CtLoad *load)
{
	const CtShared *shared = load->worker->shared;
	const CtPlan *plan = load->worker->plan;
	CtLoadPhase *phase = load->phases;

	phase->from_ns = shared->gate_ns;
	phase->until_ns = shared->stop_ns != 0 ? shared->stop_ns : PG_UINT64_MAX;
	phase->clients = shared->nclients;
	phase->ramp_ns = plan->ramp * 1e9;
	phase->scheduled = load->scheduled = plan->rate > 0;
	phase->share.from = phase->share.to = plan->rate / shared->nclients;
	phase->histogram = -1;
}

CtDriver *
ct_load_create(CtWorker *w)
{
	CtLoad	   *load = palloc0(sizeof(CtLoad));
	const CtPlan *plan = w->plan;
	int			i;

	load->driver.next = load_next;
	load->driver.done = load_done;
	load->worker = w;
	load->turns.ph_compare = load_compare;
	load->nphases = Max(w->program->nphases, 1);
	load->phases = palloc0(load->nphases * sizeof(CtLoadPhase));
	if (w->program->nphases > 0)
		load_create_phases(load, w->program);
	else
		load_create_phase(load);
	for (i = 0; i < w->nclients; i++)
	{
		CtClient   *client = &w->clients[i];

		client->next_iteration = client->number + 1;
		client->phase = 0;
		client->intended_ns = 0;
		client->until_ns = 0;
		client->scheduled = !ct_client_is_to_begin(client);
		if (client->scheduled)
			load_schedule(load, client, w->shared->gate_ns);
		else if (plan->transactions == 0 || client->next_iteration <= plan->transactions)
			load_schedule_start(load, client);
	}
	return &load->driver;
}
