#!/bin/sh
# Make a second environment on the other end of the supported Pythons, where one is found: .venv-3.13, or .venv-3.11 where
# .venv itself is 3.13. The tests run the example lot on both and compare the hashes. None found is no fault.
set -eu
cd "$(dirname "$0")/.."
say() { printf 'planaris: %s\n' "$*" >&2; }

main=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
wanted=3.13
[ "$main" = 3.13 ] && wanted=3.11

python=
for candidate in "python$wanted" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/$wanted*/bin/python$wanted; do
    if "$candidate" -c 'import venv' >/dev/null 2>&1; then
        python=$(command -v "$candidate")
        break
    fi
done
[ -n "$python" ] || exit 0

venv=.venv-$wanted
stamp=$venv/planaris.stamp
made_from="$(pwd) $(cat pyproject.toml uv.lock | cksum)"
[ -x $venv/bin/python ] && [ "$(cat $stamp 2>/dev/null)" = "$made_from" ] && exit 0

say "making $venv with $("$python" --version) ($python)"
unset VIRTUAL_ENV PYTHONHOME
export UV_PROJECT_ENVIRONMENT=$venv UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR="${UV_CACHE_DIR:-$(pwd)/.deps/uv}"
[ -e /etc/ssl/certs/ca-certificates.crt ] && export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
.venv/bin/uv sync --frozen --no-dev --quiet --python "$python"
echo "$made_from" >$stamp
