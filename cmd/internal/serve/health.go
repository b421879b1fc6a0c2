package serve

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
)

// healthTimeout bounds one check of a service on this host.
const healthTimeout = 3 * time.Second

// CheckHealth asks a service on this host for a path, and returns an error unless
// it answers 200. The service listens on address, HOST:PORT as for [Listen]; encrypted
// says that it speaks TLS. Containers without a shell check themselves with it.
func CheckHealth(ctx context.Context, address, path string, encrypted bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("check the health of %s: %w", address, err)
	}
	switch ip, err := netip.ParseAddr(host); {
	case host == "":
		host = Loopback
	case err == nil && ip.IsUnspecified() && ip.Is4():
		host = Loopback
	case err == nil && ip.IsUnspecified():
		host = "::1"
	}
	scheme := "http"
	if encrypted {
		scheme = "https"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	url := scheme + "://" + net.JoinHostPort(host, port) + path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		// The certificate is that of a name that clients use, and nothing is told to
		// whoever answers. The environment's proxies are left out, too.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // G402: see above
	}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("check the health: %s answers %s", url, resp.Status)
	}
	return nil
}

// Healthcheck returns the command "healthcheck" of a program, with which containers
// check themselves. It takes the settings of the program, to know where the one on
// this host listens; check, called once they are read, asks that one.
func Healthcheck(program string, set *settings.Set, check func(ctx context.Context) error) *command.Command {
	name := program + " healthcheck"
	set.As(name, name+" exits with 0 if the one on this host that has the same settings is alive. Containers check themselves with it.")
	set.ExitCodes = "0 if it is alive, 1 if it is not, 2 when a setting is wrong."
	return &command.Command{Set: set, Short: "exit with 0 if the one on this host is alive, for containers", Run: check}
}
