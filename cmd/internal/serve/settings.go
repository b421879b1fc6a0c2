package serve

import (
	"fmt"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// Loopback is where a program listens by default while everyone has access.
const Loopback = "127.0.0.1"

// TLS names the files of a certificate and its key; both or neither.
type TLS struct {
	Cert, Key string

	cert, key *settings.Setting
}

// AddTLS declares the files of a certificate and of its key, which variables
// name, too.
func AddTLS(set *settings.Set, into *TLS, certVariable, keyVariable string) {
	const remedy = "name both files, of the certificate, with those it depends on behind it, and of its key, as PEM, or neither"
	into.cert = settings.Add(set, &into.Cert, settings.Spec{
		Flag: "tls-cert", Env: certVariable, Arg: "FILE", Remedy: remedy,
		Help: "certificate for HTTPS, as PEM; read again when it changes", Default: "plain HTTP",
	}, settings.Path())
	into.key = settings.Add(set, &into.Key, settings.Spec{
		Flag: "tls-key", Env: keyVariable, Arg: "FILE", Remedy: remedy,
		Help: "key of the certificate, as PEM", Default: "plain HTTP",
	}, settings.Path())
	set.Check(func() {
		switch {
		case into.Cert == "" && into.Key != "":
			into.cert.Wrong("is missing, while there is a key")
		case into.Cert != "" && into.Key == "":
			into.key.Wrong("is missing, while there is a certificate")
		}
	})
}

// Enabled reports whether the service speaks TLS.
func (t TLS) Enabled() bool { return t.Cert != "" }

// Load reads the files. It returns nil when TLS is not enabled; the error for
// files that cannot be used is that of a setting.
func (t TLS) Load() (*Keypair, error) {
	if !t.Enabled() {
		return nil, nil //nolint:nilnil // as Config.Keypair takes it
	}
	pair, err := LoadKeypair(t.Cert, t.Key)
	if err != nil {
		return nil, t.cert.NewError(fmt.Sprintf("cannot be used with %s: %v", t.key, err))
	}
	return pair, nil
}
