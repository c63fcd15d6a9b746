# The report as a page in a real browser, headless: light and dark, at the width of a desktop and of a phone,
# and on paper. Nothing is logged, nothing runs out of the window, whatever is in a name; what stands in a
# picture stays within it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtPage;
use CtTest;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'scripts/test --full runs it' unless $ENV{CT_EXT_FULL};
my ($chromium) = grep { -x } map { ("$_/chromium", "$_/chromium-browser", "$_/google-chrome") } split /:/, $ENV{PATH};
plan skip_all => 'no chromium' unless $chromium;

my $node = ct_node('browser');
$node->start;
local $ENV{PGCLIENTENCODING} = 'UTF8';
ct_page_fill($node, 'page');
my $dir = PostgreSQL::Test::Utils::tempdir;
my %pages = map { $_ => ct_page_of($node, 'page', $_) } 1, 3, 5, '{1,2,4}';
my $run = 0;

# What chromium prints with these options, and what it logs of the page.
sub browser
{
	my ($file, @options) = @_;
	my ($out, $err) = ('', '');
	my $profile = "$dir/profile" . $run++;

	mkdir $profile;
	local $ENV{HOME} = $profile;
	IPC::Run::run([ $chromium, qw(--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
			--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --enable-logging=stderr --virtual-time-budget=20000),
			"--user-data-dir=$profile", @options, "file://$file" ], '>', \$out, '2>', \$err, IPC::Run::timeout(300))
	  or diag($err);
	return ($out, join "\n", grep { /CONSOLE|Refused|violates/ } split /\n/, $err);
}

# A page in frames as wide as a desktop and as a phone, and what a script says that looks at them from
# outside: the page's own policy lets none run within.
my $probe = <<'END';
<!DOCTYPE html><meta charset="utf-8"><body><script>
const all = [], widths = [1100, 360];
const look = WIDTH => {
const frame = document.createElement('iframe');
frame.width = WIDTH; frame.height = 900; frame.style.border = 0; frame.srcdoc = PAGE;
frame.onload = () => {
	const doc = frame.contentDocument, view = frame.contentWindow, said = [];
	const say = (what, value) => said.push(what + ': ' + value);
	doc.querySelectorAll('details').forEach(d => d.open = true);
	say('background', view.getComputedStyle(doc.body).backgroundColor);
	say('overflow', doc.documentElement.scrollWidth - doc.documentElement.clientWidth);
	let outside = 0, worst = '';
	doc.querySelectorAll('body *').forEach(e => {
		if (e.closest('.table') || e.closest('svg')) return;
		const r = e.getBoundingClientRect();
		if (r.right > WIDTH + 1 || r.left < -1) { outside++; worst = e.tagName + ' ' + e.className }
	});
	say('outside', outside + ' ' + worst);
	let beyond = 0, touching = 0, which = '';
	doc.querySelectorAll('figure > svg').forEach(svg => {
		const s = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()]);
		texts.forEach(([t, r]) => { if (r.left < -1 || r.right > WIDTH + 1 || r.top < s.top - 4 || r.bottom > s.bottom + 4) { beyond++; which = t.textContent } });
		texts.forEach(([t, a], i) => texts.slice(i + 1).forEach(([u, b]) => {
			const w = Math.min(a.right, b.right) - Math.max(a.left, b.left), h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
			if (w > 2 && h > 5) { touching++; which = t.textContent + ' / ' + u.textContent }
		}));
	});
	say('beyond', beyond + ' ' + which);
	say('touching', touching + ' ' + which);
	say('scripts', doc.querySelectorAll('script, img, iframe, object, link').length);
	say('handlers', [...doc.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/.test(a.name))).length);
	say('tables', [...doc.querySelectorAll('.table')].filter(t => t.tabIndex !== 0 || !t.getAttribute('aria-label')).length);
	say('empty', [...doc.querySelectorAll('section')].filter(s => s.textContent.trim().length < 30).length);
	const low = [], luminance = c => { const v = c.match(/[\d.]+/g).slice(0, 3).map(x => { x /= 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4 }); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2] };
	const under = e => { for (; e; e = e.parentElement) { const c = view.getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c)) return c } return 'rgb(255, 255, 255)' };
	doc.querySelectorAll('body *').forEach(e => {
		if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) return;
		const a = luminance(view.getComputedStyle(e).color), b = luminance(under(e));
		if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) low.push(e.tagName);
	});
	say('low contrast', low.length + ' ' + [...new Set(low)]);
	all.push(said.map(line => WIDTH + ' ' + line).join('\n'));
	frame.remove();
	if (widths.length) { look(widths.shift()); return }
	const pre = document.createElement('pre'); pre.id = 'said'; pre.textContent = all.join('\n');
	document.body.replaceChildren(pre);
};
document.body.append(frame);
};
look(widths.shift());
</script></body>
END

