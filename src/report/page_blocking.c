/*
 * page_blocking.c
 *		A page's section of who waited for whom.
 *
 * The picture has those who waited on the left and those they waited for on
 * the right; the band between two of them is as wide as the wait was long.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/page.h"

#define MAX_BANDS 8				/* that are drawn, */
#define MAX_ROWS 20				/* and that the table has; more are in ct_blocking */
#define WIDTH 440
#define COLUMN 140				/* width of the names, on both sides */
#define NODE 8
#define ROOM 190				/* height of all bands together */
#define GAP 18

typedef struct PageNode
{
	const char *name;
	double		ms;				/* of all its bands */
	double		top;			/* where the next of its bands begins */
	double		from;			/* where it begins itself */
} PageNode;

/* The node of that name among those that there are, or a new one. */
static PageNode *
blocking_node(PageNode *nodes, int *n, const char *name)
{
	int			i;

	for (i = 0; i < *n; i++)
		if (strcmp(nodes[i].name, name) == 0)
			return &nodes[i];
	nodes[*n].name = name;
	nodes[*n].ms = 0;
	return &nodes[(*n)++];
}

static const char *
blocking_blocker(const CtBlockingRow *row)
{
	if (row->outside)
		return row->blocker_query ? row->blocker_query : "a session from outside";
	return ct_report_place(row->blocker_script, row->blocker_step);
}

/* how high a band is; one that hardly waited shows, too */
static double
blocking_height(double ms, double all)
{
	return Max(ms / all * ROOM, 2);
}

/* Puts nodes below each other, and writes their names. */
static double
blocking_column(CtSvg *svg, PageNode *nodes, int n, double x, bool left, bool unicode)
{
	double		y = 14;
	int			i;

	for (i = 0; i < n; i++)
	{
		nodes[i].from = nodes[i].top = y;
		y += Max(nodes[i].ms, 4) + GAP;
		if (svg == NULL)
			continue;
		ct_svg_rectangle(svg, left ? "f2" : "f1", x, nodes[i].from, NODE, Max(nodes[i].ms, 4), NULL);
		ct_svg_text(svg, "", left ? "end" : "start", left ? x - 6 : x + NODE + 6,
					nodes[i].from + Max(nodes[i].ms, 4) / 2 + 4, ct_text_cut(nodes[i].name, 15, unicode));
	}
	return y;
}

