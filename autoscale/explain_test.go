package autoscale_test

import (
	"errors"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

func TestADecisionExplainsItself(t *testing.T) {
	t.Parallel()
	w, g := newGuardedWorld(t, 3, autoscale.Guards{UpCooldown: 5 * time.Minute})
	w.loaded(g, 4)
	w.webhook(up, down)
	assert.Equal(t, strings.Join([]string{
		"Turn 2 at 12:02:00 UTC: the pool web stayed at 4 members: the size stays, because it has changed not long ago (cooldown).",
		"4 were asked for, of 1 to 20: 4 serve.",
		"Policy exact: turn 2.",
		"From what was wanted to what was decided: policy 9 (policy-up), rate 4 (cooldown).",
		"Webhooks asked: 1 for more, 1 for fewer.",
		"Guards hold this size until 12:06:00 UTC.",
		"The next turn is at 12:03:00 UTC.",
	}, "\n"), w.loaded(g, 9).Explain())

	g.err = errors.New("no answer")
	w.pool.SetHealth(3, autoscale.Unhealthy)
	w.pool.HideHealth(errors.New("403"))
	w.pause(time.Hour, "we work on it")
	said := w.turn().Explain()
	for _, want := range []string{
		"an operator has paused it (paused).\n", "The load, or a part of it, is not known: no answer.\n",
		"The health of the members is not known: 403.\n", "An operator paused it at 12:02:00 UTC until 13:02:00 UTC: we work on it.\n",
	} {
		assert.Contains(t, said, want)
	}
}

func TestDecisionsExplainWhoGoesAndWhatFails(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 2)
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.webhook(down)
	said := w.turn().Explain()
	assert.Contains(t, said, "the pool web went from 2 to 1 member: a webhook asked for it (step-down).\n")
	assert.Contains(t, said, "2 were asked for, of 1 to 5: 1 serves, 1 is unhealthy.\n")
	assert.Contains(t, said, "Pool-web-1 goes, because it is unhealthy.\n")
	w.pool.FailNext("status", errors.New("502"))
	assert.Contains(t, w.turn().Explain(), "the pool web could not be read or resized: the API did not answer, or with an error (api-error): read pool web: 502.\n")
	w.cfg.DryRun = true
	w.start()
	w.webhook(up)
	assert.Contains(t, w.turn().Explain(), "would have gone from 1 to 2 members, but this is a dry run")
}

// A headline is shown for weeks, beside graphs.
func TestHeadlineLeavesOutWhatDoesNotStayTrue(t *testing.T) {
	t.Parallel()
	w, g := newGuardedWorld(t, 3, autoscale.Guards{UpCooldown: 5 * time.Minute})
	var told []autoscale.Decision
	w.cfg.Decided = func(d autoscale.Decision) { told = append(told, d) }
	w.start()
	d := w.loaded(g, 4)
	assert.Equal(t, []autoscale.Decision{d}, told, "each turn is told")
	assert.Equal(t, "Turn 1 at 12:01:00 UTC: the pool web went from 3 to 4 members: the policy wants it for the load (policy-up).\n"+
		"Policy exact: turn 1.", d.Headline())

	w = newHealthyWorld(t, 2)
	w.webhook(down)
	assert.Equal(t, "Turn 2 at 12:02:00 UTC: the pool web went from 2 to 1 member: a webhook asked for it (step-down).\n"+
		"Pool-web-1 goes, because it is newest.", w.turn().Headline())
}

// TestReasonsMeanWhatTheDocumentationSays, which has links besides.
func TestReasonsMeanWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	links := regexp.MustCompile(`(?:, see )?\[([^\]]*)\]\([^)]*\)`)
	row := regexp.MustCompile("^\\| ((?:`[a-z-]+`(?:, )?)+) \\| (.*?) \\|")
	said := map[string]string{}
	_, table, _ := strings.Cut(string(page), "## Decisions")
	table, _, _ = strings.Cut(table, "## Alerts")
	for line := range strings.Lines(table) {
		if cells := row.FindStringSubmatch(line); cells != nil {
			for name := range strings.SplitSeq(cells[1], ", ") {
				said[strings.Trim(name, "`")] = links.ReplaceAllString(cells[2], "")
			}
		}
	}
	for reason, meaning := range autoscale.Meanings() {
		assert.Equal(t, said[string(reason)], meaning, reason)
	}
	assert.GreaterOrEqual(t, len(autoscale.Meanings()), 40)
	for _, reason := range autoscale.Reasons() {
		assert.Contains(t, autoscale.Meanings(), reason)
	}
}

func TestThePageForPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.PoolName = "<web>" })
	h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{})
	assert.Contains(t, get(t, h, "/").Body.String(), "No turn has ended yet.")
	w.webhook(up)
	w.turn()
	page := get(t, h, "/")
	assert.Equal(t, http.StatusOK, page.Code)
	assert.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
	assert.Contains(t, page.Body.String(), "the pool &lt;web&gt; went from 1 to 2 members: a webhook asked for it (step-up).<br>")
	assert.NotContains(t, page.Body.String(), "<web>")
	protectedPage := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{Token: "open sesame", ProtectAll: true})
	assert.Equal(t, http.StatusUnauthorized, get(t, protectedPage, "/").Code)
}
