# Shell functions shared by the scripts beside it; sourced, never run.
# shellcheck shell=bash

EAR_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export EAR_ROOT

# One line on standard error, so that a script's output stays its own.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Says what is wrong and ends: status 1, or the number in DIE_STATUS.
die() {
    say "$*"
    exit "${DIE_STATUS:-1}"
}

# Runs a command as root: directly, or through sudo for an account that has it.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Prints the comment at the head of the calling script, without its marks: the help text.
help_text() { sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$0"; }

# Jobs to run at once: the cores, or JOBS.
jobs_at_once() { printf '%s\n' "${JOBS:-$(nproc)}"; }

# step NAME COMMAND...: runs it, says how long it took, returns its status. Bash ignores `set -e`
# inside the command, so a function given here chains its own commands with `&&`.
step() {
    local name=$1 began=$SECONDS status=0
    shift
    say "$name ..."
    "$@" || status=$?
    say "$name: $((SECONDS - began)) s$([ "$status" -eq 0 ] || printf ', failed with status %s' "$status")"
    return "$status"
}

# build_preset PRESET [TARGET...]: configures and builds it under build/PRESET.
build_preset() {
    local preset=$1
    shift
    (cd "$EAR_ROOT" && cmake --preset "$preset" >"build/configure-$preset.log" 2>&1) || {
        cat "$EAR_ROOT/build/configure-$preset.log" >&2
        return 1
    }
    cmake --build "$EAR_ROOT/build/$preset" -j "$(jobs_at_once)" --target "${@:-all}"
}
