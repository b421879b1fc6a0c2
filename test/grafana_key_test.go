package test_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// grafanaKeyScript is what the monitoring machine runs to get the key that
// signs Grafana's packages.
const grafanaKeyScript = "../terraform/files/monitoring/usr/local/lib/exopool/grafana-key.sh"

func newSigner(t *testing.T, name string) *openpgp.Entity {
	t.Helper()
	signer, err := openpgp.NewEntity(name, "", "root@localhost", nil)
	require.NoError(t, err)
	return signer
}

func fingerprintOf(e *openpgp.Entity) string { return fmt.Sprintf("%X", e.PrimaryKey.Fingerprint) }

// bundle returns public keys as a vendor publishes them.
func bundle(t *testing.T, signers ...*openpgp.Entity) []byte {
	t.Helper()
	var text bytes.Buffer
	w, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	require.NoError(t, err)
	for _, signer := range signers {
		require.NoError(t, signer.Serialize(w))
	}
	require.NoError(t, w.Close())
	return text.Bytes()
}

// adopt makes the key of another a part of one's own.
func adopt(t *testing.T, own, other *openpgp.Entity) {
	t.Helper()
	part := *other.PrimaryKey
	part.IsSubkey = true
	binding := &packet.Signature{
		Version: own.PrimaryKey.Version, SigType: packet.SigTypeSubkeyBinding, PubKeyAlgo: own.PrimaryKey.PubKeyAlgo,
		Hash: (&packet.Config{}).Hash(), CreationTime: own.PrimaryKey.CreationTime, IssuerKeyId: &own.PrimaryKey.KeyId,
		FlagsValid: true, FlagEncryptStorage: true, FlagEncryptCommunications: true,
	}
	require.NoError(t, binding.SignKey(&part, own.PrivateKey, nil))
	own.Subkeys = append(own.Subkeys, openpgp.Subkey{PublicKey: &part, Sig: binding})
}

func TestKeyOfPackagesIsTrustedByItsFingerprint(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "curl", "gpg", "awk", "install"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("grafana-key.sh needs %s: %v", tool, err)
		}
	}
	right, former, wrong, thief := newSigner(t, "right"), newSigner(t, "former"), newSigner(t, "wrong"), newSigner(t, "thief")
	adopt(t, thief, right)
	offers := map[string][]byte{
		"the right one":         bundle(t, right),
		"it and former ones":    bundle(t, former, right, wrong),
		"another one":           bundle(t, wrong),
		"it as part of another": bundle(t, thief),
		"no key at all":         []byte("<html>Down for maintenance</html>"),
		"nothing":               nil,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(offers[r.URL.Query().Get("offer")])
	}))
	t.Cleanup(server.Close) // after the parallel tests below
	for offer := range offers {
		t.Run(offer, func(t *testing.T) {
			t.Parallel()
			keyring := filepath.Join(t.TempDir(), "keyrings", "grafana.gpg")
			url := server.URL + "/gpg-full.key?offer=" + strings.ReplaceAll(offer, " ", "%20")
			cmd := exec.CommandContext(t.Context(), "sh", grafanaKeyScript, url, fingerprintOf(right), keyring)
			cmd.Env = append(os.Environ(), "LC_ALL=C")
			said, err := cmd.CombinedOutput()
			if offer == "the right one" || offer == "it and former ones" {
				require.NoError(t, err, string(said))
				trusted, err := openpgp.ReadKeyRing(bytes.NewReader(read(t, keyring)))
				require.NoError(t, err)
				require.Len(t, trusted, 1, "no other key is trusted")
				assert.Equal(t, fingerprintOf(right), fingerprintOf(trusted[0]))
				return
			}
			require.Error(t, err)
			assert.NoFileExists(t, keyring)
			assert.Contains(t, string(said), "expected "+fingerprintOf(right))
			assert.Contains(t, string(said), "grafana-key.fingerprint", "the remedy")
			if offer == "another one" {
				assert.Contains(t, string(said), fingerprintOf(wrong), "what was offered")
			}
		})
	}
}

func TestFingerprintOfGrafanaIsOne(t *testing.T) {
	t.Parallel()
	fingerprint := read(t, filepath.Join(filepath.Dir(grafanaKeyScript), "grafana-key.fingerprint"))
	assert.Regexp(t, `^[0-9A-F]{40}\n$`, string(fingerprint))
}
