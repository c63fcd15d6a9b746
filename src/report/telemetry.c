/*
 * telemetry.c
 *		What a report says of a run's classes of clients, phases, waits, blocking,
 *		deadlocks and resources: tables that all formats share.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/report.h"

#define WAITS_SHOWN 5			/* of a script */
#define BLOCKING_SHOWN 5

CtReportTable *
ct_report_classes(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"class",.code = true, CT_TEXT_CELL(CtClassRow, class)},
		{"clients", CT_NUMBER_CELL(CtClassRow, clients)},
		{"transactions", CT_COUNT_CELL(CtClassRow, transactions)},
		{"per second",.right = true},
		{"failed", CT_COUNT_CELL(CtClassRow, failed)},
		{"mean", CT_MS_CELL(CtClassRow, mean_ms)},
		{"p50", CT_MS_CELL(CtClassRow, p50_ms)},
		{"p95", CT_MS_CELL(CtClassRow, p95_ms)},
		{"p99", CT_MS_CELL(CtClassRow, p99_ms)},
		{"max", CT_MS_CELL(CtClassRow, max_ms)},
	};
	CtReportTable *table = ct_table_create("Classes of clients", "ct_classes", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nclasses; i++)
		ct_table_add(table, report, &report->classes[i])[3] = ct_format_float(report->classes[i].tps);
	return table->rows ? table : NULL;
}

CtReportTable *
ct_report_phases(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"phase",.code = true, CT_TEXT_CELL(CtPhaseRow, phase)},
		{"length",.right = true},
		{"rate",.right = true},
		{"clients", CT_NUMBER_CELL(CtPhaseRow, clients)},
		{"per second",.right = true},
		{"failed", CT_COUNT_CELL(CtPhaseRow, failed)},
		{"p50", CT_MS_CELL(CtPhaseRow, p50_ms)},
		{"p95", CT_MS_CELL(CtPhaseRow, p95_ms)},
		{"p99", CT_MS_CELL(CtPhaseRow, p99_ms)},
		{"recovery",.right = true},
	};
	CtReportTable *table = ct_table_create("Phases", "ct_phases", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nphases; i++)
	{
		const CtPhaseRow *phase = &report->phases[i];
		const char **cells = ct_table_add(table, report, phase);

		cells[1] = ct_format_ms(phase->seconds * 1000, report->unicode);
		cells[2] = ct_format_float(phase->rate);
		cells[4] = ct_format_float(phase->tps);
		cells[9] = ct_format_ms(phase->recovery_s * 1000, report->unicode);
	}
	return table->rows ? table : NULL;
}

char *
ct_report_wait_name(const CtWaitRow *wait)
{
	if (strcmp(wait->wait_event_type, wait->wait_event) == 0)
		return pstrdup(wait->wait_event);
	return psprintf("%s: %s", wait->wait_event_type, wait->wait_event);
}

CtReportTable *
ct_report_waits(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"wait",.code = true}, {"samples", CT_COUNT_CELL(CtWaitRow, samples)}, {"share",.right = true},
		{"script",.code = true, CT_TEXT_CELL(CtWaitRow, script)},
	};
	CtReportTable *table = ct_table_create("Waits", "ct_waits", columns, lengthof(columns));
	int			of_script = 0;
	int			i;

	for (i = 0; i < report->nwaits; i++)
	{
		const CtWaitRow *wait = &report->waits[i];
		const char **cells;

		of_script = i > 0 && strcmp(wait->script, wait[-1].script) == 0 ? of_script + 1 : 0;
		if (of_script >= WAITS_SHOWN)
			continue;
		cells = ct_table_add(table, report, wait);
		cells[0] = ct_report_wait_name(wait);
		cells[2] = ct_format_share(wait->share);
	}
	return table->rows ? table : NULL;
}

/* ---- blocking ---- */

char *
ct_report_place(const char *script, int step)
{
	if (script == NULL)
		return pstrdup("another session");
	return step > 0 ? psprintf("%s %d", script, step) : pstrdup(script);
}

char *
ct_report_lock(const char *mode, const char *locktype, const char *relation)
{
	if (mode == NULL)
		return pstrdup("an unknown lock");
	return psprintf("%s, %s%s%s", mode, locktype, relation ? " of " : "", relation ? relation : "");
}