foreach my $id (sort keys %pages)
{
	my $name = $id =~ s/\W+/_/gr;
	my $file = "$dir/page$name.html";
	append_to_file($file, $pages{$id});
	my $source = $pages{$id} =~ s/[\\"]/\\$&/gr =~ s/\n/\\n/gr =~ s/<\//<\\\//gr;

	foreach my $scheme (qw(light dark))
	{
		my $harness = "$dir/probe$name-$scheme.html";

		append_to_file($harness, $probe =~ s/PAGE/"$source"/r);
		my ($dom, $logged) = browser($harness, '--dump-dom', $scheme eq 'dark' ? '--blink-settings=preferredColorScheme=0' : ());
		my ($all) = $dom =~ /<pre id="said">(.*?)<\/pre>/s;

		ok($all, "run $id, $scheme: the page was looked at") or next;
		is($logged, '', "run $id, $scheme: the browser has no complaint");
		foreach my $width (1100, 360)
		{
			my $what = "run $id, $scheme, $width wide";
			my %said = $all =~ /^$width (.*?): (.*)/mg;

			is($said{background}, $scheme eq 'dark' ? 'rgb(21, 24, 28)' : 'rgb(255, 255, 255)', "$what: as the reader has it");
			is($said{overflow}, 0, "$what: the page doesn't scroll sideways");
			is($said{outside} =~ s/ .*//r, 0, "$what: nothing stands outside") or diag($said{outside});
			is($said{beyond} =~ s/ .*//r, 0, "$what: pictures hold their texts") or diag($said{beyond});
			is($said{touching} =~ s/ .*//r, 0, "$what: texts in pictures don't touch") or diag($said{touching});
			is($said{scripts}, 0, "$what: no element that loads or executes");
			is($said{handlers}, 0, "$what: no handler");
			is($said{tables}, 0, "$what: what scrolls can be reached by the keyboard, and has a name");
			is($said{empty}, 0, "$what: no section is empty");
			is($said{'low contrast'} =~ s/ .*//r, 0, "$what: contrast of text") or diag($said{'low contrast'});
		}
	}

	# on paper
	my $pdf = "$dir/page$name.pdf";
	browser($file, "--print-to-pdf=$pdf", '--no-pdf-header-footer');
	my $bytes = -e $pdf ? slurp_file($pdf) : '';
	like($bytes, qr/\A%PDF-/, "run $id: printed");
	my $sheets = () = $bytes =~ /\/Type\s*\/Page\b/g;
	cmp_ok($sheets, '>=', 1, "run $id: on $sheets sheets");
	cmp_ok($sheets, '<=', $id =~ /\{|3/ ? 60 : 20, "run $id: on not too many");

	# pictures to look at, with --keep
	next unless $id eq '1';
	foreach ([ light => 1100, 5000 ], [ dark => 1100, 5000 ], [ phone => 360, 8000 ])
	{
		my ($kind, $width, $height) = @$_;
		my $png = "$dir/page$name-$kind.png";

		browser($file, "--window-size=$width,$height", "--screenshot=$png", $kind eq 'dark' ? '--blink-settings=preferredColorScheme=0' : ());
		cmp_ok(-s $png // 0, '>', 10_000, "run $id: a picture of it, $kind");
	}
}

$node->stop;
done_testing();
