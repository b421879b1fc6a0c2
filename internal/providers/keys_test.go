package providers_test

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// These tests hold for the original as well as for the stand-in, and run
// against the original wherever the registry answers: so the two cannot drift
// apart unseen.

// A key is a tls_private_key.
type key struct {
	ID             string `json:"id"`
	Algorithm      string `json:"algorithm"`
	Curve          string `json:"ecdsa_curve"`
	Bits           int    `json:"rsa_bits"`
	PrivatePEM     string `json:"private_key_pem"`
	PrivatePKCS8   string `json:"private_key_pem_pkcs8"`
	PrivateOpenSSH string `json:"private_key_openssh"`
	PublicPEM      string `json:"public_key_pem"`
	PublicOpenSSH  string `json:"public_key_openssh"`
	MD5            string `json:"public_key_fingerprint_md5"`
	SHA256         string `json:"public_key_fingerprint_sha256"`
}

func (w workspace) keys(t *testing.T) map[string]key {
	t.Helper()
	var state tfjson.State
	w.read(t, &state, "show", "-json")
	keys := make(map[string]key)
	if state.Values == nil {
		return keys
	}
	for _, r := range state.Values.RootModule.Resources {
		text, err := json.Marshal(r.AttributeValues)
		require.NoError(t, err)
		var k key
		require.NoError(t, json.Unmarshal(text, &k))
		keys[r.Address] = k
	}
	return keys
}

func TestKeysLiveFromApplyToDestroy(t *testing.T) {
	w := newWorkspace(t)
	w.must(t, "init", "-no-color", "-input=false")
	output := w.must(t, "apply", "-no-color", "-input=false", "-auto-approve")
	assert.NotContains(t, output, "PRIVATE KEY")
	for _, p := range w.mirror.Built {
		if p.StandIn {
			assert.Contains(t, output, "Stand-in for provider "+p.Source, "every apply says whose keys it made")
		}
	}
	keys := w.keys(t)
	require.Len(t, keys, 6)
	for address, k := range keys {
		t.Run(address, func(t *testing.T) { assertFormatsAgree(t, k) })
	}
	assert.Equal(t, 2048, keys["tls_private_key.any"].Bits, "the default, for other algorithms too")
	assert.Equal(t, "P224", keys["tls_private_key.rsa"].Curve, "the default, for other algorithms too")

	// With -detailed-exitcode, a plan with changes is an error here.
	w.must(t, "plan", "-no-color", "-input=false", "-detailed-exitcode")
	w.must(t, "destroy", "-no-color", "-input=false", "-auto-approve")
	assert.Empty(t, w.keys(t))
}

// assertFormatsAgree decodes every format and expects the same key in each.
func assertFormatsAgree(t *testing.T, k key) {
	t.Helper()
	private, err := x509.ParsePKCS8PrivateKey(block(t, k.PrivatePKCS8, "PRIVATE KEY"))
	require.NoError(t, err)
	signer, ok := private.(crypto.Signer)
	require.True(t, ok)

	var traditional any
	switch k.Algorithm {
	case "RSA":
		traditional, err = x509.ParsePKCS1PrivateKey(block(t, k.PrivatePEM, "RSA PRIVATE KEY"))
	case "ECDSA":
		traditional, err = x509.ParseECPrivateKey(block(t, k.PrivatePEM, "EC PRIVATE KEY"))
	default:
		traditional, err = x509.ParsePKCS8PrivateKey(block(t, k.PrivatePEM, "PRIVATE KEY"))
	}
	require.NoError(t, err)
	assert.Equal(t, private, traditional)

	public, err := x509.ParsePKIXPublicKey(block(t, k.PublicPEM, "PUBLIC KEY"))
	require.NoError(t, err)
	assert.Equal(t, signer.Public(), public)
	assert.Len(t, k.ID, 40, "SHA-1 in hexadecimal")

	if k.Algorithm == "ECDSA" && k.Curve == "P224" {
		assert.Empty(t, k.PrivateOpenSSH+k.PublicOpenSSH+k.MD5+k.SHA256, "OpenSSH has no P224")
		return
	}
	login, err := ssh.ParsePrivateKey([]byte(k.PrivateOpenSSH))
	require.NoError(t, err)
	authorized, _, _, _, err := ssh.ParseAuthorizedKey([]byte(k.PublicOpenSSH))
	require.NoError(t, err)
	expected, err := ssh.NewPublicKey(signer.Public())
	require.NoError(t, err)
	assert.Equal(t, expected.Marshal(), login.PublicKey().Marshal())
	assert.Equal(t, expected.Marshal(), authorized.Marshal())
	assert.True(t, strings.HasSuffix(k.PublicOpenSSH, "\n"), "configurations trim the newline that the original writes")
	assert.Equal(t, ssh.FingerprintLegacyMD5(expected), k.MD5)
	assert.Equal(t, ssh.FingerprintSHA256(expected), k.SHA256)
}

// block decodes text that holds one PEM block of the kind and nothing else.
func block(t *testing.T, text, kind string) []byte {
	t.Helper()
	b, rest := pem.Decode([]byte(text))
	require.NotNil(t, b)
	require.Equal(t, kind, b.Type)
	require.Empty(t, rest)
	return b.Bytes
}

func TestEveryChangeOfAnArgumentReplacesTheKey(t *testing.T) {
	w := newWorkspace(t)
	w.must(t, "init", "-no-color", "-input=false")
	w.must(t, "apply", "-no-color", "-input=false", "-auto-approve")
	for argument, address := range map[string]string{
		"bits=3072":     "tls_private_key.rsa",
		"algorithm=RSA": "tls_private_key.any",
		"curve=P521":    "tls_private_key.any",
	} {
		t.Run(argument, func(t *testing.T) {
			w.must(t, "plan", "-input=false", "-out=saved.tfplan", "-var", argument)
			var plan tfjson.Plan
			w.read(t, &plan, "show", "-json", "saved.tfplan")
			for _, c := range plan.ResourceChanges {
				expected := tfjson.Actions{tfjson.ActionNoop}
				if c.Address == address {
					expected = tfjson.Actions{tfjson.ActionDelete, tfjson.ActionCreate}
				}
				assert.Equal(t, expected, c.Change.Actions, c.Address)
			}
		})
	}
}

func TestUnknownAlgorithmsAndCurvesAreRefusedByThePlan(t *testing.T) {
	w := newWorkspace(t)
	w.must(t, "init", "-no-color", "-input=false")
	for argument, attribute := range map[string]string{
		"algorithm=DSA": "algorithm",
		"algorithm=rsa": "algorithm",
		"curve=P-256":   "ecdsa_curve",
	} {
		t.Run(argument, func(t *testing.T) {
			output, err := w.run(t, "plan", "-no-color", "-input=false", "-var", argument)
			require.Error(t, err)
			assert.Contains(t, output, "Invalid Attribute Value Match")
			assert.Contains(t, output, attribute)
		})
	}
}
