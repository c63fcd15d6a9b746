/*
 * svg.c
 *		Pictures as inline SVG: axes, lines, dots, rectangles, text.
 *
 * Coordinates are rounded to a tenth, and made without regard to a locale, so
 * that equal results make equal pages.  How it looks is the style's
 * (page_style.c): a picture only names classes.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/page.h"

#define TICKS 5

/* ---- numbers ---- */

void
ct_svg_number(StringInfo buf, double x)
{
	int64		tenths = isnan(x) ? 0 : (int64) rint(Max(Min(x, 1e6), -1e6) * 10);

	if (tenths < 0)
		appendStringInfoChar(buf, '-');
	tenths = tenths < 0 ? -tenths : tenths;
	appendStringInfo(buf, INT64_FORMAT, tenths / 10);
	if (tenths % 10 != 0)
		appendStringInfo(buf, ".%d", (int) (tenths % 10));
}

/* 950, 1.5k, 20M */
static char *
svg_scaled(double value, double base, const char *const *prefixes, const char *unit)
{
	int			i = 0;

	while (fabs(value) >= base * 0.9995 && prefixes[i + 1] != NULL)
	{
		value /= base;
		i++;
	}
	return psprintf("%.3g%s%s", value, prefixes[i], unit);
}

char *
ct_svg_label(CtSvgUnit unit, double value)
{
	static const char *const thousands[] = {"", "k", "M", "G", "T", "P", NULL};
	static const char *const bytes[] = {" B", " kB", " MB", " GB", " TB", NULL};
	static const char *const megabytes[] = {" MB", " GB", " TB", NULL};

	switch (unit)
	{
		case CT_SVG_MS:
			if (value == 0)
				return pstrdup("0 ms");
			if (value < 0.9995)
				return psprintf("%.3g us", value * 1000);
			if (value < 999.5)
				return psprintf("%.3g ms", value);
			return psprintf("%.5g s", value / 1000);
		case CT_SVG_SECONDS:
			return psprintf("%.9g s", value);
		case CT_SVG_PERCENT:
			return psprintf("%.3g %%", value);
		case CT_SVG_CHANGE:
			return value == 0 ? pstrdup("0 %") : psprintf("%+.3g %%", value);
		case CT_SVG_MB:
			return svg_scaled(value, 1024, megabytes, "");
		case CT_SVG_BYTES:
			return svg_scaled(value, 1024, bytes, "");
		default:
			return svg_scaled(value, 1000, thousands, "");
	}
}

/* ---- axes ---- */

double
ct_svg_at(const CtSvgAxis *axis, double value)
{
	double		share;

	value = Max(Min(value, axis->high), axis->low);
	if (axis->log)
		share = (log10(value) - log10(axis->low)) / (log10(axis->high) - log10(axis->low));
	else
		share = (value - axis->low) / (axis->high - axis->low);
	return axis->from + share * (axis->to - axis->from);
}

/* 1, 2 or 5 times a power of ten: the smallest that isn't below x */
static double
svg_round_up(double x)
{
	double		power = pow(10, floor(log10(x)));
	double		digit = x / power;

	return (digit <= 1 + 1e-9 ? 1 : digit <= 2 + 1e-9 ? 2 : digit <= 5 + 1e-9 ? 5 : 10) * power;
}

/* the distance of an axis' numbers: round ones in their unit, and whole where parts don't mean anything */
static double
svg_step(const CtSvgAxis *axis)
{
	double		unit = 1;
	double		step;

	while ((axis->unit == CT_SVG_BYTES || axis->unit == CT_SVG_MB) && axis->high - axis->low >= unit * 1024 * 0.9995)
		unit *= 1024;
	step = svg_round_up((axis->high - axis->low) / unit / TICKS) * unit;

	return axis->unit == CT_SVG_SECONDS || axis->unit == CT_SVG_COUNT ? Max(step, 1) : step;
}

void
ct_svg_scale(CtSvgAxis *axis, CtSvgUnit unit, bool log, double low, double high)
{
	axis->unit = unit;
	axis->log = log;
	if (isnan(high) || high < 0)
		high = 0;
	if (log)
	{
		if (!(low > 0))
			low = 0.001;
		high = Min(Max(high, low), 1e12);
		low = Min(low, 1e12);

		/* whole decades where they are several, else room for a few numbers */
		if (log10(high / low) > 1.2)
		{
			axis->low = pow(10, floor(log10(low) + 1e-9));
			axis->high = pow(10, ceil(log10(high) - 1e-9));
		}
		else
		{
			axis->low = low / 1.25;
			axis->high = svg_round_up(high * 1.05);
			if (axis->low < svg_round_up(axis->low) / 2)
				axis->low = svg_round_up(axis->low) / 2.5;
		}
		return;
	}
	axis->low = 0;
	axis->high = high > 0 ? Min(high, 1e300) : 1;
	axis->high = ceil(axis->high / svg_step(axis) - 1e-9) * svg_step(axis);
}

