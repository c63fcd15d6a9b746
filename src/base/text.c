/*
 * text.c
 *		Text in fields of a fixed length.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "src/base/text.h"

void
ct_copy_text(char *to, const char *from, Size size)
{
	int			length;

	if (from == NULL)
		from = "";
	length = pg_mbcliplen(from, strlen(from), size - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

void
ct_copy_line(char *to, const char *from, Size size)
{
	char	   *end = to + size - 1;
	char	   *at = to;

	for (; *from != '\0'; from += pg_mblen(from))
	{
		int			length = pg_mblen(from);

		if (strchr(" \t\r\n\f\v", *from) == NULL)
		{
			if (at + length > end)
				break;
			memcpy(at, from, length);
			at += length;
		}
		else if (at > to && at[-1] != ' ' && at < end)
			*at++ = ' ';
	}
	if (at > to && at[-1] == ' ')
		at--;
	*at = '\0';
}

const char *
ct_clip_text(const char *text, Size size)
{
	Size		length = text ? strlen(text) : 0;

	if (length <= size)
		return text;
	return psprintf("%.*s ... (cut, %zu bytes in all)", pg_mbcliplen(text, (int) length, (int) size),
					text, length);
}
