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

typedef struct CtLoad
{
	CtDriver	driver;			/* must be first */
	CtWorker   *worker;
	pairingheap turns;			/* of clients, by due_ns */
	double		mean_gap_ns;	/* between two transactions of a client's schedule; 0: none */
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

/* Until when clients begin with transactions; 0: there is no such time. */
static uint64
load_stop_ns(const CtLoad *load)
{
	/* what is scheduled is executed, be it late */
	return load->mean_gap_ns > 0 ? 0 :
		*(const volatile uint64 *) &load->worker->shared->stop_ns;
}

/* The client does nothing more.  What of its schedule it hasn't come to has been skipped. */
static void
load_end(CtLoad *load, CtClient *client)
{
	uint64		stop_ns = load->worker->shared->stop_ns;

	if (load->mean_gap_ns > 0 && stop_ns > client->intended_ns)
		load->worker->slot->skipped +=
			1 + (uint64) ((stop_ns - client->intended_ns) / load->mean_gap_ns);
}

/*
 * Puts the client's next transaction into the heap, which is due from then on,
 * or later if there is a schedule.  Not, if it was its last one.
 */
static void
load_schedule(CtLoad *load, CtClient *client, uint64 due)
{
	uint64		stop_ns = load->worker->shared->stop_ns;
	int64		transactions = load->worker->plan->transactions;

	if (transactions != 0 && client->next_iteration > transactions)
		return;
	if (load->mean_gap_ns > 0)
	{
		client->intended_ns += ct_think_draw_exponential(load->mean_gap_ns, &client->pace);
		due = Max(due, client->intended_ns);
		/* one that is scheduled for later than the end isn't executed; until then it is awaited */
		client->last = stop_ns != 0 && client->intended_ns >= stop_ns;
		if (client->last)
			due = stop_ns;
	}
	client->due_ns = due;
	if (load->stopped == CT_STOP_NO)
		pairingheap_add(&load->turns, &client->turn);
	else
		load_end(load, client);
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
	if (load->mean_gap_ns > 0)
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

	return limit != PG_UINT64_MAX && load->mean_gap_ns > 0 && client->iteration == NULL &&
		!ct_client_is_to_begin(client) && ct_worker_clock(w) > client->intended_ns + limit;
}

/* It isn't executed; the next one of the client's schedule may be. */
static void
load_skip(CtLoad *load, CtClient *client)
{
	CtWorker   *w = load->worker;

	if (client->intended_ns >= w->shared->measure_from_ns)
		w->slot->overdue++;
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
						  ct_think_draw(&w->program->scripts[client->script].think, &client->pace));
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

CtDriver *
ct_load_create(CtWorker *w)
{
	CtLoad	   *load = palloc0(sizeof(CtLoad));
	const CtPlan *plan = w->plan;
	uint64		gate_ns = w->shared->gate_ns;
	int			nclients = w->shared->nclients;
	int			i;

	load->driver.next = load_next;
	load->driver.done = load_done;
	load->worker = w;
	load->turns.ph_compare = load_compare;
	load->mean_gap_ns = plan->rate > 0 ? 1e9 * nclients / plan->rate : 0;
	for (i = 0; i < w->nclients; i++)
	{
		CtClient   *client = &w->clients[i];
		uint64		from = gate_ns + (uint64) (plan->ramp * 1e9 * client->number / nclients);

		client->next_iteration = client->number + 1;
		client->intended_ns = load->mean_gap_ns > 0 ? from : 0;
		client->scheduled = !ct_client_is_to_begin(client);
		if (client->scheduled)
			load_schedule(load, client, from);
		else if (plan->transactions == 0 || client->next_iteration <= plan->transactions)
		{
			client->due_ns = from;
			client->last = false;
			pairingheap_add(&load->turns, &client->turn);
		}
	}
	return &load->driver;
}