void
ct_svg_scale_around_zero(CtSvgAxis *axis, CtSvgUnit unit, double low, double high)
{
	double		step;

	axis->unit = unit;
	axis->log = false;
	axis->low = Min(low, 0);
	axis->high = Max(high, 0);
	if (axis->high - axis->low <= 0)
		axis->high = 1;
	step = svg_step(axis);
	axis->low = floor(axis->low / step + 1e-9) * step;
	axis->high = ceil(axis->high / step - 1e-9) * step;
}

static void
svg_tick_y(CtSvg *svg, double value)
{
	double		y = ct_svg_at(&svg->y, value);

	appendStringInfoString(svg->buf, "<path class=\"grid\" d=\"M");
	ct_svg_number(svg->buf, svg->x.from);
	appendStringInfoChar(svg->buf, ' ');
	ct_svg_number(svg->buf, y);
	appendStringInfoChar(svg->buf, 'H');
	ct_svg_number(svg->buf, svg->x.to);
	appendStringInfoString(svg->buf, "\"/>");
	ct_svg_text(svg, "tick", "end", svg->x.from - 6, y + 4, ct_svg_label(svg->y.unit, value));
}

static void
svg_tick_x(CtSvg *svg, double value)
{
	double		x = ct_svg_at(&svg->x, value);

	appendStringInfoString(svg->buf, "<path class=\"axis\" d=\"M");
	ct_svg_number(svg->buf, x);
	appendStringInfoChar(svg->buf, ' ');
	ct_svg_number(svg->buf, svg->y.from);
	appendStringInfoString(svg->buf, "v4\"/>");
	if (x > svg->width - 24)
		ct_svg_text(svg, "tick", "end", Min(x + 20, svg->width), svg->y.from + 18, ct_svg_label(svg->x.unit, value));
	else
		ct_svg_text(svg, "tick", "middle", x, svg->y.from + 18, ct_svg_label(svg->x.unit, value));
}

/* An axis' numbers. */
static void
svg_ticks(CtSvg *svg, const CtSvgAxis *axis, void (*tick) (CtSvg *svg, double value))
{
	static const double digits[] = {1, 2, 5};
	double		value;
	int			i;

	if (axis->log)
	{
		double		decades = log10(axis->high / axis->low);
		int			every = decades > TICKS ? (int) ceil(decades / TICKS) : 1;
		int			decade = (int) floor(log10(axis->low) + 1e-9);

		for (; pow(10, decade) <= axis->high * (1 + 1e-9); decade += every)
			for (i = 0; i < (decades > 2.5 ? 1 : lengthof(digits)); i++)
			{
				value = digits[i] * pow(10, decade);
				if (value >= axis->low * (1 - 1e-9) && value <= axis->high * (1 + 1e-9))
					tick(svg, value);
			}
		return;
	}
	for (i = 0; i <= 2 * TICKS; i++)
	{
		value = (ceil(axis->low / svg_step(axis) - 1e-9) + i) * svg_step(axis);
		if (value > axis->high + svg_step(axis) * 1e-9)
			break;
		tick(svg, value);
	}
}

void
ct_svg_y_axis(CtSvg *svg)
{
	svg_ticks(svg, &svg->y, svg_tick_y);
	appendStringInfoChar(svg->buf, '\n');
}

void
ct_svg_x_axis(CtSvg *svg)
{
	appendStringInfoString(svg->buf, "<path class=\"axis\" d=\"M");
	ct_svg_number(svg->buf, svg->x.from);
	appendStringInfoChar(svg->buf, ' ');
	ct_svg_number(svg->buf, svg->y.from);
	appendStringInfoChar(svg->buf, 'H');
	ct_svg_number(svg->buf, svg->x.to);
	appendStringInfoString(svg->buf, "\"/>");
	svg_ticks(svg, &svg->x, svg_tick_x);
	appendStringInfoChar(svg->buf, '\n');
}

/* ---- what is drawn ---- */

