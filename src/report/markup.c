/*
 * markup.c
 *		HTML: text that stays text, and tables.
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"

#include "src/report/page.h"

#define CELL_WIDTH 300

/* ---- text ---- */

/*
 * A character.  Markup is written as what it is, and control characters as
 * the pictures that Unicode has of them: HTML has no way to say them.
 */
static void
markup_character(StringInfo buf, uint32 c)
{
	switch (c)
	{
		case '&':
			appendStringInfoString(buf, "&amp;");
			return;
		case '<':
			appendStringInfoString(buf, "&lt;");
			return;
		case '>':
			appendStringInfoString(buf, "&gt;");
			return;
		case '"':
			appendStringInfoString(buf, "&quot;");
			return;
		case '\'':
			appendStringInfoString(buf, "&#39;");
			return;
		case '\t':
		case '\n':
			appendStringInfoChar(buf, (char) c);
			return;
	}
	if (c < 0x20)
		c += 0x2400;
	else if (c == 0x7f)
		c = 0x2421;
	else if (c < 0x7f)
	{
		appendStringInfoChar(buf, (char) c);
		return;
	}
	else if (c < 0xa0 || (c >= 0xd800 && c < 0xe000) || (c >= 0xfdd0 && c < 0xfdf0) || (c & 0xfffe) == 0xfffe ||
			 c > 0x10ffff)
		c = CT_REPLACEMENT;
	appendStringInfo(buf, "&#x%X;", c);
}

void
ct_markup_text(StringInfo buf, const char *text)
{
	ct_put_characters(buf, text, markup_character);
}

void
ct_markup_code(StringInfo buf, const char *text, int width)
{
	if (*text == '\0')
		return;
	appendStringInfoString(buf, "<code>");
	ct_markup_text(buf, ct_text_cut(text, width, GetDatabaseEncoding() == PG_UTF8));
	appendStringInfoString(buf, "</code>");
}

void
ct_markup_paragraph(StringInfo buf, const char *class, const char *text)
{
	if (text == NULL)
		return;
	if (class)
		appendStringInfo(buf, "<p class=\"%s\">", class);
	else
		appendStringInfoString(buf, "<p>");
	ct_markup_text(buf, text);
	appendStringInfoString(buf, "</p>\n");
}

/* ---- tables ---- */

static void
markup_cell(StringInfo buf, const CtReportColumn *column, const char *text)
{
	/* what closes a cell or a row needn't be said; with a thousand rows that counts */
	if (strcmp(text, "FAIL") == 0 || strcmp(text, "pass") == 0 || strcmp(text, "PASS") == 0)
		appendStringInfo(buf, "<td class=\"is-%s\">", strcmp(text, "FAIL") == 0 ? "fail" : "pass");
	else
		/* "transfer 2" is as good as a word, and what is long needs room */
		appendStringInfoString(buf, strlen(text) > 40 ? "<td class=\"long\">" :
							   strlen(text) <= 24 && strchr(text, ' ') ? "<td class=\"w\">" : "<td>");
	if (column->code)
		ct_markup_code(buf, text, CELL_WIDTH);
	else
		ct_markup_text(buf, ct_text_cut(text, CELL_WIDTH, GetDatabaseEncoding() == PG_UTF8));
}

void
ct_markup_table(StringInfo buf, const CtReportTable *table, int max_rows)
{
	ListCell   *lc;
	int			column = 0;
	int			i;

	if (table == NULL)
		return;
	appendStringInfoString(buf, "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"");
	ct_markup_text(buf, table->title ? table->title : "Runs");
	appendStringInfo(buf, "\"><table data-view=\"%s\" class=\"", table->view);
	for (i = 0; i < table->ncolumns; i++)
	{
		if (!ct_table_is_shown(table, i))
			continue;
		column++;
		if (table->columns[i].right)
			appendStringInfo(buf, "c%d ", column);
	}
	appendStringInfoString(buf, "\">\n<thead><tr>");
	for (i = 0; i < table->ncolumns; i++)
	{
		if (!ct_table_is_shown(table, i))
			continue;
		appendStringInfoString(buf, "<th scope=\"col\">");
		ct_markup_text(buf, table->columns[i].head);
	}
	appendStringInfoString(buf, "</tr></thead>\n<tbody>\n");
	foreach(lc, table->rows)
	{
		const char **cells = lfirst(lc);

		if (max_rows > 0 && foreach_current_index(lc) == max_rows)
			break;
		appendStringInfoString(buf, "<tr>");
		for (i = 0; i < table->ncolumns; i++)
			if (ct_table_is_shown(table, i))
				markup_cell(buf, &table->columns[i], cells[i]);
		appendStringInfoChar(buf, '\n');
	}
	appendStringInfoString(buf, "</tbody></table></div>\n");
	if (max_rows > 0 && list_length(table->rows) > max_rows)
		appendStringInfo(buf, "<p class=\"note\">These are the first %d rows; %s more are in the view <code>%s</code>.</p>\n",
						 max_rows, ct_format_count(list_length(table->rows) - max_rows), table->view);
}

void
ct_markup_interval(StringInfo buf, double share, double low, double high, int colour)
{
	appendStringInfo(buf, "<td class=\"bar\"><svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
					 "<rect class=\"f%d\" height=\"8\" width=\"", colour);
	ct_svg_number(buf, share > 0 ? Max(Min(share, 1) * 100, 0.3) : 0);
	appendStringInfoString(buf, "\"/>");
	if (!isnan(low) && !isnan(high))
	{
		appendStringInfoString(buf, "<path class=\"whisker\" d=\"M");
		ct_svg_number(buf, Max(low, 0) * 100);
		appendStringInfoString(buf, " 4H");
		ct_svg_number(buf, Min(high, 1) * 100);
		appendStringInfoString(buf, "\"/>");
	}
	appendStringInfoString(buf, "</svg>");
}

void
ct_markup_bar(StringInfo buf, double share, int colour)
{
	ct_markup_interval(buf, share, NAN, NAN, colour);
}
