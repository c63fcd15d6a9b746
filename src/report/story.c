/*
 * story.c
 *		What an exploration has found, which all formats share: how much was
 *		executed, and the orders that went wrong, told.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/report.h"

/* of what was read, and of a row of a table */
#define VALUE_WIDTH		40
#define ROW_WIDTH		200
#define ORDER_WIDTH		48

/* ---- sentences ---- */

/* How many orders were executed, and which. */
static char *
story_extent(const CtReport *report, const CtExplorationRow *found)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s came to an end", ct_format_plural(found->complete, "execution", "executions"));
	if (found->cut > 0)
		appendStringInfo(&buf, ", %s cut as others stand for them", ct_format_plural(found->cut, "was", "were"));
	if (!isnan(found->per_second))
		appendStringInfo(&buf, ", %s per second", ct_format_float(found->per_second));
	if (found->exhausted)
		appendStringInfoString(&buf, found->reduced ? ": they stand for all interleavings" : ": these are all interleavings");
	else if (found->preemptions >= 0)
		appendStringInfo(&buf, ": all %s with at most %s", ct_format_count(found->bounded),
						 ct_format_plural(found->preemptions, "preemption", "preemptions"));
	if (!found->exhausted && found->preemptions >= 0 && found->complete - found->drawn > found->bounded)
		appendStringInfo(&buf, ", %s with more", ct_format_count(found->complete - found->drawn - found->bounded));
	if (found->drawn > 0)
		appendStringInfo(&buf, "%s %s drawn at random, of which %s went wrong",
						 found->exhausted || found->preemptions >= 0 ? ", and" : ":",
						 ct_format_count(found->drawn), ct_format_count(found->drawn_failing));
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

/* A note as a sentence of its own. */
static char *
story_sentence(const char *note)
{
	int			length = strlen(note);
	char	   *sentence = psprintf("%s%s", note, length > 0 && note[length - 1] == '.' ? "" : ".");

	sentence[0] = pg_ascii_toupper((unsigned char) sentence[0]);
	return sentence;
}

List *
ct_report_coverage(const CtReport *report)
{
	const CtExplorationRow *found = report->explorations;
	List	   *sentences = NIL;
	char	   *rest;
	char	   *line;

	if (report->nexplorations == 0)
		return NIL;
	sentences = lappend(sentences, story_extent(report, found));
	if (found->stopped_by)
		sentences = lappend(sentences, psprintf("The search was ended by %s.", found->stopped_by));
	if (found->first_failure > 0)
		sentences = lappend(sentences, psprintf("The first execution that went wrong was number %s.",
												ct_format_count(found->first_failure)));
	if (found->serial_orders > 0)
		sentences = lappend(sentences, psprintf("States were compared with those of %s.",
												ct_format_plural(found->serial_orders, "serial order", "serial orders")));
	if (found->surrogates)
		sentences = lappend(sentences, psprintf("Left out of that, for two executions of the same serial order differ there: %s.",
												found->surrogates));
	if (found->notes)
	{
		rest = pstrdup(found->notes);
		while ((line = strsep(&rest, "\n")) != NULL)
			sentences = lappend(sentences, story_sentence(line));
	}
	return sentences;
}

/* ---- the kinds of results ---- */

/* "1 2 2 1" */
static const char *
story_order(const CtReport *report, const CtPermutationRow *row)
{
	const int  *sessions = row->permutation.elements;
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < row->permutation.n; i++)
		appendStringInfo(&buf, "%s%d", i > 0 ? " " : "", sessions[i]);
	return ct_text_cut(buf.data, ORDER_WIDTH, report->unicode);
}

/* "check no_oversell" */
static const char *
story_result(const CtPermutationRow *row)
{
	const char *of = row->check_name ? row->check_name : row->sqlstate;

	return of ? psprintf("%s %s", row->result, of) : row->result;
}

CtReportTable *
ct_report_permutations(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"result",.code = true}, {"executions",.right = true}, {"preemptions",.right = true},
		{"shortest order"}, {"what is wrong"}
	};
	CtReportTable *table = palloc0(sizeof(CtReportTable));
	int			i;

	table->title = "Results";
	table->view = "ct_permutations";
	table->columns = columns;
	table->ncolumns = lengthof(columns);
	for (i = 0; i < report->npermutations; i++)
	{
		const CtPermutationRow *row = &report->permutations[i];
		const char **cells = palloc(table->ncolumns * sizeof(char *));

		cells[0] = story_result(row);
		cells[1] = ct_format_count(row->executions);
		cells[2] = ct_format_count(row->preemptions);
		cells[3] = story_order(report, row);
		cells[4] = row->gist ? row->gist : "";
		table->rows = lappend(table->rows, cells);
	}
	return table->rows ? table : NULL;
}

/* ---- stories ---- */

/* "buy_ticket line 3: UPDATE event ..."; the function without its arguments' types */
static const char *
story_what(const CtStepRow *step)
{
	const char *query = step->query ? step->query : "";

	if (strcmp(step->event, "goes on") == 0)
		return NULL;
	if (step->function == NULL)
		return query;
	return psprintf("%.*s line %d: %s", (int) strcspn(step->function, "("), step->function, step->line, query);
}