void
ct_svg_begin(CtSvg *svg, StringInfo buf, double width, double height, const char *label)
{
	memset(svg, 0, sizeof(CtSvg));
	svg->buf = buf;
	svg->width = width;
	svg->height = height;
	svg->x.from = 58;
	svg->x.to = width - 8;
	svg->y.from = height - CT_SVG_BOTTOM;
	svg->y.to = 10;
	appendStringInfoString(buf, "<svg viewBox=\"0 0 ");
	ct_svg_number(buf, width);
	appendStringInfoChar(buf, ' ');
	ct_svg_number(buf, height);
	appendStringInfoString(buf, "\" role=\"img\" aria-label=\"");
	ct_markup_text(buf, label);
	appendStringInfoString(buf, "\">\n");
}

void
ct_svg_end(CtSvg *svg)
{
	appendStringInfoString(svg->buf, "</svg>\n");
}

void
ct_svg_line(CtSvg *svg, int colour, int n, const double *x, const double *y)
{
	bool		open = false;
	int			i;

	appendStringInfo(svg->buf, "<path class=\"line s%d\" d=\"", colour);
	for (i = 0; i < n; i++)
	{
		if (isnan(x[i]) || isnan(y[i]))
		{
			open = false;
			continue;
		}
		appendStringInfoChar(svg->buf, open ? 'L' : 'M');
		ct_svg_number(svg->buf, ct_svg_at(&svg->x, x[i]));
		appendStringInfoChar(svg->buf, ' ');
		ct_svg_number(svg->buf, ct_svg_at(&svg->y, y[i]));
		/* one alone is a dot: the line's ends are round */
		if (!open && (i + 1 == n || isnan(y[i + 1])))
			appendStringInfoString(svg->buf, "h0");
		open = true;
	}
	appendStringInfoString(svg->buf, "\"/>\n");
}

void
ct_svg_dots(CtSvg *svg, int colour, int n, const double *x, const double *y)
{
	int			i;

	appendStringInfo(svg->buf, "<path class=\"dots s%d\" d=\"", colour);
	for (i = 0; i < n; i++)
	{
		if (isnan(x[i]) || isnan(y[i]))
			continue;
		appendStringInfoChar(svg->buf, 'M');
		ct_svg_number(svg->buf, ct_svg_at(&svg->x, x[i]));
		appendStringInfoChar(svg->buf, ' ');
		ct_svg_number(svg->buf, ct_svg_at(&svg->y, y[i]));
		appendStringInfoString(svg->buf, "h0");
	}
	appendStringInfoString(svg->buf, "\"/>\n");
}

void
ct_svg_mark(CtSvg *svg, CtSvgMark mark, int colour, double x, double y)
{
	static const char *const shapes[] = {
		[CT_SVG_CIRCLE] = "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
		[CT_SVG_SQUARE] = "m-4-4h8v8h-8z",
		[CT_SVG_TRIANGLE] = "m0-5l5 9h-10z",
		[CT_SVG_BAR] = "m-1-6h2v12h-2z",
	};

	if (isnan(x))
		return;
	appendStringInfo(svg->buf, "<path class=\"f%d\" d=\"M", colour);
	ct_svg_number(svg->buf, x);
	appendStringInfoChar(svg->buf, ' ');
	ct_svg_number(svg->buf, y);
	appendStringInfo(svg->buf, "%s\"/>", shapes[mark]);
}

void
ct_svg_rectangle(CtSvg *svg, const char *class, double x, double y, double width, double height, const char *title)
{
	appendStringInfo(svg->buf, "<rect class=\"%s\" x=\"", class);
	ct_svg_number(svg->buf, x);
	appendStringInfoString(svg->buf, "\" y=\"");
	ct_svg_number(svg->buf, y);
	appendStringInfoString(svg->buf, "\" width=\"");
	ct_svg_number(svg->buf, Max(width, 0));
	appendStringInfoString(svg->buf, "\" height=\"");
	ct_svg_number(svg->buf, Max(height, 0));
	if (title == NULL)
	{
		appendStringInfoString(svg->buf, "\"/>");
		return;
	}
	appendStringInfoString(svg->buf, "\"><title>");
	ct_markup_text(svg->buf, title);
	appendStringInfoString(svg->buf, "</title></rect>");
}

void
ct_svg_text(CtSvg *svg, const char *class, const char *anchor, double x, double y, const char *text)
{
	appendStringInfo(svg->buf, "<text class=\"%s\" text-anchor=\"%s\" x=\"", class, anchor);
	ct_svg_number(svg->buf, x);
	appendStringInfoString(svg->buf, "\" y=\"");
	ct_svg_number(svg->buf, y);
	appendStringInfoString(svg->buf, "\">");
	ct_markup_text(svg->buf, text);
	appendStringInfoString(svg->buf, "</text>");
}
