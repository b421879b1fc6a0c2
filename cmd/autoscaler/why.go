package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
)

const (
	whyTimeout      = 10 * time.Second
	maxDecisionText = 16 << 20 // bytes of all decisions
)

// whyConfig is what the command why works with.
type whyConfig struct {
	settings.Redacted

	URL   string
	Token string
	Turns int
}

// whyCommand explains what a running autoscaler does.
func whyCommand(getenv func(string) string, out io.Writer) *command.Command {
	set, cfg := declareWhy(getenv)
	inJSON := command.AddJSON(set)
	return &command.Command{
		Set: set, Short: "say in words what a running autoscaler does",
		Run: func(ctx context.Context) error { return cfg.why(ctx, out, *inJSON) },
	}
}

func declareWhy(getenv func(string) string) (*settings.Set, *whyConfig) {
	cfg := &whyConfig{URL: "http://127.0.0.1:8090", Turns: 1}
	set := settings.New("autoscaler why", "autoscaler why says in words what a running autoscaler does: what it sees, what it wants, and what holds it back.", getenv)
	set.ExitCodes = "0, 1 if the autoscaler does not answer, 2 when a setting is wrong."
	settings.Add(set, &cfg.URL, settings.Spec{
		Flag: "url", Env: "AUTOSCALER_URL", Help: "address of the autoscaler",
	}, settings.URL())
	settings.AddSecret(set, &cfg.Token, settings.Spec{
		Flag: "webhook-token-file", Env: "WEBHOOK_TOKEN", Help: "its secret, which it asks for if it runs with -protect-all",
	})
	settings.Add(set, &cfg.Turns, settings.Spec{Flag: "turns", Help: "how many of the last decisions to explain"}, settings.Int(1, 1000))
	return set, cfg
}

// why asks a running autoscaler for its decisions, and explains the last of them.
func (cfg *whyConfig) why(ctx context.Context, out io.Writer, inJSON bool) error {
	ctx, cancel := context.WithTimeout(ctx, whyTimeout)
	defer cancel()
	decisions, err := cfg.decisions(ctx)
	if err != nil {
		return fmt.Errorf("ask the autoscaler at %s: %w", cfg.URL, err)
	}
	decisions = decisions[max(len(decisions)-cfg.Turns, 0):]
	if inJSON {
		return command.WriteJSON(out, append([]autoscale.Decision{}, decisions...)) // a list, also of none
	}
	if len(decisions) == 0 {
		_, err = fmt.Fprintln(out, "No turn has ended yet.")
		return err
	}
	for i, d := range decisions {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if _, err := fmt.Fprintln(out, d.Explain()); err != nil {
			return err
		}
	}
	return nil
}

func (cfg *whyConfig) decisions(ctx context.Context) ([]autoscale.Decision, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.URL+"/decisions", http.NoBody)
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	if cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+cfg.Token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return nil, errors.New("it asks for its token: set WEBHOOK_TOKEN or -webhook-token-file")
	default:
		return nil, fmt.Errorf("it answers %s: is it an autoscaler?", resp.Status)
	}
	var decisions []autoscale.Decision
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxDecisionText)).Decode(&decisions); err != nil {
		return nil, fmt.Errorf("it does not answer with decisions: %w", err)
	}
	return decisions, nil
}
