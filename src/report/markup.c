/*
 * markup.c
 *		HTML: text that stays text, and tables.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"

#include "src/report/page.h"

#define CELL_WIDTH 300
#define REPLACEMENT 0xfffd

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
		c = REPLACEMENT;
	appendStringInfo(buf, "&#x%X;", c);
}

/* UTF-8, whatever is wrong with it. */
static void
markup_utf8(StringInfo buf, const unsigned char *p, int len)
{
	const unsigned char *end = p + len;

	while (p < end)
	{
		int			n = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : -1;
		uint32		c = n <= 0 ? *p : *p & (0x3f >> n);

		p++;
		if (n < 0)
			c = REPLACEMENT;
		for (; n > 0; n--)
		{
			if (p == end || (*p & 0xc0) != 0x80)
			{
				c = REPLACEMENT;
				break;
			}
			c = (c << 6) | (*p++ & 0x3f);
		}
		markup_character(buf, c);
	}
}

/* Text of another encoding; what has no equivalent is replaced. */
static void
markup_converted(StringInfo buf, const char *text)
{
	int			encoding = GetDatabaseEncoding();
	Oid			proc = InvalidOid;
	int			len = strlen(text);

	if (encoding != PG_SQL_ASCII)
		proc = FindDefaultConversionProc(encoding, PG_UTF8);
	while (*text)
	{
		unsigned char utf8[MAX_CONVERSION_GROWTH * 8 + 1];
		int			length = Min(encoding == PG_SQL_ASCII ? 1 : pg_mblen(text), len);

		if (!IS_HIGHBIT_SET(*text))
			markup_character(buf, (unsigned char) *text);
		else if (OidIsValid(proc) && length <= 8 &&
				 pg_do_encoding_conversion_buf(proc, encoding, PG_UTF8, (unsigned char *) unconstify(char *, text),
											   length, utf8, sizeof(utf8), true) == length)
			markup_utf8(buf, utf8, strlen((char *) utf8));
		else
			markup_character(buf, REPLACEMENT);
		text += length;
		len -= length;
	}
}

void
ct_markup_text(StringInfo buf, const char *text)
{
	int			len = strlen(text);

	/* where nobody knows the encoding, what looks like UTF-8 hardly ever is anything else */
	if (GetDatabaseEncoding() == PG_UTF8 ||
		(GetDatabaseEncoding() == PG_SQL_ASCII && pg_verify_mbstr(PG_UTF8, text, len, true)))
		markup_utf8(buf, (const unsigned char *) text, len);
	else
		markup_converted(buf, text);
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
		appendStringInfoString(buf, "<td>");
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
ct_markup_bar(StringInfo buf, double share, int colour)
{
	appendStringInfoString(buf, "<td class=\"bar\"><svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect height=\"8\" width=\"");
	ct_svg_number(buf, share > 0 ? Max(Min(share, 1) * 100, 0.3) : 0);
	appendStringInfo(buf, "\" class=\"f%d\"/></svg></td>", colour);
}
