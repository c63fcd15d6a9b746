/*
 * pause.c
 *		Waiting for a time.
 */
#include "postgres.h"

#include <unistd.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/s_lock.h"

#include "src/base/clock.h"
#include "src/base/pause.h"

bool
ct_has_core(int number)
{
	static long cores = 0;

	if (cores == 0)
		cores = Max(sysconf(_SC_NPROCESSORS_ONLN), 1);
	return cores > 1 && number < cores;
}

void
ct_pause_until(uint64 until, bool spin)
{
	uint64		awake = spin ? CT_SPIN_NS : 0;

	for (;;)
	{
		uint64		now = ct_now_ns();
		uint64		left;

		CHECK_FOR_INTERRUPTS();
		if (now >= until)
			return;
		left = until - now;
		if (left <= awake)
		{
			SPIN_DELAY();
			continue;
		}
		left -= awake;
		if (left >= CT_NS_PER_MS)
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
							 Min(left / CT_NS_PER_MS, 3600000), ct_wait_event(CT_WAIT_PAUSE));
			ResetLatch(MyLatch);
		}
		else
		{
			/* below the latch's resolution, and too short to miss a signal in */
			struct timespec ts = {0, (long) left};

			(void) nanosleep(&ts, NULL);
		}
	}
}

void
ct_pause_ns(uint64 ns)
{
	ct_pause_until(ct_now_ns() + ns, false);
}

bool
ct_pause_latch(long ms, CtWaitEvent event)
{
	int			rc = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms,
							   ct_wait_event(event));

	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return (rc & WL_LATCH_SET) == 0;
}
