#!/bin/sh
# Downloads the key that signs Grafana's packages: grafana-key.sh URL FINGERPRINT
# KEYRING. The keyring gets the key with this fingerprint and no other; other
# keys at the address, such as retired ones, are not trusted.
set -eu
url=$1
fingerprint=$2
keyring=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gpg() {
  command gpg --homedir "$work" --batch --quiet --no-autostart "$@"
}

curl -fsSL --retry 10 --retry-delay 5 --retry-all-errors --max-time 60 -o "$work/offered" "$url"
gpg --import "$work/offered" || true # it reports what it cannot read
gpg --export "$fingerprint" >"$work/keyring" || true
# A key may contain another one as a subkey, so check the primary fingerprint.
found=$(gpg --show-keys --with-colons "$work/keyring" | awk -F: '$1 == "pub" { next_is = 1 } $1 == "fpr" && next_is { print $10; next_is = 0 }') || true
if [ "$found" != "$fingerprint" ]; then
  echo "the key that signs Grafana's packages is not among those of $url:" >&2
  gpg --show-keys --with-colons "$work/offered" 2>/dev/null | awk -F: '$1 == "fpr" { print "  " $10 }' >&2 || true
  echo "expected $fingerprint. If Grafana has announced a new key, put its fingerprint" >&2
  echo "into terraform/files/monitoring/usr/local/lib/exopool/grafana-key.fingerprint" >&2
  exit 1
fi
install -D -m 0644 "$work/keyring" "$keyring"
