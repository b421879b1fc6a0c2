package providers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// registryTimeout bounds how long the registry may take to answer: long for a
// registry, short for a user who waits for it on a host without network.
const registryTimeout = 5 * time.Second

// checkRegistry returns nil if the registry offers providers. It gets the document
// that Terraform itself gets first (remote service discovery), and checks its
// content, as login pages of networks answer 200 to everything.
func checkRegistry(ctx context.Context, registry string) error {
	ctx, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, registry+"/.well-known/terraform.json", nil)
	if err != nil {
		return fmt.Errorf("get the services of %s: %w", registry, err)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("get the services of %s: %w", registry, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("get the services of %s: %s", registry, resp.Status)
	}
	var services struct {
		Providers string `json:"providers.v1"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&services); err != nil {
		return fmt.Errorf("decode the services of %s: %w", registry, err)
	}
	if services.Providers == "" {
		return fmt.Errorf("%s offers no providers", registry)
	}
	return nil
}
