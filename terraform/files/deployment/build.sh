#!/bin/sh
# Builds the programs on the monitoring machine: build.sh SOURCE FOLDER. Needs 500 MB
# of disk meanwhile, and leaves nothing but the programs.
set -eu
source=$1
folder=$2
# Both are in one file: the version of the module golang.org/toolchain, and the
# SHA-256 of its archive. go.sum has the checksums of all other modules.
here=$(cd "$(dirname "$0")" && pwd)
read -r toolchain sha256 <"$here/toolchain"

# Not in /tmp, which may be in memory.
work=$(mktemp -d "$here/build-XXXXXX")
trap 'rm -rf "$work"' EXIT

start=$(date +%s)
say() {
  echo "build, $(($(date +%s) - start)) s: $*"
}

again() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 3 ]; then
      return 1
    fi
    sleep 5
  done
}

# The first boot may be about to install them.
until command -v curl >/dev/null && [ -s /etc/ssl/certs/ca-certificates.crt ]; do
  sleep 1
done

say "downloading Go, $toolchain"
curl -fsSL --retry 5 --retry-delay 5 --retry-all-errors --max-time 300 -o "$work/go.zip" \
  "https://proxy.golang.org/golang.org/toolchain/@v/$toolchain.zip"
echo "$sha256  $work/go.zip" | sha256sum --check --quiet
python3 -m zipfile -e "$work/go.zip" "$work" # which drops permissions
rm "$work/go.zip"
GOROOT=$work/golang.org/toolchain@$toolchain
chmod +x "$GOROOT"/bin/* "$GOROOT"/pkg/tool/*/*

mkdir "$work/source" "$work/tmp"
tar -xf "$source" -C "$work/source"
output=$(cd "$folder" && pwd)
export GOROOT GOTOOLCHAIN=local GOFLAGS='-mod=readonly -modcacherw' GOENV=off CGO_ENABLED=0
export GOPATH="$work/path" GOCACHE="$work/cache" GOTMPDIR="$work/tmp"
# Two compilers at a time fit into 2 GB beside Prometheus and Grafana.
export GOMAXPROCS=2
cd "$work/source"
say "downloading modules"
again "$GOROOT/bin/go" list -deps ./cmd/autoscaler ./cmd/discovery >/dev/null
say "compiling"
"$GOROOT/bin/go" build -trimpath -buildvcs=false -ldflags='-s -w' -o "$work/" ./cmd/autoscaler ./cmd/discovery
mv "$work/autoscaler" "$work/discovery" "$output/"
say "the programs are built"