/* Does one of the step's statements, or what it begins with, return or change rows? */
static bool
story_has_rows(const char *query)
{
	static const char *const verbs[] = {
		"select", "insert", "update", "delete", "merge", "with", "table", "values", "copy", "perform", "fetch",
		"for", "foreach", "open", "return query"
	};
	const char *p = query;
	int			i;

	while (p != NULL)
	{
		for (i = 0; i < lengthof(verbs); i++)
			if (pg_strncasecmp(p, verbs[i], strlen(verbs[i])) == 0)
				return true;
		p = strstr(p, "; ");
		p = p ? p + 2 : NULL;
	}
	return false;
}

/* What came of the step: what it read, or how many rows it changed; NULL if nothing is to be said. */
static const char *
story_outcome(const CtReport *report, const CtStepRow *step)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (strcmp(step->event, "waits") == 0)
	{
		if (step->waits_for > 0)
			appendStringInfo(&buf, "waits for %d", step->waits_for);
		else
			appendStringInfoString(&buf, "waits for another process");
		return buf.data;
	}
	if (strcmp(step->event, "goes on") == 0)
		appendStringInfoString(&buf, "goes on");
	if (strcmp(step->event, "error") == 0)
	{
		appendStringInfo(&buf, "ERROR: %s", step->error ? step->error : "");
		return buf.data;
	}
	if (step->first_row)
		appendStringInfo(&buf, "%s-> %s", buf.len ? " " : "",
						 ct_text_cut(step->first_row, VALUE_WIDTH, report->unicode));
	if ((step->first_row ? step->rows > 1 : step->rows >= 0) && story_has_rows(step->query ? step->query : ""))
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", ct_format_plural(step->rows, "row", "rows"));
	return buf.len ? buf.data : NULL;
}

static List *
story_split_lines(const char *text)
{
	char	   *rest = pstrdup(text);
	char	   *line;
	List	   *lines = NIL;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			lines = lappend(lines, line);
	return lines;
}

/* Takes out of both lists what they have in common; returns how many that were. */
static int
story_take_same(List **here, List **serial)
{
	List	   *only_here = NIL;
	int			nsame = 0;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, *here)
	{
		foreach(lc2, *serial)
			if (strcmp(lfirst(lc), lfirst(lc2)) == 0)
			break;
		if (lc2 == NULL)
			only_here = lappend(only_here, lfirst(lc));
		else
		{
			*serial = list_delete_cell(*serial, lc2);
			nsame++;
		}
	}
	*here = only_here;
	return nsame;
}

/* The state that the order leaves, beside the one of a serial order. */
static void
story_set_states(CtReportStory *story, const CtReport *report, const CtPermutationRow *row)
{
	List	   *here;
	List	   *serial;
	int			i;

	if (row->state == NULL || row->serial_state == NULL)
		return;
	here = story_split_lines(row->state);
	serial = story_split_lines(row->serial_state);
	story->nsame = story_take_same(&here, &serial);
	story->serial_title = row->serial_order ? psprintf("one after the other: %s", row->serial_order) :
		"one after the other";
	story->ndiffering = Max(list_length(here), list_length(serial));
	story->here = palloc0(Max(story->ndiffering, 1) * sizeof(char *));
	story->serial = palloc0(Max(story->ndiffering, 1) * sizeof(char *));
	for (i = 0; i < story->ndiffering; i++)
	{
		story->here[i] = i < list_length(here) ?
			ct_text_cut(list_nth(here, i), ROW_WIDTH, report->unicode) : "";
		story->serial[i] = i < list_length(serial) ?
			ct_text_cut(list_nth(serial, i), ROW_WIDTH, report->unicode) : "";
	}
}

static CtReportStory *
story_tell(const CtReport *report, const CtPermutationRow *row)
{
	CtReportStory *story = palloc0(sizeof(CtReportStory));
	int			i;

	story->title = psprintf("Shortest order that ends in %s%s", story_result(row),
							row->preemptions < 0 ? "" :
							psprintf(" (%s)", ct_format_plural(row->preemptions, "preemption", "preemptions")));
	story->sessions = report->explorations[0].sessions;
	story->gist = row->gist;
	story->lines = palloc0(Max(report->nsteps, 1) * sizeof(struct CtReportStoryLine));
	for (i = 0; i < report->nsteps; i++)
	{
		const CtStepRow *step = &report->steps[i];
		struct CtReportStoryLine *line = &story->lines[story->nlines];

		if (step->place != row->place)
			continue;
		line->session = step->session;
		line->what = story_what(step);
		line->outcome = story_outcome(report, step);
		line->conflicts = step->conflicts;
		story->nlines++;
	}
	story_set_states(story, report, row);
	return story;
}

List *
ct_report_stories(const CtReport *report, int limit)
{
	List	   *stories = NIL;
	int			i;

	for (i = 0; i < report->npermutations && list_length(stories) < limit; i++)
	{
		const CtPermutationRow *row = &report->permutations[i];

		if (strcmp(row->result, "pass") != 0 && report->nexplorations > 0)
			stories = lappend(stories, story_tell(report, row));
	}
	return stories;
}
