#!/bin/sh
# Builds the programs where Terraform runs: build-here.sh FOLDER, from the folder
# with source.tar. Without Go, or if Go fails, FOLDER stays empty, and the
# monitoring machine builds them. Runs in any sh, also busybox'.
set -eu
folder=$1
source=$folder.source

rm -rf "$folder" "$source"
mkdir -p "$folder" "$source"
trap 'rm -rf "$source"' EXIT

if ! command -v go >/dev/null 2>&1; then
  echo "no Go here: the monitoring machine builds the programs, which takes some minutes more"
  exit 0
fi
tar -xf source.tar -C "$source"
output=$(cd "$folder" && pwd)
export GOOS=linux GOARCH=amd64 CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly
if (cd "$source" && go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$output/" ./cmd/autoscaler ./cmd/discovery); then
  echo "built the programs here, with $(go env GOVERSION)"
else
  rm -f "$folder"/*
  echo "Go could not build the programs here, for the reason above: the monitoring machine builds them, which takes some minutes more"
fi
