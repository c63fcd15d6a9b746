/*
 * faults.c
 *		Faults while a run is loaded: sessions that are terminated.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "bgworker/faults.h"
#include "src/plan/think.h"

volatile sig_atomic_t ct_kill_pending = false;
volatile sig_atomic_t ct_kill_open = false;

static CtWorker *kills_of = NULL;	/* whose sessions are terminated; NULL: nobody's */
static TimeoutId kills_timeout = MAX_TIMEOUTS;
static pg_prng_state kills_random;
static uint64 kills_next_ns;

/*
 * In a signal handler: what is under way ends at the next look at interrupts.
 * Where nothing is, the next look at ct_kill_pending is soon enough.
 */
static void
kills_handler(void)
{
	if (kills_of == NULL)
		return;
	ct_kill_pending = true;
	if (ct_kill_open)
		kills_of->session->cancel(kills_of->session);
	SetLatch(MyLatch);
}

/* The next one comes at a random time; those that have been missed meanwhile don't. */
static void
kills_arm(void)
{
	double		mean_ns = 1e9 * kills_of->shared->nworkers / kills_of->plan->kill_rate;
	uint64		now = ct_now_ns();

	kills_next_ns = Max(kills_next_ns, now) + ct_think_draw_exponential(mean_ns, &kills_random);
	if (kills_next_ns - now > UINT64CONST(86400) * CT_NS_PER_S)
		return;
	enable_timeout_at(kills_timeout, TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
																 (kills_next_ns - now) / CT_NS_PER_MS + 1));
}

void
ct_kills_begin(CtWorker *w)
{
	if (w->plan->kill_rate <= 0)
		return;
	if (kills_timeout == MAX_TIMEOUTS)
	{
		kills_timeout = RegisterTimeout(USER_TIMEOUT, kills_handler);
		pg_prng_seed(&kills_random, (uint64) w->plan->seed ^ ((uint64) (w->number + 1) << 32));
	}
	kills_of = w;
	kills_next_ns = ct_now_ns();
	kills_arm();
}

void
ct_kills_end(void)
{
	if (kills_of == NULL)
		return;
	kills_of = NULL;
	disable_timeout(kills_timeout, false);
	ct_kill_pending = false;
	QueryCancelPending = false;
}

void
ct_kill_session(CtWorker *w)
{
	ct_kill_pending = false;
	QueryCancelPending = false;
	w->session->renew(w->session, true);
	w->session_number++;
	w->slot->kills++;
	ct_worker_time_passes(w);
	if (kills_of != NULL && !ct_worker_stopped(w, CT_STOP_AFTER))
		kills_arm();
}
