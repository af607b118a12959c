#!/bin/sh
# Installs ace-bridge for this user, or updates and repairs it, and starts its setup. On macOS, double-click this file
# in the Finder; on Linux, run it in a terminal. It changes nothing outside the folder $app.

version=0.12.5 # of uv, which brings Python; the checksums below belong to this version
downloads=${ACE_BRIDGE_UV_DOWNLOADS:-https://github.com/astral-sh/uv/releases/download}
python=3.13
megabytes=700 # free space that the installation needs

source=$(unset CDPATH && cd -- "$(dirname -- "$0")/.." && pwd)
case "$(uname -s) ${XDG_DATA_HOME-}" in
    Darwin*) app="$HOME/Library/Application Support/ace-bridge-app" ;;
    *" /"*) app="$XDG_DATA_HOME/ace-bridge-app" ;;
    *) app="$HOME/.local/share/ace-bridge-app" ;; # XDG: a relative path is ignored
esac
log=$app/install.log
uv=$app/uv/uv

process= # the command in progress, which Ctrl-C alone does not reach
trap 'if [ "$process" ]; then kill "$process"; fi; exit 130' HUP INT TERM

# Wait for Return, so that the window stays open until the user has read the end.
finish() {
    printf '\nPress Return to close this window. '
    read -r _
    exit "$1"
}

# fail SENTENCE: say why the installation failed, and where the details are.
fail() {
    printf '\n\n%s\nNothing else was changed. You can run this file again at any time. Details: %s\n' "$1" "$log"
    printf 'FAILED: %s\n' "$1" >>"$log" 2>/dev/null
    finish 1
}

# step TEXT COMMAND...: run a command with its output in the log, and print a dot every two seconds.
step() {
    printf '%s ' "$1"
    shift
    printf '$ %s\n' "$*" >>"$log"
    "$@" >>"$log" 2>&1 </dev/null &
    process=$!
    while kill -0 "$process" 2>/dev/null; do
        printf .
        sleep 2
    done
    wait "$process"
    status=$?
    process=
    [ "$status" = 0 ] && printf ' done\n'
    return "$status"
}

# Print the name of uv's archive for this machine, and its checksum. An x86 terminal on Apple silicon gets arm64.
archive() {
    machine=$(uname -m)
    if [ "$(sysctl -n hw.optional.arm64 2>/dev/null)" = 1 ]; then machine=arm64; fi
    case "$(uname -s) $machine" in
        "Darwin arm64")
            echo uv-aarch64-apple-darwin 5bb0e5fe008a773c3dbcb97ff79cd89e1241464fe9d2f986d52ad8f1b037bd62 ;;
        "Darwin x86_64")
            echo uv-x86_64-apple-darwin b3b2137477cf96c9686ebfb71524614cec780c673fd73e59bce099aef02e70e8 ;;
        "Linux x86_64")
            echo uv-x86_64-unknown-linux-gnu 68a509da24b06b4223a1c0175fb5eb5bc79342b76cbeff0cfe51ac3f5b17b6b2 ;;
        "Linux aarch64")
            echo uv-aarch64-unknown-linux-gnu 9bf43b4d1a07665bf64d4c4e710930b382321a785e0eb10aac07f46471f86a31 ;;
    esac
}

checksum() {
    if command -v shasum >/dev/null; then shasum -a 256 "$1"; else sha256sum "$1"; fi | cut -d ' ' -f 1
}

# Say why a download failed, by curl's exit status (https://curl.se/docs/manpage.html#EXIT).
download_failed() {
    case $1 in
        5 | 97) fail "The proxy could not be reached. Check the proxy in the network settings and https_proxy." ;;
        6 | 7) fail "There is no connection to the internet, or it is blocked (${downloads%%/releases*})." ;;
        22) fail "The server refused the download of uv $version. Try again later, or behind another proxy." ;;
        23) fail "The download could not be saved, probably because the disk is full." ;;
        28) fail "The download took too long. Try again with a faster connection." ;;
        35 | 60 | 77) fail "The connection is not secure: a proxy or a wrong clock may be the reason." ;;
        127) fail "The program curl is missing. Install it with the system's package manager." ;;
        *) fail "uv could not be downloaded." ;;
    esac
}

get_uv() {
    if [ "$("$uv" --version 2>/dev/null | cut -d ' ' -f 2)" = "$version" ]; then return; fi
    # shellcheck disable=SC2046  # two words
    set -- $(archive)
    [ $# = 2 ] || fail "This installer does not support this machine ($(uname -sm)). See README.md for other ways."
    file=$app/$1.tar.gz
    step "Downloading uv" curl --fail --location --silent --show-error --retry 2 --connect-timeout 20 --speed-time 60 \
        --speed-limit 100 --output "$file" "$downloads/$version/$1.tar.gz" || download_failed $?
    if [ "$(checksum "$file")" != "${ACE_BRIDGE_UV_CHECKSUM:-$2}" ]; then
        rm -f "$file"
        fail "The downloaded file is not uv $version (wrong checksum), so it was deleted. A proxy may have replaced it."
    fi
    mkdir -p "$app/uv"
    tar -xzf "$file" -C "$app/uv" --strip-components 1 >>"$log" 2>&1 ||
        fail "uv could not be unpacked, probably because the disk is full."
    rm -f "$file"
}

install_failed() {
    if tail -n 40 "$log" | grep -qi 'no space left'; then fail "The disk is full. Free $megabytes MB and try again."; fi
    if tail -n 40 "$log" | grep -qi 'dns error\|failed to fetch\|connect error\|error sending request'; then
        fail "The connection to the internet was lost or is blocked. The next run continues from here."
    fi
    fail "ace-bridge could not be installed."
}

printf '\nace-bridge installer\n\n'
if [ -z "${HOME-}" ]; then
    printf 'The environment variable HOME is not set. Nothing was changed.\n'
    finish 1
fi
printf '  1. Downloads uv from github.com, and with it Python and the packages that ace-bridge needs (200 MB in all).\n'
printf '  2. Puts all of it into the folder %s and nothing anywhere else. Needs no password.\n' "$app"
printf '  3. Starts the setup, which asks before it changes a DAW.\n\n'
printf 'Continue? [y/N] '
read -r answer
case $answer in
    [yY]*) ;;
    *)
        printf 'Nothing was changed.\n'
        finish 0
        ;;
esac

if ! { mkdir -p "$app" && printf '\n%s %s\n' "$(date)" "$(uname -a)" >>"$log"; } 2>/dev/null; then
    fail "The folder $app cannot be written."
fi
free=$(df -Pk "$app" | awk 'NR == 2 { print int($4 / 1024) }')
if [ "${free:-$megabytes}" -lt "$megabytes" ]; then
    fail "The disk is full: $free MB are free, and the installation needs $megabytes MB."
fi

get_uv
export UV_PYTHON_INSTALL_DIR="$app/python" UV_TOOL_DIR="$app/tools" UV_TOOL_BIN_DIR="$app/bin" UV_CACHE_DIR="$app/cache"
export UV_NO_CONFIG=1 UV_PYTHON_PREFERENCE=only-managed UV_NO_PROGRESS=1
cd "$source" || fail "The folder $source cannot be read." # uv does not accept a path with spaces for --constraints
step "Installing Python and ace-bridge" "$uv" tool install --force --reinstall-package ace-bridge --python "$python" \
    --constraints requirements.lock ".[midi]" || install_failed
rm -rf "$app/cache"
printf '\nace-bridge is installed. To run it in any terminal, type: "%s"\n\n' "$app/bin/ace-bridge"
"$app/bin/ace-bridge" setup
finish $?