CtReportTable *
ct_report_blocking(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"waiting",.code = true}, {"for",.code = true}, {"lock"}, {"waited", CT_MS_CELL(CtBlockingRow, waited_ms)},
		{"longest", CT_MS_CELL(CtBlockingRow, max_ms)}, {"in a row", CT_NUMBER_CELL(CtBlockingRow, chain)},
	};
	CtReportTable *table = ct_table_create("Blocking", "ct_blocking", columns, lengthof(columns));
	int			i;

	for (i = 0; i < Min(report->nblocking, BLOCKING_SHOWN); i++)
	{
		const CtBlockingRow *row = &report->blocking[i];
		const char **cells = ct_table_add(table, report, row);

		cells[0] = ct_report_place(row->script, row->step);
		cells[1] = row->outside && row->blocker_query ? row->blocker_query :
			ct_report_place(row->blocker_script, row->blocker_step);
		cells[2] = ct_report_lock(row->mode, row->locktype, row->relation);
	}
	return table->rows ? table : NULL;
}

/* ---- deadlocks ---- */

/* What a participant did, without what differs from one deadlock of a kind to the next. */
static char *
telemetry_participant(const CtDeadlockRow *row)
{
	return psprintf("%s\n%d\n%s\n%s\n%s\n", row->script ? row->script : "", row->step, row->locktype, row->mode,
					row->relation ? row->relation : "");
}

/* What deadlocks of a kind have in common: the ring, from whichever participant makes it the least. */
static char *
telemetry_ring(const CtDeadlockRow *rows, int n)
{
	char	   *least = NULL;
	int			i;
	int			k;

	for (i = 0; i < n; i++)
	{
		StringInfoData ring;

		initStringInfo(&ring);
		for (k = 0; k < n; k++)
			appendStringInfoString(&ring, telemetry_participant(&rows[(i + k) % n]));
		if (least == NULL || strcmp(ring.data, least) < 0)
			least = ring.data;
	}
	return least;
}

List *
ct_report_deadlock_kinds(const CtReport *report)
{
	List	   *kinds = NIL;
	int			i = 0;

	while (i < report->ndeadlocks)
	{
		const CtDeadlockRow *rows = &report->deadlocks[i];
		CtReportDeadlock *kind;
		char	   *ring;
		ListCell   *lc;
		int			n = 0;

		while (i < report->ndeadlocks && report->deadlocks[i].deadlock == rows->deadlock)
		{
			i++;
			n++;
		}
		ring = telemetry_ring(rows, n);
		foreach(lc, kinds)
		{
			kind = lfirst(lc);
			if (kind->n == n && strcmp(kind->ring, ring) == 0)
				break;
		}
		if (lc == NULL)
		{
			kind = palloc0(sizeof(CtReportDeadlock));
			kind->rows = rows;
			kind->n = n;
			kind->ring = ring;
			kinds = lappend(kinds, kind);
		}
		kind->count++;
	}
	return kinds;
}

CtReportTable *
ct_report_deadlocks(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"deadlocks",.right = true}, {"each waits for the next",.code = true}, {"for a lock"},
	};
	CtReportTable *table = ct_table_create("Deadlocks", "ct_deadlocks", columns, lengthof(columns));
	ListCell   *lc;
	int			i;

	foreach(lc, ct_report_deadlock_kinds(report))
	{
		const CtReportDeadlock *kind = lfirst(lc);
		const char **cells = ct_table_add(table, report, NULL);
		StringInfoData ring;
		StringInfoData locks;

		initStringInfo(&ring);
		initStringInfo(&locks);
		for (i = 0; i < kind->n; i++)
		{
			const CtDeadlockRow *row = &kind->rows[i];

			appendStringInfo(&ring, "%s%s", i > 0 ? ", " : "", ct_report_place(row->script, row->step));
			appendStringInfo(&locks, "%s%s", i > 0 ? "; " : "", ct_report_lock(row->mode, row->locktype, row->relation));
		}
		cells[0] = ct_format_count(kind->count);
		cells[1] = ring.data;
		cells[2] = locks.data;
	}
	return table->rows ? table : NULL;
}

/* ---- resources ---- */

static char *
telemetry_percent(double value)
{
	return isnan(value) ? pstrdup("-") : psprintf("%s %%", ct_format_float(value));
}

static char *
telemetry_mb(double value)
{
	return isnan(value) ? pstrdup("-") : psprintf("%s MB", ct_format_float(value));
}

static char *
telemetry_count(double value)
{
	return isnan(value) ? pstrdup("-") : ct_format_count((int64) rint(Max(Min(value, 9e18), 0)));
}

/*
 * A member of the seconds' rows.  divisor: of what the view has, for the unit
 * that is shown; sum: its total says something, else its mean does.
 */
