/*
 * page_waits.c
 *		A page's sections of what sessions waited for.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/page.h"

#define MAX_WAITS 12			/* of a script; more are in ct_waits */

/* A bar in a row of a table each, so that the chart is its own table. */
void
ct_page_waits(CtPage *page)
{
	const CtReport *report = page->report;
	StringInfo	buf = page->buf;
	int			hidden = 0;
	int			of_script = 0;
	int			i;

	if (report->nwaits == 0)
		return;
	ct_page_section(page, "waits", "Where the time went");
	appendStringInfoString(buf, "<p class=\"note\">What sessions were found at, sampled: CPU is work, <code>ct_ext</code> what the run itself "
						   "had them wait for.</p>\n"
						   "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Waits\"><table data-view=\"ct_waits\">\n"
						   "<thead><tr><th scope=\"col\">script</th><th scope=\"col\">wait</th><th scope=\"col\" class=\"n\">samples</th>"
						   "<th scope=\"col\" colspan=\"2\">share of the script's</th></tr></thead>\n<tbody>\n");
	for (i = 0; i < report->nwaits; i++)
	{
		const CtWaitRow *wait = &report->waits[i];

		of_script = i > 0 && strcmp(wait->script, wait[-1].script) == 0 ? of_script + 1 : 0;
		if (of_script >= MAX_WAITS)
		{
			hidden++;
			continue;
		}
		appendStringInfoString(buf, "<tr><td>");
		ct_markup_code(buf, wait->script, 60);
		appendStringInfoString(buf, "</td><td>");
		ct_markup_code(buf, ct_report_wait_name(wait), 80);
		appendStringInfo(buf, "</td><td class=\"n\">" INT64_FORMAT "</td><td class=\"n\">", wait->samples);
		ct_markup_text(buf, ct_format_share(wait->share));
		appendStringInfoString(buf, "</td>");
		ct_markup_bar(buf, wait->share, strcmp(wait->wait_event_type, "CPU") == 0 ? 1 :
					  strcmp(wait->wait_event_type, "ct_ext") == 0 ? 6 : 2);
		appendStringInfoString(buf, "</tr>\n");
	}
	appendStringInfoString(buf, "</tbody></table></div>\n");
	if (hidden > 0)
		appendStringInfo(buf, "<p class=\"note\">%s more, each of less, in the view <code>ct_waits</code>.</p>\n",
						 ct_format_plural(hidden, "row is", "rows are"));
}
