package settings

import "fmt"

// A TLS names the files of a certificate and its key; both or neither.
type TLS struct {
	Cert, Key string
}

// Given reports whether TLS is to be spoken.
func (t TLS) Given() bool { return t.Cert != "" }

// Unusable returns the error for files that were named and do not work.
func (t TLS) Unusable(program string, err error) error {
	return &Error{Program: program, Faults: []Fault{{
		Setting: "certificate or key (flags -tls-cert and -tls-key)",
		Problem: fmt.Sprintf("cannot be used: %v", err),
		Remedy:  "name a certificate, with those it depends on behind it, and its key, both as PEM",
	}}}
}

// addTLS declares the files of a certificate and of its key, which variables
// name, too.
func addTLS(l *loader, into *TLS, certVariable, keyVariable string) {
	const remedy = "name both files, of the certificate and of its key, or none"
	cert := spec{
		flags: []string{"tls-cert"}, env: []string{certVariable}, arg: "FILE",
		usage: "certificate for HTTPS, as PEM; read again when it changes", otherwise: "plain HTTP", remedy: remedy,
	}
	key := spec{
		flags: []string{"tls-key"}, env: []string{keyVariable}, arg: "FILE",
		usage: "key of the certificate, as PEM", otherwise: "plain HTTP", remedy: remedy,
	}
	add(l, &into.Cert, cert, parsePath)
	add(l, &into.Key, key, parsePath)
	l.resolve = append(l.resolve, func() {
		switch {
		case into.Cert == "" && into.Key != "":
			l.fault(cert.name(), "is missing, while there is a key", cert.remedy)
		case into.Cert != "" && into.Key == "":
			l.fault(key.name(), "is missing, while there is a certificate", key.remedy)
		}
	})
}

// shortToken is a length of secrets, in characters, below which guessing them
// need not be hopeless.
const shortToken = 16

// warnOfToken says what weakens a secret.
func warnOfToken(api *API, name, token string) {
	if token != "" && len(token) < shortToken {
		api.Warnings = append(api.Warnings, fmt.Sprintf(
			"%s has less than %d characters and may be guessed: take a random one, such as openssl rand -hex 32 prints", name, shortToken))
	}
}

// addReceiver declares where the autoscaler listens and whom it lets in.
func addReceiver(l *loader, a *Autoscaler) {
	given := false
	add(l, &a.ListenHost, spec{
		flags: []string{"listen-address"}, env: []string{"LISTEN_ADDRESS"}, arg: "HOST",
		usage: "address of the webhook receiver, 0.0.0.0 for all addresses of the machine", otherwise: "all addresses with a token, 127.0.0.1 without",
		remedy: "give an IP address or a host name",
	}, func(text string) (string, error) {
		given = true // maybe as the empty string, which means all addresses
		return parseHost(text)
	})
	add(l, &a.ListenPort, spec{
		flags: []string{"listen-port"}, env: []string{"LISTEN_PORT"}, arg: "PORT",
		usage: "port of the webhook receiver", def: "8090",
		remedy: "give a whole number " + between(1, 65535),
	}, intBetween(1, 65535))
	addSecret(l, &a.Token, spec{
		env: []string{"WEBHOOK_TOKEN"}, usage: "the secret that webhooks must show", otherwise: "everyone is let in",
		remedy: "give a word without spaces",
	}, "webhook-token-file")
	protect := spec{
		flags: []string{"protect-all"}, env: []string{"AUTOSCALER_PROTECT_ALL"}, boolean: true,
		usage: "ask for the token on /decisions and /metrics, too", def: "false",
		remedy: "set WEBHOOK_TOKEN, or leave it out",
	}
	add(l, &a.ProtectAll, protect, parseBool)
	addTLS(l, &a.TLS, "AUTOSCALER_TLS_CERT", "AUTOSCALER_TLS_KEY")
	l.resolve = append(l.resolve, func() {
		if !given && a.Token == "" {
			a.ListenHost = loopback
		}
		if a.ProtectAll && a.Token == "" {
			l.fault(protect.name(), "is set, but there is no token to ask for", protect.remedy)
		}
		warnOfToken(&a.API, "WEBHOOK_TOKEN", a.Token)
	})
}

// loopback is where a program listens that lets everyone in.
const loopback = "127.0.0.1"

// addService declares where discovery listens and whom it lets in.
func addService(l *loader, d *Discovery) {
	given := false
	add(l, &d.Listen, spec{
		flags: []string{"listen"}, env: []string{"DISCOVERY_LISTEN"}, arg: "ADDRESS",
		usage: "HOST:PORT of /targets, /healthz, /readyz and /metrics; \"none\" for none", otherwise: ":8091 with a token, " + loopback + ":8091 without",
		remedy: "give HOST:PORT, :PORT for all addresses, or none",
	}, func(text string) (string, error) {
		given = true
		return parseListenOrNone(text)
	})
	addSecret(l, &d.Token, spec{
		env: []string{"DISCOVERY_TOKEN"}, usage: "the secret that readers of /targets and /metrics must show", otherwise: "everyone is let in",
		remedy: "give a word without spaces",
	}, "token-file")
	addTLS(l, &d.TLS, "DISCOVERY_TLS_CERT", "DISCOVERY_TLS_KEY")
	l.resolve = append(l.resolve, func() {
		switch {
		case given:
		case d.Token == "":
			d.Listen = loopback + ":8091"
		default:
			d.Listen = ":8091"
		}
		warnOfToken(&d.API, "DISCOVERY_TOKEN", d.Token)
	})
}
