package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
)

// litter is a client that leaves something behind, and asks for more than there
// is.
func litter() int {
	signer, err := api.NewSecurityProvider(os.Getenv("EXOSCALE_KEY"), os.Getenv("EXOSCALE_SECRET"))
	if err != nil {
		return 1
	}
	for _, request := range [][3]string{
		{http.MethodPost, "/anti-affinity-group", `{"colour":"red","name":"red"}`},
		{http.MethodGet, "/dbaas-postgres/one", ""},
		{http.MethodGet, "/dbaas-postgres/two", ""},
		{http.MethodPost, "/private-network", `{"name":"blue"}`},
	} {
		req, err := http.NewRequestWithContext(context.Background(), request[0], os.Getenv("EXOSCALE_API_ENDPOINT")+request[1], strings.NewReader(request[2]))
		if err != nil || signer.Intercept(context.Background(), req) != nil {
			return 1
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 1
		}
		fmt.Println(resp.StatusCode)
		_ = resp.Body.Close()
	}
	return 0
}

func TestCallsAreFollowed(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { term.close(cloud) })
	unregister, err := term.register(cloud.Connection())
	require.NoError(t, err)
	defer unregister()
	ended := make(chan int)
	go func() { ended <- term.run(t.Context(), []string{"calls", "-f"}) }()
	require.NoError(t, cloud.API().Call(t.Context(), http.MethodPost, "/v2/anti-affinity-group", map[string]string{"name": "a", "colour": "red"}, nil))
	require.Error(t, cloud.API().Call(t.Context(), http.MethodGet, "/v2/dbaas-service", nil, nil))
	term.out.Await(t, "list-dbaas-services")
	term.signals <- os.Interrupt
	assert.Equal(t, 0, <-ended)
	assert.Regexp(t, `^\d\d:\d\d:\d\d 200 POST /v2/anti-affinity-group \(create-anti-affinity-group\) \S+s\n    nobody read: colour\n`+
		`\d\d:\d\d:\d\d 501 GET /v2/dbaas-service \(list-dbaas-services\) \S+s\n    refused: GET /v2/dbaas-service is not emulated`, term.out.String())
}

func TestExchangesArePrintedWithWhatIsRemarkable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printExchange(&out, exoapi.Exchange{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), Duration: 1234567, Method: "PUT", Path: "/v2/x", Query: "a=b",
		Refusal: "no \x1b[31m", Assumptions: []string{"one", "two"}, Request: "{}", Answer: "[]",
	}))
	assert.Equal(t, "03:04:05 no answer PUT /v2/x?a=b 1.23ms\n    refused: no \ufffd[31m\n    request: {}\n    answer: []\n    assumed: one\n    assumed: two\n", out.String())
}
