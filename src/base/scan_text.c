/*
 * scan_text.c
 *		Taking a text apart that was made of a format.
 *
 * The server says some things in words only, and in the user's language.  The
 * format is known in every language, by gettext: so what was put into it can be
 * got out of it again.
 */
#include "postgres.h"

#include "src/base/scan_text.h"

static bool
scan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How long a number at the beginning of a text is, with its sign; 0: there is none. */
static Size
scan_number(const char *text, Size length)
{
	Size		sign = length > 0 && text[0] == '-' ? 1 : 0;
	Size		n = sign;

	while (n < length && scan_is_digit(text[n]))
		n++;
	return n > sign ? n : 0;
}

/* args: of nargs; next: which one a conversion without a position is of */
static bool
scan_from(const char *format, const char *text, Size length, CtSpan *args, int nargs, int next)
{
	while (*format != '\0')
	{
		const char *after = format + 1;
		int			arg = next;
		Size		n;

		if (*format != '%' || *after == '%')
		{
			if (length == 0 || *text != *format)
				return false;
			format = after + (*format == '%');
			text++;
			length--;
			continue;
		}
		if (scan_is_digit(*after))
		{
			arg = (int) strtol(after, (char **) &after, 10) - 1;
			if (*after++ != '$')
				return false;
		}
		if (arg < 0 || arg >= nargs || strchr("sdu", *after) == NULL || *after == '\0')
			return false;
		if (*after != 's')
		{
			n = scan_number(text, length);
			if (n == 0)
				return false;
			args[arg] = (CtSpan) {text, n};
			text += n;
			length -= n;
			format = after + 1;
			next = arg + 1;
			continue;
		}
		for (n = 0; n <= length; n++)
		{
			if (scan_from(after + 1, text + n, length - n, args, nargs, arg + 1))
			{
				args[arg] = (CtSpan) {text, n};
				return true;
			}
		}
		return false;
	}
	return length == 0;
}

bool
ct_scan_text(const char *format, const char *text, Size length, CtSpan *args, int nargs)
{
	return scan_from(format, text, length, args, nargs, 0);
}

uint32
ct_span_number(CtSpan span)
{
	/* it ends with something that is no digit, or with the text */
	return span.start[0] == '-' ? (uint32) strtol(span.start, NULL, 10) :
		(uint32) strtoul(span.start, NULL, 10);
}
