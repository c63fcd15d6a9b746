/*
 * format.c
 *		Numbers and text as people like to read them.
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"

#include "src/report/report.h"

/* 1,234,567, or 1.23e+15 where digits stop to matter; "-" for what isn't known (negative) */
char *
ct_format_count(int64 n)
{
	char		digits[32];
	StringInfoData buf;
	int			len;
	int			i;

	if (n < 0)
		return pstrdup("-");
	if (n >= INT64CONST(1000000000000000))
		return psprintf("%.3g", (double) n);

	len = snprintf(digits, sizeof(digits), INT64_FORMAT, n);
	initStringInfo(&buf);
	for (i = 0; i < len; i++)
	{
		if (i > 0 && (len - i) % 3 == 0)
			appendStringInfoChar(&buf, ',');
		appendStringInfoChar(&buf, digits[i]);
	}
	return buf.data;
}

/* The digits of a number that is not negative: three that count, or all before the point. */
static char *
format_three_digits(double x)
{
	if (x >= 1e12)
		return psprintf("%.3g", x);
	if (x >= 99.95)
		return ct_format_count((int64) rint(x));
	if (x >= 9.995)
		return psprintf("%.1f", x);
	if (x >= 0.9995 || x == 0)
		return psprintf("%.*f", x == 0 ? 0 : 2, x);
	return psprintf("%.3g", x);
}

char *
ct_format_float(double x)
{
	if (isnan(x))
		return pstrdup("-");
	if (isinf(x))
		return pstrdup(x > 0 ? "inf" : "-inf");
	if (x < 0)
		return psprintf("-%s", format_three_digits(-x));
	return format_three_digits(x);
}

/* A duration in the unit that suits it; "-" if NaN. */
char *
ct_format_ms(double ms, bool unicode)
{
	if (isnan(ms) || ms < 0)
		return pstrdup("-");
	if (isinf(ms))
		return pstrdup("inf");
	if (ms == 0)
		return pstrdup("0 ms");
	if (ms < 0.9995)
		return psprintf("%s %s", format_three_digits(ms * 1000), unicode ? "\xc2\xb5s" : "us");
	if (ms < 999.5)
		return psprintf("%s ms", format_three_digits(ms));
	if (ms < 99950)
		return psprintf("%s s", format_three_digits(ms / 1000));
	if (ms < 3600 * 1000.0)
	{
		int			seconds = (int) rint(ms / 1000);

		return psprintf("%d min %d s", seconds / 60, seconds % 60);
	}
	if (ms < 1e14)
	{
		int64		minutes = (int64) rint(ms / 60000);

		return psprintf("%s h %d min", ct_format_count(minutes / 60), (int) (minutes % 60));
	}
	return psprintf("%.3g h", ms / 3600000);
}

/* A share of one as percentage, never rounded to all or nothing where it is neither. */
char *
ct_format_share(double share)
{
	double		percent = share * 100;

	if (isnan(share) || isinf(share))
		return pstrdup("-");
	if (percent == 0)
		return pstrdup("0 %");
	if (percent == 100)
		return pstrdup("100 %");
	if (percent > 0 && percent < 0.005)
		return pstrdup("<0.01 %");
	if (percent < 0.995)
		return psprintf("%.2f %%", percent);
	if (percent > 99.95 && percent < 100)
		return pstrdup(">99.9 %");
	return psprintf("%.1f %%", percent);
}

char *
ct_format_change(double change)
{
	double		percent = change * 100;

	if (isnan(change))
		return pstrdup("-");
	if (fabs(percent) < 0.005)
		return pstrdup("0 %");
	return psprintf("%c%s %%", percent < 0 ? '-' : '+',
					isinf(percent) ? "inf" : fabs(percent) >= 99.95 ? format_three_digits(fabs(percent)) :
					psprintf("%.*f", fabs(percent) < 0.95 ? 2 : 1, fabs(percent)));
}

