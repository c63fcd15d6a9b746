# Shared by the scripts beside it: packages, privileges, a private server, tidying up.
#
# Everything happens in one temporary folder, $WORK: a copy of the sources, a copy of the server's
# programs, the data directories. Neither the checkout nor the system's PostgreSQL is written to,
# so any number of runs can go on at once, by any user, beside any server.
# shellcheck shell=bash

set -euo pipefail
unset CDPATH
exec </dev/null					# also where the caller has closed it

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORK=							# the temporary folder, once there is one
JOB=							# process group of what `run` waits for
WATCHDOG=						# and of what limits its time
KEEP=							# anything: leave $WORK and its servers behind
SUPERVISOR=$BASHPID				# the shell that tidies up; its subshells must not

say() { printf '\n==> %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# --help prints the comment that the script begins with.
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

# ---------------------------------------------------------------- interruption

# bash runs a trap only when the foreground command has ended, so whatever may last runs in the
# background; in a process group of its own, so that all of it can be ended at once. That happens
# after LIMIT seconds, if set.
run() {
	local status=0

	set -m
	"$@" &
	JOB=$!
	if [ -n "${LIMIT:-}" ]; then
		(
			sleep "$LIMIT"
			echo "$1 hangs: ended after $LIMIT s"
			end_job "$JOB"
		) &
		WATCHDOG=$!
	fi
	set +m
	wait "$JOB" || status=$?
	JOB=
	end_watchdog
	return "$status"
}

# Ends process group $1, at first politely.
end_job() {
	kill -TERM -- "-$1" 2>/dev/null || return 0
	for _ in {1..50}; do
		kill -0 -- "-$1" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL -- "-$1" 2>/dev/null || true
}

end_watchdog() {
	[ -n "$WATCHDOG" ] || return 0
	kill -KILL -- "-$WATCHDOG" 2>/dev/null || true
	wait "$WATCHDOG" 2>/dev/null || true
	WATCHDOG=
}

# Process ids of the programs under folder $1. The servers there run copies of their own, so this
# finds all of their processes and no other server's.
processes_under() {
	{ find /proc/[0-9]*/exe -maxdepth 0 -lname "$1/*" -printf '%h\n' 2>/dev/null || true; } | cut -d/ -f3
}

# Stops the servers under folder $1: first the way that removes their shared memory, then for good.
end_servers() {
	local pids

	find "$1" -name postmaster.pid -exec head -qn1 {} + 2>/dev/null | while read -r pid; do
		if [[ $(readlink "/proc/$pid/exe") == "$1"/* ]]; then
			kill -QUIT "$pid" || true
		fi
	done 2>/dev/null
	for _ in {1..80}; do
		pids=$(processes_under "$1")
		[ -n "$pids" ] || return 0
		sleep 0.1
	done
	# shellcheck disable=SC2086
	kill -KILL $pids 2>/dev/null || true
}

cleanup() {
	trap '' INT TERM HUP
	[ "$BASHPID" = "$SUPERVISOR" ] || return 0
	end_watchdog
	if [ -n "$JOB" ]; then
		end_job "$JOB"
	fi
	if [ -n "$WORK" ] && [ -z "$KEEP" ]; then
		end_servers "$WORK"
		rm -rf "$WORK"
	fi
}

interrupted() {
	KEEP=
	cleanup
	trap - "$1" EXIT
	kill -s "$1" "$$"
}

trap cleanup EXIT
for signal in INT TERM HUP; do
	# shellcheck disable=SC2064
	trap "interrupted $signal" "$signal"
done

# ---------------------------------------------------------------- packages

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root, and there is no sudo, for: $*"
	fi
}

installed() { [ "$(dpkg-query -Wf '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

has_package() { apt-cache show "$1" >/dev/null 2>&1; }

# Once a run, and only when something is missing.
update_packages() {
	[ -z "${PACKAGES_UPDATED:-}" ] || return 0
	say "apt-get update"
	as_root apt-get update -qq || echo "(going on with the lists there are)"
	PACKAGES_UPDATED=1
}

# Installs those of the named packages that are missing.
need() {
	local package wanted=() log

	command -v dpkg-query >/dev/null || return 0	# not a Debian: the build tells what is missing
	for package; do
		installed "$package" || wanted+=("$package")
	done
	[ "${#wanted[@]}" -gt 0 ] || return 0
	update_packages
	say "installing ${wanted[*]}"
	# A new PostgreSQL would make a cluster and start it: not ours to leave behind. The file is
	# gone afterwards, so that a later installation behaves as ever.
	# shellcheck disable=SC2016
	log=$(as_root sh -c '
		set -e
		dir=/etc/postgresql-common/createcluster.d
		conf=$dir/zz-ct_ext-$$.conf
		mkdir -p "$dir"
		trap "rm -f $conf" EXIT
		trap "exit 1" INT TERM HUP
		echo "create_main_cluster = false" >"$conf"
		DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -o DPkg::Lock::Timeout=600 \
			install -qq -y --no-install-recommends "$@"
	' need "${wanted[@]}" 2>&1) || {
		echo "$log"
		die "could not install ${wanted[*]}"
	}
}

# Installs a package that can be done without where the distribution or the user can't install it.
need_optional() {
	if ! command -v apt-get >/dev/null || installed "$1"; then
		return 0
	elif [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
		echo "doing without $1: it can't be installed without root"
		return 0
	elif ! has_package "$1" && [ -z "$(find /var/lib/apt/lists -name '*Packages*' -print -quit)" ]; then
		update_packages
	fi
	if has_package "$1"; then
		need "$1"
	fi
}

# What extensions and their tests are built with.
need_tools() { need gcc libc6-dev make flex bison perl libipc-run-perl; }

# Sets PG_MAJOR, unless the caller did: the newest one installed, or else the distribution's own.
choose_major() {
	[ -z "${PG_MAJOR:-}" ] || return 0
	PG_MAJOR=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | cut -d/ -f5 | grep -x '[0-9]*' |
		sort -n | tail -n1) || true
	if [ -z "$PG_MAJOR" ] && command -v apt-cache >/dev/null; then
		has_package postgresql || update_packages
		PG_MAJOR=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p')
	fi
}

# Sets PG_CONFIG to the distribution's PostgreSQL, installed with what an extension needs, unless
# the caller did.
need_postgresql() {
	[ -z "${PG_CONFIG:-}" ] || return 0
	choose_major
	if [ -n "$PG_MAJOR" ]; then
		need "postgresql-$PG_MAJOR" "postgresql-server-dev-$PG_MAJOR"
	fi
	PG_CONFIG=/usr/lib/postgresql/${PG_MAJOR:-none}/bin/pg_config
	if [ ! -x "$PG_CONFIG" ]; then
		PG_CONFIG=$(command -v pg_config) || die "no PostgreSQL found: name its pg_config in PG_CONFIG"
	fi
}

# ---------------------------------------------------------------- privileges

# Makes $WORK. PostgreSQL refuses to run as root, so root's runs are nobody's: it owns nothing
# that a test could damage, unlike postgres. Only the owner gets in: the server trusts all who do.
make_work() {
	local base=${TMPDIR:-/tmp}

	# A socket's path ends after 107 bytes, and make knows no names with spaces.
	if [ "${#base}" -gt 40 ] || [[ $base == *[[:space:]]* ]]; then
		base=/tmp
	fi
	WORK=$(mktemp -d "$base/ct_ext.XXXXXX")
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$WORK"
		if ! as_user test -w "$WORK"; then
			rmdir "$WORK"
			WORK=$(mktemp -d /tmp/ct_ext.XXXXXX)
			chown nobody "$WORK"
		fi
	fi
	as_user mkdir "$WORK/tmp"
}

# Runs a command without privileges, in $WORK or the folder IN, with a clean environment: neither
# the caller's PGHOST nor its MAKEFLAGS nor its language can change a result.
as_user() {
	local drop=()

	if [ "$(id -u)" = 0 ]; then
		drop=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
	fi
	(
		umask 022
		cd "${IN:-$WORK}"
		exec "${drop[@]}" env -i PATH="${BIN:+$BIN:}/usr/local/bin:/usr/bin:/bin" HOME="$WORK" \
			TMPDIR="$WORK/tmp" LC_ALL=C.UTF-8 ${TERM:+TERM="$TERM"} \
			PGUSER=postgres PGDATABASE=postgres PSQLRC=/dev/null PGCLIENTENCODING=UTF8 \
			${PG_TEST_TIMEOUT_DEFAULT:+PG_TEST_TIMEOUT_DEFAULT="$PG_TEST_TIMEOUT_DEFAULT"} \
			${PGHOST:+PGHOST="$PGHOST" PGPORT="$PGPORT"} ${PG_CONFIG:+PG_CONFIG="$PG_CONFIG"} "$@"
	)
}

# ---------------------------------------------------------------- server

# Lays out the server of $PG_CONFIG anew under folder $1 and makes PG_CONFIG and BIN the copy's.
# PostgreSQL finds its files relative to its program, so `make install` by the copy's pg_config
# needs no root, and nobody else's server sees the extension. 18 MB, a tenth of a second.
private_postgresql() {
	local tree=$1 from=$PG_CONFIG dir control name

	BIN=$("$from" --bindir)
	for dir in bindir pkglibdir sharedir includedir libdir; do
		local "$dir=$("$from" --"$dir")"
	done
	# shellcheck disable=SC2154
	[ -x "$bindir/postgres" ] || die "$bindir has no postgres: is the server installed?"
	# shellcheck disable=SC2154
	[ -d "$("$from" --includedir-server)" ] || die "$from has no server headers"
	(
		umask 022
		# shellcheck disable=SC2154
		mkdir -p "$tree$bindir" "$tree$pkglibdir" "$tree$sharedir" "$tree$libdir" "$tree${includedir%/*}"
		cp -a "$bindir/." "$tree$bindir"
		cp -as "$pkglibdir/." "$tree$pkglibdir"
		cp -as "$sharedir/." "$tree$sharedir"
		ln -sf "$libdir"/libpq* "$tree$libdir"
		ln -sfn "$includedir" "$tree$includedir"
		# One that the system has installed would hide what `make install` forgets.
		for control in "$ROOT"/*.control; do
			name=${control##*/}
			name=${name%.control}
			rm -rf "$tree$sharedir/extension/$name"{.control,--*.sql} "$tree$pkglibdir/$name.so"
		done
	)
	if [ "$(id -u)" = 0 ]; then
		chown -Rh nobody "$tree"
	fi
	BIN=$tree$BIN
	PG_CONFIG=$BIN/pg_config
}

# Builds the checkout in folder $1 with further arguments for make, and installs it by $PG_CONFIG.
# The bitcode is for JIT inlining, which nothing here needs; it would double the time.
build_extension() {
	local dir=$1
	shift

	as_user mkdir -p "$dir"
	tar -C "$ROOT" --exclude-vcs --exclude='*.o' --exclude='*.bc' --exclude='*.so' \
		--exclude=tmp_check --exclude=./results -cf - . | as_user tar -C "$dir" --no-same-owner -xf -
	as_user make -C "$dir" -j "$(nproc)" with_llvm=no "$@" all &&
		as_user make -C "$dir" with_llvm=no "$@" install
}

# Starts a server under folder $1 with default settings, but for the further arguments, lines of
# postgresql.conf. It listens on a socket of its own only. Sets PGHOST and PGPORT.
start_server() {
	local dir=$1
	shift

	PGHOST=$dir/socket
	PGPORT=5432
	as_user mkdir "$PGHOST"
	as_user initdb -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale -N >"$dir/initdb.log" 2>&1 || {
		cat "$dir/initdb.log"
		return 1
	}
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$PGHOST'" "$@" |
		as_user tee -a "$dir/data/postgresql.conf" >/dev/null
	as_user pg_ctl -D "$dir/data" -l "$dir/server.log" -s -w start || {
		tail -n 20 "$dir/server.log"
		return 1
	}
}

# Builds and starts under $WORK, silently unless that fails. Arguments: lines of postgresql.conf.
private_server() {
	say "building against $("$PG_CONFIG" --version)"
	private_postgresql "$WORK/pg"
	run build_extension "$WORK/build" >"$WORK/build.log" 2>&1 || {
		cat "$WORK/build.log"
		die "the build failed"
	}
	start_server "$WORK" "$@" || die "the server did not start"
}

# How to use what --keep leaves behind.
how_to_connect() {
	cat <<-END

		The server is up. To connect:
		    $BIN/psql -h $PGHOST -p $PGPORT -U postgres
		its log: ${PGHOST%/socket}/server.log
		To stop it and remove all of it:
		    $ROOT/scripts/server --stop $WORK
	END
}
