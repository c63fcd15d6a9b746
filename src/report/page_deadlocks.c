/*
 * page_deadlocks.c
 *		A page's deadlocks: for each kind a picture of who waited for whom, and
 *		the same in words.
 *
 * The picture is a ring, as each waits for the next one.
 */
#include "postgres.h"

#include <math.h>

#include "utils/timestamp.h"

#include "src/report/page.h"

#define MAX_KINDS 6				/* that are drawn */
#define MAX_PARTICIPANTS 8		/* in a picture; larger rings are only told */
#define MAX_ROWS 100			/* of the table below */

#define WIDTH 440.0
#define BOX_WIDTH 138.0
#define BOX_HEIGHT 40.0
#define ARROW_LENGTH 60
#define TALL_LENGTH 170			/* of three, so that the words of all arrows have room */
#define LABEL_LENGTH 15

typedef struct PagePoint
{
	double		x;
	double		y;
} PagePoint;

/*
 * Where a participant's box has its middle: in one of two columns, down on the
 * right and up on the left, so that the arrows between them are the ring.
 */
static PagePoint
deadlock_place(int i, int n, double height)
{
	int			right = n == 2 ? 1 : (n + 1) / 2;
	bool		left = n == 2 ? i == 0 : i >= right;
	int			column = left ? n - right : right;
	int			row = left ? n - 1 - i : i;
	double		top = BOX_HEIGHT / 2 + 6;
	double		bottom = top + 14;	/* words below the lowest arrow */
	PagePoint	p;

	p.x = left ? BOX_WIDTH / 2 + 4 : WIDTH - BOX_WIDTH / 2 - 4;
	p.y = n == 2 ? height / 2 : column == 1 ? (top + height - bottom) / 2 : top + (height - top - bottom) * row / (column - 1);
	return p;
}

/* From the middle of a box towards a point, up to a little beyond its edge. */
static PagePoint
deadlock_leave(PagePoint box, PagePoint towards, double gap)
{
	double		dx = towards.x - box.x;
	double		dy = towards.y - box.y;
	double		length = Max(hypot(dx, dy), 1);
	double		share = Min(BOX_WIDTH / 2 / Max(fabs(dx), 0.001), BOX_HEIGHT / 2 / Max(fabs(dy), 0.001)) + gap / length;
	PagePoint	p = {box.x + dx * share, box.y + dy * share};

	return p;
}

static void
deadlock_point(StringInfo buf, char command, double x, double y)
{
	appendStringInfoChar(buf, command);
	ct_svg_number(buf, x);
	appendStringInfoChar(buf, ' ');
	ct_svg_number(buf, y);
}

/* What is wanted, where there is room: inside the ring, beside an arrow that goes up or down; else across it. */
static void
deadlock_label(CtSvg *svg, PagePoint from, PagePoint middle, PagePoint to, const CtDeadlockRow *row, bool unicode)
{
	bool		vertical = fabs(from.x - to.x) < 1;
	const char *anchor = !vertical ? "middle" : from.x < WIDTH / 2 ? "start" : "end";
	double		x = middle.x + (!vertical ? (fabs(from.y - to.y) < 1 ? 0 : -24) : from.x < WIDTH / 2 ? 8 : -8);

	if (row->mode == NULL)
		return;

	/* what goes across has it above and below */
	ct_svg_text(svg, "halo", anchor, x, middle.y + (vertical ? -8 : -6), ct_text_cut(row->mode, LABEL_LENGTH, unicode));
	ct_svg_text(svg, "halo faint", anchor, x, middle.y + (vertical ? 6 : 15), ct_text_cut(row->locktype, LABEL_LENGTH, unicode));
	if (row->relation)
		ct_svg_text(svg, "halo faint", anchor, x, middle.y + (vertical ? 20 : 28),
					ct_text_cut(psprintf("of %s", row->relation), LABEL_LENGTH, unicode));
}

