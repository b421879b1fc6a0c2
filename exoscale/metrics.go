package exoscale

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "exopool_exoscale_api"

// metrics count every attempt, including repeated ones.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "requests_total",
			Help: "Requests sent to the Exoscale API, by operation and status code; code none means that no answer came.",
		}, []string{"operation", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "request_duration_seconds",
			Help:    "Time from sending a request to the end of its answer, by operation.",
			Buckets: prometheus.DefBuckets,
		}, []string{"operation"}),
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.requests), reg.Register(m.duration))
}

// observe counts one attempt; resp is nil when it failed.
func (m *metrics) observe(req *http.Request, resp *http.Response, took time.Duration) {
	op := operationOf(req.Method, req.URL.Path)
	m.requests.WithLabelValues(op, codeOf(resp)).Inc()
	m.duration.WithLabelValues(op).Observe(took.Seconds())
}

// codeOf keeps the label to the codes that HTTP knows.
func codeOf(resp *http.Response) string {
	switch {
	case resp == nil:
		return "none"
	case http.StatusText(resp.StatusCode) == "":
		return "other"
	}
	return strconv.Itoa(resp.StatusCode)
}

// operationOf names a call as the API's documentation does, from a closed set.
func operationOf(method, path string) string {
	_, path, _ = strings.Cut(path, "/v2/")
	kind, rest, _ := strings.Cut(path, "/")
	switch {
	case method == http.MethodGet && kind == "instance" && rest == "":
		return "list-instances"
	case method == http.MethodGet && kind == "instance-pool" && rest == "":
		return "list-instance-pools"
	case method == http.MethodGet && kind == "instance-pool":
		return "get-instance-pool"
	case method == http.MethodPut && kind == "instance-pool" && strings.HasSuffix(rest, ":scale"):
		return "scale-instance-pool"
	case method == http.MethodPut && kind == "instance-pool" && strings.HasSuffix(rest, ":evict"):
		return "evict-instance-pool-members"
	case method == http.MethodGet && kind == "operation":
		return "get-operation"
	case method == http.MethodGet && kind == "security-group" && rest == "":
		return "list-security-groups"
	case method == http.MethodGet && kind == "load-balancer" && rest == "":
		return "list-load-balancers"
	}
	return "other"
}
