/*
 * scan_unit.c
 *		Texts that are taken apart by the format that they were made of.
 */
#include "postgres.h"

#include "src/base/scan_text.h"
#include "t/units/units.h"

/* What the conversions of a format were in a text, joined by "|"; NULL if it wasn't made of it. */
static const char *
scan_all(const char *format, const char *text, int nargs)
{
	CtSpan		args[4];
	char	   *all = "";
	int			i;

	if (!ct_scan_text(format, text, strlen(text), args, nargs))
		return NULL;
	for (i = 0; i < nargs; i++)
		all = psprintf("%s%s%.*s", all, i > 0 ? "|" : "", (int) args[i].length, args[i].start);
	return all;
}

void
unit_scan(void)
{
	const char *line = "Process %d waits for %s on %s; blocked by process %d.";
	CtSpan		number;

	unit_is(scan_all(line, "Process 12 waits for ShareLock on transaction 7; blocked by process 34.", 4),
			"12|ShareLock|transaction 7|34", "a line of a deadlock");
	unit_is(scan_all("Prozess %d wartet auf %s-Sperre auf %s; blockiert von Prozess %d.",
					 "Prozess 1 wartet auf ShareLock-Sperre auf Transaktion 7; blockiert von Prozess 2.", 4),
			"1|ShareLock|Transaktion 7|2", "in German");
	unit_is(scan_all("%4$d blocks process %1$d, which wants %2$s of %3$s",
					 "2 blocks process 1, which wants ShareLock of transaction 7", 4),
			"1|ShareLock|transaction 7|2", "arguments in another order");
	unit_is(scan_all(line, "Process 1 waits for a lock on a lock on b; blocked by process 2.", 4),
			"1|a lock|a lock on b|2", "the shortest first");
	unit_is(scan_all("tuple (%u,%u) of relation %u", "tuple (0,15) of relation 4294967295", 3),
			"0|15|4294967295", "numbers");
	unit_is(scan_all("virtual transaction %d/%u", "virtual transaction -1/5", 2), "-1|5", "a negative one");
	unit_is(scan_all("100%% of %s", "100% of it", 1), "it", "a percent sign");
	unit_is(scan_all("%s", "", 1), "", "nothing at all");
	unit_is(scan_all("transaction %u", "virtual transaction 1", 1), NULL, "another beginning");
	unit_is(scan_all("transaction %u", "transaction 1 of 2", 1), NULL, "more than that");
	unit_is(scan_all("transaction %u", "transaction", 1), NULL, "less than that");
	unit_is(scan_all("transaction %u", "transaction x", 1), NULL, "no number");
	unit_is(scan_all("%x", "1", 1), NULL, "a conversion that it doesn't know");
	unit_is(scan_all("%2$s", "1", 1), NULL, "an argument that there isn't");
	number = (CtSpan) {"4294967295]", 10};
	unit_ok(ct_span_number(number) == PG_UINT32_MAX, "the largest number");
}
