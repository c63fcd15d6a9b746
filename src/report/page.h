/*
 * page.h
 *		The HTML report: a page that stands by itself, and what it is made of.
 *
 * A page is ASCII: whatever else a name or statement holds is written as a
 * numeric reference, so that the file means the same in each encoding that a
 * client may write it in.  It loads nothing, and executes nothing.
 *
 * A run's page is a list of sections, each made by a function that appends
 * nothing where there is nothing to show.  A chart is a figure: a picture as
 * inline SVG, and below it, folded, a table of the very numbers that it draws,
 * rounded as their view rounds them.  What would be more than a reader sees is
 * drawn at a lower resolution, or left out, and the page says so.
 */
#ifndef CT_PAGE_H
#define CT_PAGE_H

#include "src/report/report.h"

typedef struct CtPage
{
	StringInfo	buf;
	const CtReport *report;
	const char *anchor;			/* what the run's ids begin with */
	int			level;			/* of the run's own heading: 1 if the page has no other run */
	List	   *sections;		/* so far; of CtPageSection * */
} CtPage;

typedef struct CtPageSection
{
	const char *id;
	const char *title;
} CtPageSection;

/* ---- markup.c ---- */

/* text as text, of the database's encoding; as good in an attribute's quotes */
extern void ct_markup_text(StringInfo buf, const char *text);

/* names and SQL: in one line, cut after width columns */
extern void ct_markup_code(StringInfo buf, const char *text, int width);

/* <p>; NULL is nothing */
extern void ct_markup_paragraph(StringInfo buf, const char *class, const char *text);

/*
 * A table, at most so many rows of it (0: all), with what is missing said
 * below it.  NULL is nothing.
 */
extern void ct_markup_table(StringInfo buf, const CtReportTable *table, int max_rows);

/* the cell of a table that shows a share of 0 to 1 as a bar; and with its interval on it, NaN for none */
extern void ct_markup_bar(StringInfo buf, double share, int colour);
extern void ct_markup_interval(StringInfo buf, double share, double low, double high, int colour);

/* ---- html.c ---- */

/* Begins a section, its title written; the one before has ended. */
extern void ct_page_section(CtPage *page, const char *id, const char *title);

/* Begins a chart; what it shows is said above it, and below that in small letters, if not NULL, how. */
extern void ct_page_figure(CtPage *page, const char *caption, const char *detail);

/* Ends it, with its numbers, from the table's view; of at most max_rows (0: all). */
extern void ct_page_end_figure(CtPage *page, const CtReportTable *table, int max_rows);

/* what the colours of a chart stand for, from 1 on, as lines or areas */
extern void ct_page_key(CtPage *page, const char *const *names, int n, bool lines);

/* a table with its title as a heading; NULL is nothing */
extern void ct_page_table(CtPage *page, const CtReportTable *table);

/* ---- page_style.c ---- */

extern const char ct_page_style[];

/* the picture styles tell so many series, or parts of a bar, from each other; 1 is the first */
#define CT_PAGE_COLOURS 6

/* ---- svg.c: coordinate systems, and what is drawn in them ---- */

/* how the numbers of an axis are written */
typedef enum CtSvgUnit
{
	CT_SVG_COUNT,
	CT_SVG_MS,
	CT_SVG_SECONDS,
	CT_SVG_PERCENT,
	CT_SVG_CHANGE,				/* a percentage with its sign */
	CT_SVG_MB,
	CT_SVG_BYTES
} CtSvgUnit;

typedef struct CtSvgAxis
{
	double		low;			/* a value, */
	double		high;
	double		from;			/* and where in the picture it is */
	double		to;
	bool		log;
	CtSvgUnit	unit;
} CtSvgAxis;

typedef struct CtSvg
{
	StringInfo	buf;
	double		width;
	double		height;
	CtSvgAxis	x;
	CtSvgAxis	y;				/* its from is below its to, so larger */
} CtSvg;

/* what numbers below a picture need */
#define CT_SVG_BOTTOM	24

/*
 * Begins a picture of that size; the label says it in words.  Its axes leave
 * room for their numbers, on the left and below; who needs other room says so.
 */
extern void ct_svg_begin(CtSvg *svg, StringInfo buf, double width, double height, const char *label);
extern void ct_svg_end(CtSvg *svg);

/* where a value is; values beyond the axis are at its end */
extern double ct_svg_at(const CtSvgAxis *axis, double value);

/*
 * Makes an axis that holds both values, and widens it to round numbers.  A
 * linear one begins at 0; a logarithmic one at the smallest number given that
 * is larger than 0.
 */
extern void ct_svg_scale(CtSvgAxis *axis, CtSvgUnit unit, bool log, double low, double high);

/* Makes a linear axis that has 0 within, and widens it to round numbers. */
extern void ct_svg_scale_around_zero(CtSvgAxis *axis, CtSvgUnit unit, double low, double high);

/* Lines across the picture, with numbers on the left; numbers below it. */
extern void ct_svg_y_axis(CtSvg *svg);
extern void ct_svg_x_axis(CtSvg *svg);

/* a line through the points that are known (not NaN), broken where one isn't */
extern void ct_svg_line(CtSvg *svg, int colour, int n, const double *x, const double *y);

/* a dot for each point that is known */
extern void ct_svg_dots(CtSvg *svg, int colour, int n, const double *x, const double *y);

/* a shape around a point, of a series */
typedef enum CtSvgMark
{
	CT_SVG_CIRCLE,
	CT_SVG_SQUARE,
	CT_SVG_TRIANGLE,
	CT_SVG_BAR
} CtSvgMark;

extern void ct_svg_mark(CtSvg *svg, CtSvgMark mark, int colour, double x, double y);

/* with what a pointer over it shows, or NULL */
extern void ct_svg_rectangle(CtSvg *svg, const char *class, double x, double y, double width, double height,
							 const char *title);

/* a text at a place of the picture; class: of the style, anchor: start, middle, end */
extern void ct_svg_text(CtSvg *svg, const char *class, const char *anchor, double x, double y, const char *text);

/* a number as an axis has it; palloc'd */
extern char *ct_svg_label(CtSvgUnit unit, double value);

/* a coordinate, to a tenth */
extern void ct_svg_number(StringInfo buf, double x);

/* ---- the sections ---- */

/* what comes first on a page of many runs */
extern void ct_page_runs(StringInfo buf, const CtReportList *list);

extern void ct_page_exploration(CtPage *page);
extern void ct_page_orders(CtPage *page);
extern void ct_page_regressions(CtPage *page);
extern void ct_page_repeats(CtPage *page);
extern void ct_page_timeline(CtPage *page);
extern void ct_page_latency(CtPage *page);
extern void ct_page_classes(CtPage *page);
extern void ct_page_waits(CtPage *page);
extern void ct_page_blocking(CtPage *page);
extern void ct_page_deadlocks(CtPage *page);
extern void ct_page_resources(CtPage *page);
extern void ct_page_workers(CtPage *page);
extern void ct_page_samples(CtPage *page);

#endif							/* CT_PAGE_H */
