package grafanaserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// callTimeout bounds one call.
	callTimeout = 30 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 8 << 20
	// maxQuote bounds how much of an answer an error quotes.
	maxQuote = 300
)

// A Rule is an alert rule as Grafana evaluates it.
type Rule struct {
	Group          string
	Name           string
	State          string // "inactive", "pending" or "firing"
	Health         string // "ok", "error" or "nodata"
	LastEvaluation time.Time
	LastError      string
	Labels         map[string]string
}

// The states of a [Rule].
const (
	Inactive = "inactive"
	Pending  = "pending"
	Firing   = "firing"
)

// Rules returns all alert rules, in the order of their groups.
func (s *Server) Rules(ctx context.Context) ([]Rule, error) {
	var answer struct {
		Data struct {
			Groups []struct {
				Name  string
				Rules []struct {
					Name           string
					State          string
					Health         string
					LastEvaluation time.Time
					LastError      string
					Labels         map[string]string
				}
			}
		}
	}
	if err := s.call(ctx, http.MethodGet, "/api/prometheus/grafana/api/v1/rules", nil, &answer); err != nil {
		return nil, err
	}
	var rules []Rule
	for _, group := range answer.Data.Groups {
		for _, r := range group.Rules {
			rules = append(rules, Rule{group.Name, r.Name, r.State, r.Health, r.LastEvaluation, r.LastError, r.Labels})
		}
	}
	return rules, nil
}

// A ContactPoint is a receiver of webhooks.
type ContactPoint struct {
	Name                  string
	Type                  string
	DisableResolveMessage bool
	Settings              struct{ URL string }
}

// ContactPoints returns all contact points.
func (s *Server) ContactPoints(ctx context.Context) ([]ContactPoint, error) {
	var points []ContactPoint
	err := s.call(ctx, http.MethodGet, "/api/v1/provisioning/contact-points", nil, &points)
	return points, err
}

// A Route sends alerts to a contact point.
type Route struct {
	Receiver       string
	Matchers       [][]string `json:"object_matchers"`
	GroupWait      string     `json:"group_wait"`
	GroupInterval  string     `json:"group_interval"`
	RepeatInterval string     `json:"repeat_interval"`
	Routes         []Route
}

// Policy returns the root of the notification policies.
func (s *Server) Policy(ctx context.Context) (Route, error) {
	var root Route
	err := s.call(ctx, http.MethodGet, "/api/v1/provisioning/policies", nil, &root)
	return root, err
}

// A Dashboard is an entry in the list of dashboards.
type Dashboard struct {
	UID         string
	Title       string
	FolderTitle string
}

// Dashboards returns all dashboards, by title.
func (s *Server) Dashboards(ctx context.Context) ([]Dashboard, error) {
	var list []Dashboard
	err := s.call(ctx, http.MethodGet, "/api/search?type=dash-db", nil, &list)
	return list, err
}

// CheckDatasource has Grafana check the data source of that uid. The error has
// Grafana's own message.
func (s *Server) CheckDatasource(ctx context.Context, uid string) error {
	return s.call(ctx, http.MethodGet, "/api/datasources/uid/"+url.PathEscape(uid)+"/health", nil, nil)
}

// Query has Grafana query the data source of that uid as an alert rule would,
// and returns the value of the first series, or false if there is none.
func (s *Server) Query(ctx context.Context, uid, expression string) (float64, bool, error) {
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	path := "/api/datasources/proxy/uid/" + url.PathEscape(uid) + "/api/v1/query?query=" + url.QueryEscape(expression)
	if err := s.call(ctx, http.MethodGet, path, nil, &answer); err != nil || len(answer.Data.Result) == 0 {
		return 0, false, err
	}
	var value float64
	if _, err := fmt.Sscan(fmt.Sprint(answer.Data.Result[0].Value[1]), &value); err != nil {
		return 0, false, fmt.Errorf("read the answer to %s: %w", expression, err)
	}
	return value, true, nil
}

// SendTest has Grafana send a test notification through its own copy of a
// webhook to this address, as users do with the button "Test".
func (s *Server) SendTest(ctx context.Context, address, token string) error {
	type object = map[string]any
	return s.call(ctx, http.MethodPost, "/api/alertmanager/grafana/config/api/v1/receivers/test", object{
		"receivers": []object{{
			"name": "test",
			"grafana_managed_receiver_configs": []object{{
				"name": "test", "type": "webhook", "disableResolveMessage": true,
				"settings": object{
					"url": address, "httpMethod": http.MethodPost,
					"authorization_scheme": "Bearer", "authorization_credentials": token,
				},
			}},
		}},
	}, nil)
}

// call calls the API as the administrator. The error never contains the
// password.
func (s *Server) call(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("call grafana %s: %w", path, err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, content)
	if err != nil {
		return fmt.Errorf("call grafana %s: %w", path, err)
	}
	request.SetBasicAuth(User, s.password)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("call grafana: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of grafana to %s: %w", path, err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("call grafana %s: status %d: %s", path, response.StatusCode, text[:min(len(text), maxQuote)])
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("decode the answer of grafana to %s: %w", path, err)
	}
	return nil
}