static const struct
{
	const char *name;
	int			offset;
	CtColumnType type;
	double		divisor;
	bool		sum;
	char	   *(*format) (double value);
}			resources[] = {
	{"CPU of the run", CT_MEMBER(CtResourceRow, cpu, double), CT_FLOAT8, 1, false, telemetry_percent},
	{"CPU of the server", CT_MEMBER(CtResourceRow, server_cpu, double), CT_FLOAT8, 1, false, telemetry_percent},
	{"CPU of the machine", CT_MEMBER(CtResourceRow, machine_cpu, double), CT_FLOAT8, 1, false, telemetry_percent},
	{"memory of the machine", CT_MEMBER(CtResourceRow, machine_memory, double), CT_FLOAT8, 1, false, telemetry_percent},
	{"memory of the run", CT_MEMBER(CtResourceRow, memory_mb, double), CT_FLOAT8, 1, false, telemetry_mb},
	{"largest worker", CT_MEMBER(CtResourceRow, max_worker_mb, double), CT_FLOAT8, 1, false, telemetry_mb},
	{"temporary files", CT_MEMBER(CtResourceRow, temp_bytes, int64), CT_INT8, 1048576, true, telemetry_mb},
	{"WAL", CT_MEMBER(CtResourceRow, wal_bytes, int64), CT_INT8, 1048576, true, telemetry_mb},
	{"pages found in buffers", CT_MEMBER(CtResourceRow, buffers_hit, int64), CT_INT8, 1, true, telemetry_count},
	{"pages read", CT_MEMBER(CtResourceRow, buffers_read, int64), CT_INT8, 1, true, telemetry_count},
	{"dead rows", CT_MEMBER(CtResourceRow, dead_tuples, int64), CT_INT8, 1, false, telemetry_count},
	{"size of the tables", CT_MEMBER(CtResourceRow, table_bytes, int64), CT_INT8, 1048576, false, telemetry_mb},
	{"connections", CT_MEMBER(CtResourceRow, connections, int), CT_INT4, 1, false, telemetry_count},
};

double
ct_report_number(const void *row, CtColumnType type, int offset)
{
	const void *member = (const char *) row + offset;

	if (type == CT_FLOAT8)
		return *(const double *) member;
	if (type == CT_INT8)
		return *(const int64 *) member < 0 ? NAN : *(const int64 *) member;
	return *(const int *) member < 0 ? NAN : *(const int *) member;
}

CtReportTable *
ct_report_resources(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"resource"}, {"start",.right = true}, {"mean",.right = true}, {"peak",.right = true}, {"end",.right = true},
		{"in all",.right = true},
	};
	CtReportTable *table = ct_table_create("Resources, by the second", "ct_resources", columns, lengthof(columns));
	int			i;
	int			k;

	for (k = 0; k < lengthof(resources); k++)
	{
		double		first = NAN;
		double		last = NAN;
		double		peak = NAN;
		double		sum = 0;
		int			n = 0;
		const char **cells;

		for (i = 0; i < report->nresources; i++)
		{
			double		value = ct_report_number(&report->resources[i], resources[k].type, resources[k].offset) /
				resources[k].divisor;

			if (isnan(value))
				continue;
			if (n++ == 0)
				first = peak = value;
			peak = Max(peak, value);
			last = value;
			sum += value;
		}
		if (n == 0 || peak == 0)
			continue;
		cells = ct_table_add(table, report, NULL);
		cells[0] = resources[k].name;
		cells[1] = resources[k].format(first);
		cells[2] = resources[k].format(sum / n);
		cells[3] = resources[k].format(peak);
		cells[4] = resources[k].format(last);
		cells[5] = resources[k].sum ? resources[k].format(sum) : "";
	}
	return table->rows ? table : NULL;
}

char *
ct_report_memory(const CtReport *report)
{
	const CtUsage *usage = report->usage;

	if (report->nusage == 0 || isnan(usage->memory_slope_mb) || isnan(usage->memory_slope_low_mb) ||
		isnan(usage->memory_slope_high_mb))
		return NULL;
	if (usage->memory_slope_low_mb <= 0 && usage->memory_slope_high_mb >= 0)
		return psprintf("Memory is not known to change with the transactions: %s to %s MB per 1,000 of them, at 95 %%.",
						ct_format_float(usage->memory_slope_low_mb), ct_format_float(usage->memory_slope_high_mb));
	return psprintf("Memory %s with the transactions, by %s MB per 1,000 of them (%s to %s at 95 %%).",
					usage->memory_slope_low_mb > 0 ? "grew" : "shrank", ct_format_float(fabs(usage->memory_slope_mb)),
					ct_format_float(Min(fabs(usage->memory_slope_low_mb), fabs(usage->memory_slope_high_mb))),
					ct_format_float(Max(fabs(usage->memory_slope_low_mb), fabs(usage->memory_slope_high_mb))));
}
