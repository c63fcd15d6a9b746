/*
 * recovery_unit.c
 *		When a phase has recovered, of seconds made by hand.
 */
#include "postgres.h"

#include <math.h>

#include "src/metrics/recovery.h"
#include "t/units/units.h"

#define WORKERS		40
#define MS			1000000

/* a second: transactions of 10 ms, of 100 ms, and workers that stood still */
typedef struct UnitSecond
{
	int			quick;
	int			slow;
	int			still;
} UnitSecond;

/* The baseline: its p95 is 10 ms (to the bucket), and so many workers stood still in its worst second. */
static CtRecoveryBaseline
recovery_baseline(int still)
{
	static CtHistogram latency;
	CtRecoveryBaseline baseline;
	int			i;

	memset(&latency, 0, sizeof(latency));
	for (i = 0; i < 100; i++)
		ct_histogram_record(&latency, i < 95 ? 10 * MS : 1000 * MS);
	baseline.limit_ns = ct_recovery_limit(&latency);
	baseline.still = still;
	return baseline;
}

/* What recovery_s is after n seconds, as text. */
static char *
recovery_of(CtRecoveryBaseline baseline, const UnitSecond *seconds, int n)
{
	CtRecovery	recovery = {0};
	int			i;
	int			j;

	for (i = 0; i < n; i++)
	{
		CtHistogram *latency = palloc0(sizeof(CtHistogram));
		CtRecoverySecond second;

		for (j = 0; j < seconds[i].quick; j++)
			ct_histogram_record(latency, 10 * MS);
		for (j = 0; j < seconds[i].slow; j++)
			ct_histogram_record(latency, 100 * MS);
		second.until_s = i + 1;
		second.latency = latency;
		second.workers = WORKERS;
		second.still = seconds[i].still;
		ct_recovery_note(&recovery, &baseline, &second);
		pfree(latency);
	}
	return isnan(ct_recovery_seconds(&recovery)) ? "never" : psprintf("%g", ct_recovery_seconds(&recovery));
}

#define RECOVERY(still, ...) \
	recovery_of(recovery_baseline(still), (UnitSecond []) {__VA_ARGS__}, \
				sizeof((UnitSecond []) {__VA_ARGS__}) / sizeof(UnitSecond))

static void
recovery_limit(void)
{
	CtHistogram *latency = palloc0(sizeof(CtHistogram));
	double		limit = recovery_baseline(0).limit_ns;

	unit_ok(limit > 12 * MS * 0.99 && limit < 12 * MS * 1.01, "the limit is 1.2 times p95: %g ms", limit / MS);
	unit_ok(isnan(ct_recovery_limit(latency)), "of nothing there is none");
}

static void
recovery_latencies(void)
{
	unit_is(RECOVERY(0, {100, 0, 0}, {100, 0, 0}, {100, 0, 0}), "0", "recovered at once");
	unit_is(RECOVERY(0, {0, 100, 0}, {50, 50, 0}, {0, 100, 0}, {100, 0, 0}, {100, 0, 0}), "3", "after 3 s");
	unit_is(RECOVERY(0, {0, 100, 0}, {100, 0, 0}, {100, 0, 0}, {0, 100, 0}, {100, 0, 0}), "4",
			"after a relapse");
	unit_is(RECOVERY(0, {100, 0, 0}, {100, 0, 0}, {0, 100, 0}), "never", "slow at the end");
	unit_is(RECOVERY(0, {0, 100, 0}, {0, 100, 0}), "never", "slow all the time");
	unit_is(RECOVERY(0, {7, 3, 0}, {8, 2, 0}), "1", "of 10 transactions 3 are slow, 2 are chance");
	unit_is(RECOVERY(0, {88, 12, 0}, {89, 11, 0}), "1", "of 100 transactions 12 are, 11 aren't");
	unit_is(RECOVERY(0, {9400, 600, 0}, {9440, 560, 0}), "1", "of 10,000 transactions 600 are, 560 aren't");
	unit_is(RECOVERY(0, {0, 0, 0}), "never", "nothing was to do: nothing is known");
	unit_is(RECOVERY(0, {0, 100, 0}, {100, 0, 0}, {0, 0, 0}), "1", "nothing was to do at the end");
	unit_is(RECOVERY(0, {0, 100, 0}, {0, 0, 0}), "never", "nothing was to do any more");
}

static void
recovery_standstills(void)
{
	CtRecoveryBaseline baseline = {NAN, 0};
	UnitSecond	second = {100, 0, 0};

	unit_is(RECOVERY(0, {100, 0, 0}, {100, 0, 0}, {0, 0, WORKERS}, {0, 0, WORKERS}), "never",
			"a standstill at the end");
	unit_is(RECOVERY(0, {0, 0, WORKERS}, {0, 0, WORKERS}, {100, 0, 0}), "2", "a standstill at the beginning");
	unit_is(RECOVERY(0, {0, 0, 1}, {100, 0, 0}), "1", "where nothing ended, one that stood still is enough");
	unit_is(RECOVERY(0, {100, 0, 0}, {100, 0, 3}, {100, 0, 0}), "2", "more than 5 % of the workers stood still");
	unit_is(RECOVERY(0, {100, 0, 0}, {100, 0, 2}, {100, 0, 0}), "0", "5 % aren't more");
	unit_is(RECOVERY(0, {100, 0, 30}, {100, 0, 10}, {100, 0, 20}), "never", "part of them to the end");
	unit_is(RECOVERY(10, {100, 0, 10}, {100, 0, 10}), "0", "no more than in the baseline's worst second");
	unit_is(RECOVERY(10, {100, 0, 11}, {100, 0, 10}), "1", "one more than that");
	unit_is(RECOVERY(1, {0, 0, 1}, {100, 0, 1}), "0", "nothing ended, but who is there always takes long");
	unit_is(recovery_of(baseline, &second, 1), "never", "nothing ended in the baseline: nothing is known");
}

/* A worker that is noted once a second. */
static void
recovery_standing(void)
{
	CtStanding	standing = {0};
	uint64		s = 1000 * MS;

	unit_ok(!ct_standing_is_still(&standing, 1, s, 0), "of the first second nothing is known");
	ct_standing_note(&standing, 1, s);
	unit_ok(ct_standing_is_still(&standing, 1, 2 * s, 12 * MS), "at the same transaction for a second");
	unit_ok(!ct_standing_is_still(&standing, 2, 2 * s, 12 * MS), "at the next one");
	unit_ok(!ct_standing_is_still(&standing, 0, 2 * s, 12 * MS), "at none any more");
	unit_ok(!ct_standing_is_still(&standing, 1, 2 * s, 2.5 * s), "for no longer than the limit");
	unit_ok(!ct_standing_is_still(&standing, 1, 2 * s, NAN), "there is no limit yet");
	ct_standing_note(&standing, 1, 2 * s);
	ct_standing_note(&standing, 1, 3 * s);
	unit_ok(ct_standing_is_still(&standing, 1, 4 * s, 2.5 * s), "for longer, after three seconds");
	ct_standing_note(&standing, 2, 4 * s);
	unit_ok(!ct_standing_is_still(&standing, 2, 5 * s, 2.5 * s), "another one begins anew");
	ct_standing_note(&standing, 0, 5 * s);
	unit_ok(!ct_standing_is_still(&standing, 0, 6 * s, 12 * MS), "who has nothing to do doesn't stand still");
}

void
unit_recovery(void)
{
	recovery_limit();
	recovery_latencies();
	recovery_standstills();
	recovery_standing();
}
