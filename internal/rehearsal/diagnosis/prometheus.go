package diagnosis

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	prometheusPort = 9090
	askTimeout     = 5 * time.Second
	maxAnswer      = 4 << 20
)

// A target is what Prometheus says of one that it scrapes.
type target struct {
	DiscoveredLabels map[string]string `json:"discoveredLabels"`
	Labels           map[string]string `json:"labels"`
	Health           string            `json:"health"`
	LastError        string            `json:"lastError"`
}

// monitoring looks at Prometheus' targets, and then at who resizes the pool.
func (e *Examiner) monitoring(ctx context.Context, patients []patient) []finding {
	at := slices.IndexFunc(patients, func(p patient) bool { return p.PoolID == "" })
	if at < 0 {
		return nil
	}
	p := patients[at]
	targets, err := e.targets(ctx, p.Address)
	if err != nil {
		return nil // then its machine has a finding, or the line is about something else
	}
	if found := e.targetProblems(ctx, p, targets); len(found) > 0 {
		return found
	}
	return e.scalingProblems(ctx, p)
}

// targetProblems says which members Prometheus does not see, and why.
func (e *Examiner) targetProblems(ctx context.Context, p patient, targets []target) (found []finding) {
	var members, unknown []string
	for _, i := range e.cfg.Account.Instances() {
		if i.PoolID != "" && i.Address.IsValid() && i.State == "running" {
			members = append(members, i.Address.String())
		}
	}
	known := map[string]bool{}
	for _, t := range targets {
		address := t.DiscoveredLabels["__address__"]
		host, port, _ := strings.Cut(address, ":")
		if !slices.Contains(members, host) {
			if ip, err := netip.ParseAddr(host); err == nil && !ip.IsLoopback() && ip != p.Address {
				unknown = append(unknown, address)
			}
			continue
		}
		known[host] = true
		instance, _, _ := strings.Cut(t.Labels["instance"], ":")
		switch {
		case t.Health == "down":
			found = append(found, scrapeProblem(address, port, t.LastError))
		case instance != host:
			found = append(found, finding{
				fmt.Sprintf("Prometheus gives %s the label instance=%q", address, t.Labels["instance"]),
				"leave the label instance as it is, IP:PORT: remove the relabelling or the label from the targets file",
			})
		}
	}
	for _, m := range members {
		if known[m] {
			continue
		}
		f := finding{seen: "Prometheus has no target for the member " + m, do: e.sourceOfTargets(ctx, p)}
		if len(unknown) > 0 {
			f.seen += "; it has " + strings.Join(unknown[:min(len(unknown), 3)], ", ")
		}
		found = append(found, f)
	}
	return found
}

func scrapeProblem(address, port, reason string) finding {
	f := finding{seen: fmt.Sprintf("Prometheus cannot scrape %s: %s", address, reason)}
	switch {
	case strings.Contains(reason, "refused"):
		f.do = "start the node exporter on port " + port + " of the members, or let the discovery's TARGET_PORT be its port"
	case strings.Contains(reason, "deadline exceeded"), strings.Contains(reason, "timeout"), strings.Contains(reason, "no route"):
		f.do = "add an ingress rule for TCP " + port + " to the members' security group, from the group of the monitoring machine"
	default:
		f.do = "let port " + port + " of the members be that of a node exporter, which answers /metrics"
	}
	return f
}

var filesPattern = regexp.MustCompile(`(?m)^\s*- files:\s*\n\s*- (\S+)`)

// sourceOfTargets says where Prometheus has its targets from, and what to look at.
func (e *Examiner) sourceOfTargets(ctx context.Context, p patient) string {
	var answer struct {
		Data struct{ YAML string }
	}
	if e.ask(ctx, p.Address, "/api/v1/status/config", &answer) == nil {
		if files := filesPattern.FindStringSubmatch(answer.Data.YAML); files != nil {
			return fmt.Sprintf("let the discovery write %s as Prometheus sees it: mount the same folder (not the file, which is replaced) into both containers", files[1])
		}
		if !strings.Contains(answer.Data.YAML, "_sd_configs") {
			return "configure file_sd_configs with the file that the discovery writes: its targets are fixed"
		}
	}
	return "look at what the discovery writes, and whether it runs"
}

// scalingProblems says why nobody makes the pool bigger.
func (e *Examiner) scalingProblems(ctx context.Context, p patient) []finding {
	caller := e.cfg.Account.Callers()[p.Address]
	if e.cfg.Untrusting != nil && caller.Calls == 0 {
		if hosts := e.cfg.Untrusting(); len(hosts) > 0 {
			return []finding{{
				"a program connected to " + hosts[0] + " and does not trust its certificate",
				"let it use the machine's certificates: mount /etc/ssl/certs into its container, and do not replace them",
			}}
		}
	}
	switch {
	case caller.Calls == 0:
		return []finding{{
			p.named("it has never called the API: neither discovery nor autoscaler does anything there"),
			"start them there, and do not fix the API's address; a container needs the machine's certificates and DNS",
		}}
	case caller.Operations["scale-instance-pool"] > 0:
		return nil
	}
	seen := p.named("it calls the API, but has never resized the pool: its autoscaler got no webhook")
	if average, ok := e.average(ctx, p.Address); ok {
		seen += fmt.Sprintf(", at an average CPU use of %.0f %%", average)
	}
	return []finding{{seen, "let Grafana's alert above 80 % post to http://AUTOSCALER:LISTEN_PORT/up as seen from Grafana's container (not localhost), evaluated each minute or more often"}}
}

const averageQuery = `100 * avg(sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[1m])) / sum by (instance) (rate(node_cpu_seconds_total[1m])))`

func (e *Examiner) average(ctx context.Context, at netip.Addr) (float64, bool) {
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if e.ask(ctx, at, "/api/v1/query?query="+url.QueryEscape(averageQuery), &answer) != nil || len(answer.Data.Result) != 1 {
		return 0, false
	}
	var value float64
	text, _ := answer.Data.Result[0].Value[1].(string)
	_, err := fmt.Sscan(text, &value)
	return value, err == nil
}

func (e *Examiner) targets(ctx context.Context, at netip.Addr) ([]target, error) {
	var answer struct {
		Data struct {
			ActiveTargets []target `json:"activeTargets"`
		} `json:"data"`
	}
	err := e.ask(ctx, at, "/api/v1/targets?state=active", &answer)
	return answer.Data.ActiveTargets, err
}

// ask decodes what Prometheus answers.
func (e *Examiner) ask(ctx context.Context, at netip.Addr, path string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+netip.AddrPortFrom(at, prometheusPort).String()+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := e.cfg.Transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", path, resp.StatusCode)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer)
}