static void
blocking_picture(CtPage *page, int n)
{
	const CtReport *report = page->report;
	PageNode	left[MAX_BANDS];
	PageNode	right[MAX_BANDS];
	PageNode   *from[MAX_BANDS];
	PageNode   *to[MAX_BANDS];
	int			nleft = 0;
	int			nright = 0;
	double		all = 0;
	double		height;
	double		x1 = COLUMN + NODE;
	double		x2 = WIDTH - COLUMN - NODE;
	CtSvg		svg;
	int			i;

	for (i = 0; i < n; i++)
		all += Max(report->blocking[i].waited_ms, 0);
	if (!(all > 0))
		return;
	for (i = 0; i < n; i++)
	{
		const CtBlockingRow *row = &report->blocking[i];

		from[i] = blocking_node(left, &nleft, ct_report_place(row->script, row->step));
		to[i] = blocking_node(right, &nright, blocking_blocker(row));
		from[i]->ms += blocking_height(row->waited_ms, all);
		to[i]->ms += blocking_height(row->waited_ms, all);
	}
	height = Max(blocking_column(NULL, left, nleft, 0, true, false), blocking_column(NULL, right, nright, 0, false, false));

	ct_page_figure(page, "Who waited for whom",
				   "On the left who waited, on the right for whom; the wider the band, the longer in all.");
	ct_svg_begin(&svg, page->buf, WIDTH, height,
				 psprintf("Waits between statements; most of it: %s for %s, %s", from[0]->name,
						  ct_text_cut(to[0]->name, 80, report->unicode), ct_format_ms(report->blocking[0].waited_ms, report->unicode)));
	for (i = 0; i < n; i++)
	{
		const CtBlockingRow *row = &report->blocking[i];
		double		h = blocking_height(row->waited_ms, all);
		double		y1 = from[i]->top;
		double		y2 = to[i]->top;
		double		corners[] = {x1, y1, (x1 + x2) / 2, y1, (x1 + x2) / 2, y2, x2, y2};
		double		back[] = {x2, y2 + h, (x1 + x2) / 2, y2 + h, (x1 + x2) / 2, y1 + h, x1, y1 + h};
		int			k;

		appendStringInfoString(page->buf, "<path class=\"flow\" d=\"");
		for (k = 0; k < 16; k += 2)
		{
			const double *p = k < 8 ? &corners[k] : &back[k - 8];

			appendStringInfoString(page->buf, k == 0 ? "M" : k == 2 || k == 10 ? "C" : k == 8 ? "L" : " ");
			ct_svg_number(page->buf, p[0]);
			appendStringInfoChar(page->buf, ' ');
			ct_svg_number(page->buf, p[1]);
		}
		appendStringInfoString(page->buf, "z\"><title>");
		ct_markup_text(page->buf, psprintf("%s waited for %s: %s", from[i]->name, ct_text_cut(to[i]->name, 80, report->unicode),
										   ct_format_ms(row->waited_ms, report->unicode)));
		appendStringInfoString(page->buf, "</title></path>\n");
		from[i]->top += h;
		to[i]->top += h;
	}
	blocking_column(&svg, left, nleft, COLUMN, true, report->unicode);
	blocking_column(&svg, right, nright, WIDTH - COLUMN - NODE, false, report->unicode);
	ct_svg_end(&svg);
	ct_page_end_figure(page, NULL, 0);
}

static CtReportTable *
blocking_table(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"waiting",.code = true},
		{"for",.code = true},
		{"lock"},
		{"waited, ms", CT_THOUSANDTHS_CELL(CtBlockingRow, waited_ms)},
		{"longest, ms", CT_THOUSANDTHS_CELL(CtBlockingRow, max_ms)},
		{"samples", CT_EXACT_CELL(CtBlockingRow, samples)},
		{"in a row", CT_NUMBER_CELL(CtBlockingRow, chain)},
		{"statement that waited",.code = true, CT_TEXT_CELL(CtBlockingRow, query)},
		{"statement that held it",.code = true, CT_TEXT_CELL(CtBlockingRow, blocker_query)},
	};
	CtReportTable *table = ct_table_of("Blocking", "ct_blocking", columns, lengthof(columns), report,
									   report->blocking, report->nblocking, sizeof(CtBlockingRow));
	ListCell   *lc;

	foreach(lc, table->rows)
	{
		const CtBlockingRow *row = &report->blocking[foreach_current_index(lc)];
		const char **cells = lfirst(lc);

		cells[0] = ct_report_place(row->script, row->step);
		cells[1] = row->outside ? "from outside" : ct_report_place(row->blocker_script, row->blocker_step);
		cells[2] = ct_report_lock(row->mode, row->locktype, row->relation);
	}
	return table;
}

void
ct_page_blocking(CtPage *page)
{
	const CtReport *report = page->report;
	int			n = Min(report->nblocking, MAX_BANDS);
	int			longest = 0;
	int			i;

	if (report->nblocking == 0)
		return;
	for (i = 0; i < report->nblocking; i++)
		longest = Max(longest, report->blocking[i].chain);
	ct_page_section(page, "blocking", "Blocking");
	appendStringInfo(page->buf, "<p>%s of statements waited for each other%s.</p>\n",
					 ct_format_plural(report->nblocking, "pair", "pairs"),
					 longest > 1 ? psprintf("; at most %d sessions in a row, each for the next", longest) : "");
	if (report->nblocking > n)
		appendStringInfo(page->buf, "<p class=\"note\">The %d that waited longest are drawn.</p>\n", n);
	blocking_picture(page, n);
	ct_markup_table(page->buf, blocking_table(report), MAX_ROWS);
}
