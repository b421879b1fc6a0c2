package providers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// registryTimeout is how long the registry may take to answer: long for a
// registry, short for whoever waits for it on a computer without network.
const registryTimeout = 5 * time.Second

// askRegistry returns nil when the registry offers providers. The document is
// the one that Terraform itself asks for first (remote service discovery); its
// content is checked, since login pages of networks answer 200 to everything.
func askRegistry(ctx context.Context, registry string) error {
	ctx, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, registry+"/.well-known/terraform.json", nil)
	if err != nil {
		return fmt.Errorf("ask %s for its services: %w", registry, err)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("ask %s for its services: %w", registry, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s for its services: %s", registry, resp.Status)
	}
	var services struct {
		Providers string `json:"providers.v1"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&services); err != nil {
		return fmt.Errorf("read the services of %s: %w", registry, err)
	}
	if services.Providers == "" {
		return fmt.Errorf("%s offers no providers", registry)
	}
	return nil
}