char *
ct_format_plural(int64 n, const char *one, const char *many)
{
	return psprintf("%s %s", ct_format_count(n), n == 1 ? one : many);
}

/*
 * Text of the user's may hold anything; what a terminal would obey instead
 * of show is not passed on.
 */
static bool
format_is_control(const char *p)
{
	unsigned char c = (unsigned char) *p;

	if (c < 0x20 || c == 0x7f)
		return true;
	if (GetDatabaseEncoding() != PG_UTF8)
		return false;
	/* U+0080 to U+009F, which some terminals take for escape sequences */
	if (c == 0xc2)
		return (unsigned char) p[1] < 0xa0;

	/*
	 * U+2028 and U+2029, which end a line for some readers; U+202A to U+202E
	 * and U+2066 to U+2069, after which the rest of the line is written in
	 * another direction
	 */
	if (c != 0xe2 || (unsigned char) p[1] < 0x80)
		return false;
	return ((unsigned char) p[1] == 0x80 && (unsigned char) p[2] >= 0xa8 && (unsigned char) p[2] <= 0xae) ||
		((unsigned char) p[1] == 0x81 && (unsigned char) p[2] >= 0xa6 && (unsigned char) p[2] <= 0xa9);
}

int
ct_text_width(const char *text)
{
	int			width = 0;

	while (*text)
	{
		int			w = format_is_control(text) ? 1 : pg_dsplen(text);

		width += Max(w, 0);
		text += pg_mblen(text);
	}
	return width;
}

char *
ct_text_cut(const char *text, int width, bool unicode)
{
	const char *dots = unicode ? "\xe2\x80\xa6" : "...";
	int			ndots = unicode ? 1 : 3;
	StringInfoData buf;
	int			used = 0;
	int			fits = 0;		/* bytes of buf that leave room for the dots */
	bool		space = true;	/* swallow leading blanks, and all but one of a row */

	initStringInfo(&buf);
	for (; *text; text += pg_mblen(text))
	{
		bool		blank = format_is_control(text) || *text == ' ';
		int			w = blank ? 1 : Max(pg_dsplen(text), 0);

		if (blank && space)
			continue;
		if (used + w > width && !(blank && text[pg_mblen(text)] == '\0'))
		{
			buf.len = fits;
			buf.data[fits] = '\0';
			if (width >= ndots)
				appendStringInfoString(&buf, dots);
			return buf.data;
		}
		if (blank)
			appendStringInfoChar(&buf, ' ');
		else
			appendBinaryStringInfo(&buf, text, pg_mblen(text));
		space = blank;
		used += w;
		if (used + ndots <= width)
			fits = buf.len;
	}
	while (buf.len > 0 && buf.data[buf.len - 1] == ' ')
		buf.data[--buf.len] = '\0';
	return buf.data;
}

void
ct_text_wrap(StringInfo buf, const char *text, int indent, int width)
{
	char	   *line = ct_text_cut(text, PG_INT32_MAX, false);
	int			column = indent;
	char	   *word;
	char	   *next;

	for (word = line; word; word = next)
	{
		int			w;

		next = strchr(word, ' ');
		if (next)
			*next++ = '\0';
		w = ct_text_width(word);
		if (column > indent && column + 1 + w > width)
		{
			appendStringInfo(buf, "\n%*s", indent, "");
			column = indent;
		}
		else if (column > indent)
		{
			appendStringInfoChar(buf, ' ');
			column++;
		}
		/* a word that is longer than a line is the only thing that is broken */
		while (column + w > width)
		{
			int			taken = 0;
			const char *p = word;

			while (*p && column + taken + pg_dsplen(p) <= width)
			{
				taken += Max(pg_dsplen(p), 0);
				p += pg_mblen(p);
			}
			if (p == word)
				break;
			appendBinaryStringInfo(buf, word, p - word);
			appendStringInfo(buf, "\n%*s", indent, "");
			column = indent;
			w -= taken;
			word = unconstify(char *, p);
		}
		appendStringInfoString(buf, word);
		column += w;
	}
}
