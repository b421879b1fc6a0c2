package nspawn_test

import (
	"bytes"
	"encoding/pem"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/machine/nspawn"
)

func TestMachinesTrustWhatTheirHostWasToldToTrust(t *testing.T) {
	block := func(kind string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("content")})
	}
	certificate := block("CERTIFICATE")
	const dir = "usr/local/share/ca-certificates/"
	found := nspawn.HostAuthorities(fstest.MapFS{
		dir + "proxy.crt":         {Data: append([]byte("# of the company\n"), certificate...)},
		dir + "sub/two.crt":       {Data: append(bytes.Clone(certificate), certificate...)},
		dir + "README":            {Data: certificate},
		dir + "key.crt":           {Data: append(bytes.Clone(certificate), block("PRIVATE KEY")...)},
		dir + "der.crt":           {Data: []byte{0x30, 0x82}},
		dir + "large.crt":         {Data: append(bytes.Clone(certificate), make([]byte, 1<<20)...)},
		"etc/ssl/certs/usual.pem": {Data: certificate},
	})
	assert.Equal(t, map[string][]byte{
		"proxy.crt": certificate,
		"two.crt":   append(bytes.Clone(certificate), certificate...),
	}, found)
	assert.Empty(t, nspawn.HostAuthorities(fstest.MapFS{}), "a host without such certificates")
}
