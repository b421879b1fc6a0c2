package console_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/internal/browsertest"
)

// picture is the one that docs/fakecloud.md shows.
const picture = "../../docs/images/console.png"

// drawPicture draws it, of a cloud under load.
func drawPicture(t *testing.T, b *browsertest.Browser, cloud *fakecloud.Cloud) {
	t.Helper()
	b.SetMedia(t, map[string]string{"prefers-color-scheme": "light"})
	browsertest.Evaluate[bool](t, b, `document.querySelector("#cost-lines").open = false`)
	b.Do(t, chromedp.EmulateViewport(1100, 880))
	shown := `parseFloat(document.querySelector("#balancers .big")?.innerText) > 2`
	for !browsertest.Evaluate[bool](t, b, shown) {
		for range 30 {
			visit(t, cloud)
		}
	}
	require.NoError(t, os.WriteFile(picture, b.Visible(t), 0o600))
}

// visit makes a request through the load balancer.
func visit(t *testing.T, cloud *fakecloud.Cloud) {
	t.Helper()
	balancer := cloud.API().Balancers()[0]
	at, ok := cloud.Endpoint(balancer.ID, 80)
	require.True(t, ok)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at.String()+"/health", nil)
	require.NoError(t, err)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}