/* An arrow by way of a point, with what is waited for beside it. */
static void
deadlock_arrow(CtSvg *svg, PagePoint from, PagePoint by, PagePoint to, const CtDeadlockRow *row, bool unicode)
{
	PagePoint	start = deadlock_leave(from, by, 2);
	PagePoint	end = deadlock_leave(to, by, 3);
	double		length = Max(hypot(end.x - by.x, end.y - by.y), 1);
	double		ux = (end.x - by.x) / length;
	double		uy = (end.y - by.y) / length;
	PagePoint	middle = {start.x / 4 + by.x / 2 + end.x / 4, start.y / 4 + by.y / 2 + end.y / 4};

	appendStringInfoString(svg->buf, "<path class=\"arrow\" d=\"");
	deadlock_point(svg->buf, 'M', start.x, start.y);
	deadlock_point(svg->buf, 'Q', by.x, by.y);
	deadlock_point(svg->buf, ' ', end.x - 6 * ux, end.y - 6 * uy);
	appendStringInfoString(svg->buf, "\"/><path class=\"head\" d=\"");
	deadlock_point(svg->buf, 'M', end.x, end.y);
	deadlock_point(svg->buf, 'L', end.x - 10 * ux - 5 * uy, end.y - 10 * uy + 5 * ux);
	deadlock_point(svg->buf, 'L', end.x - 10 * ux + 5 * uy, end.y - 10 * uy - 5 * ux);
	appendStringInfoString(svg->buf, "z\"/>");
	deadlock_label(svg, from, middle, to, row, unicode);
	appendStringInfoChar(svg->buf, '\n');
}

static void
deadlock_box(CtSvg *svg, PagePoint p, int number, const CtDeadlockRow *row, bool unicode)
{
	ct_svg_rectangle(svg, row->victim ? "box victim" : "box", p.x - BOX_WIDTH / 2, p.y - BOX_HEIGHT / 2, BOX_WIDTH, BOX_HEIGHT,
					 row->query ? ct_text_cut(row->query, 300, unicode) : NULL);
	ct_svg_text(svg, "strong", "middle", p.x, p.y - 3,
				ct_text_cut(psprintf("%d: %s", number, row->script ? ct_report_place(row->script, row->step) : "outside"), 15, unicode));
	ct_svg_text(svg, "faint", "middle", p.x, p.y + 13, row->victim ? "victim: 40P01" : "went on");
	appendStringInfoChar(svg->buf, '\n');
}

/* Which of the ring a participant waits for, from 0. */
static int
deadlock_waits_for(const CtReportDeadlock *kind, int i)
{
	int			k;

	for (k = 0; k < kind->n; k++)
		if (kind->rows[k].participant == kind->rows[i].waits_for)
			return k;
	return (i + 1) % kind->n;
}

static void
deadlock_picture(CtPage *page, const CtReportDeadlock *kind)
{
	bool		unicode = page->report->unicode;
	int			rows = Max((kind->n + 1) / 2, 2);
	double		height = kind->n == 2 ? 170 : 26 + rows * BOX_HEIGHT + (rows - 1) * (kind->n == 3 ? TALL_LENGTH : ARROW_LENGTH);
	StringInfoData label;
	CtSvg		svg;
	int			i;

	initStringInfo(&label);
	for (i = 0; i < kind->n; i++)
		appendStringInfo(&label, "%s%d waits for %d", i > 0 ? ", " : "", i + 1, deadlock_waits_for(kind, i) + 1);
	ct_svg_begin(&svg, page->buf, WIDTH, height, psprintf("Deadlock of %d: %s", kind->n, label.data));
	for (i = 0; i < kind->n; i++)
	{
		int			other = deadlock_waits_for(kind, i);
		PagePoint	from = deadlock_place(i, kind->n, height);
		PagePoint	to = deadlock_place(other, kind->n, height);
		PagePoint	by = {(from.x + to.x) / 2, (from.y + to.y) / 2};

		/* of two, there and back would be one line */
		if (kind->n == 2)
			by.y += i < other ? -90 : 90;
		deadlock_arrow(&svg, from, by, to, &kind->rows[i], unicode);
	}
	for (i = 0; i < kind->n; i++)
		deadlock_box(&svg, deadlock_place(i, kind->n, height), i + 1, &kind->rows[i], unicode);
	ct_svg_end(&svg);
}

/* The picture in words. */
static void
deadlock_words(CtPage *page, const CtReportDeadlock *kind)
{
	StringInfo	buf = page->buf;
	int			i;

	appendStringInfoString(buf, "<ol class=\"words\">\n");
	for (i = 0; i < kind->n; i++)
	{
		const CtDeadlockRow *row = &kind->rows[i];

		appendStringInfoString(buf, "<li>");
		ct_markup_code(buf, ct_report_place(row->script, row->step), 80);
		if (row->holds)
		{
			appendStringInfoString(buf, " holds ");
			ct_markup_text(buf, ct_text_cut(row->holds, 200, page->report->unicode));
			appendStringInfoString(buf, " and");
		}
		appendStringInfoString(buf, " waits for ");
		ct_markup_text(buf, ct_text_cut(ct_report_lock(row->mode, row->locktype, row->relation), 200, page->report->unicode));
		appendStringInfo(buf, ", which %d holds%s.", deadlock_waits_for(kind, i) + 1, row->victim ? "; it was ended by 40P01" : "");
		if (row->query)
		{
			appendStringInfoString(buf, "<br>");
			ct_markup_code(buf, row->query, 200);
		}
		appendStringInfoString(buf, "</li>\n");
	}
	appendStringInfoString(buf, "</ol>\n");
}

static CtReportTable *
deadlock_table(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"deadlock", CT_NUMBER_CELL(CtDeadlockRow, deadlock)},
		{"participant", CT_NUMBER_CELL(CtDeadlockRow, participant)},
		{"of script",.code = true, CT_TEXT_CELL(CtDeadlockRow, script)},
		{"step", CT_NUMBER_CELL(CtDeadlockRow, step)},
		{"holds", CT_TEXT_CELL(CtDeadlockRow, holds)},
		{"locktype", CT_TEXT_CELL(CtDeadlockRow, locktype)},
		{"mode", CT_TEXT_CELL(CtDeadlockRow, mode)},
		{"relation",.code = true, CT_TEXT_CELL(CtDeadlockRow, relation)},
		{"waits for", CT_NUMBER_CELL(CtDeadlockRow, waits_for)},
		{"victim"},
		{"after",.right = true},
	};
	CtReportTable *table = ct_table_of("Deadlocks", "ct_deadlocks", columns, lengthof(columns), report,
									   report->deadlocks, report->ndeadlocks, sizeof(CtDeadlockRow));
	ListCell   *lc;

	foreach(lc, table->rows)
	{
		const CtDeadlockRow *row = &report->deadlocks[foreach_current_index(lc)];
		const char **cells = lfirst(lc);

		cells[9] = row->victim ? "yes" : "no";
		if (report->gate_at != 0)
			cells[10] = ct_format_ms((row->at - report->gate_at) / 1000.0, report->unicode);
	}
	return table;
}

void
ct_page_deadlocks(CtPage *page)
{
	const CtReport *report = page->report;
	List	   *kinds = ct_report_deadlock_kinds(report);
	ListCell   *lc;
	int64		all = 0;
	int64		told = 0;
	int			i;

	if (kinds == NIL)
		return;
	ct_page_section(page, "deadlocks", "Deadlocks");
	for (i = 0; i < report->nerrors; i++)
		if (strcmp(report->errors[i].sqlstate, "40P01") == 0)
			all += report->errors[i].count;
	foreach(lc, kinds)
		told += ((const CtReportDeadlock *) lfirst(lc))->count;
	if (all > told)
		ct_markup_paragraph(page->buf, "note", psprintf("Of %s deadlocks, the first %s are told here.", ct_format_count(all),
														ct_format_count(told)));
	appendStringInfo(page->buf, "<p class=\"note\">An arrow goes from who waits to who holds the lock; it names the lock that is wanted. "
					 "%s.</p>\n<div class=\"charts\">\n",
					 list_length(kinds) == 1 ? "All were of one kind" :
					 psprintf("They were of %d kinds%s", list_length(kinds),
							  list_length(kinds) > MAX_KINDS ? psprintf(", of which the first %d are drawn", MAX_KINDS) : ""));
	foreach(lc, kinds)
	{
		const CtReportDeadlock *kind = lfirst(lc);

		if (foreach_current_index(lc) == MAX_KINDS)
			break;
		ct_page_figure(page, psprintf("%s: a ring of %d", ct_format_plural(kind->count, "deadlock", "deadlocks"), kind->n), NULL);
		if (kind->n >= 2 && kind->n <= MAX_PARTICIPANTS)
			deadlock_picture(page, kind);
		deadlock_words(page, kind);
		ct_page_end_figure(page, NULL, 0);
	}
	appendStringInfoString(page->buf, "</div>\n");
	appendStringInfoString(page->buf, "<details><summary>All of them, as a table</summary>\n");
	ct_markup_table(page->buf, deadlock_table(report), MAX_ROWS);
	appendStringInfoString(page->buf, "</details>\n");
}
