package console_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
)

// A hostile name is one that a page must not take for markup.
const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>`

func TestConsole(t *testing.T) {
	b := startBrowser(t)
	cloud := startCloud(t)
	pool, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2})
	require.NoError(t, err)
	_, err = cloud.CreateBalancer(t.Context(), fakecloud.Service{Name: "front", Pool: pool, Port: 80, TargetPort: process.LoadPort})
	require.NoError(t, err)
	_, err = cloud.API().Do(t.Context(), http.MethodPost, "/v2/security-group", map[string]string{"name": hostile})
	require.NoError(t, err)

	t.Run("the token leads in", func(t *testing.T) {
		b.run(t, chromedp.Navigate(cloud.Connection().URL+"/console/"))
		assert.Contains(t, evaluate[string](t, b, "document.body.innerText"), "needs its token")
		b.take() // the browser notes the status
		b.run(t, chromedp.Navigate(cloud.Connection().Console), chromedp.WaitVisible(chromedp.CSS("#pools")))
		assert.Equal(t, "/console/", evaluate[string](t, b, "location.pathname + location.search"))
	})
	t.Run("outside bytes are text", func(t *testing.T) {
		assert.Contains(t, evaluate[string](t, b, `document.getElementById("groups").innerText`), hostile)
		assert.Zero(t, evaluate[int](t, b, `document.querySelectorAll("main img, main script").length`))
	})
	t.Run("what changes is shown", func(t *testing.T) {
		evaluate[bool](t, b, `document.querySelector("#cost-lines").open = window.stayed = true`)
		require.NoError(t, cloud.API().SetPoolSize(pool, 3))
		await(t, b, `document.querySelectorAll("#pools .chips li").length === 3`)
		await(t, b, `document.querySelectorAll("#pools .chips [data-state=running]").length === 3`)
		assert.True(t, evaluate[bool](t, b, `window.stayed && document.querySelector("#cost-lines").open`), "without loading the page anew")
		assert.Contains(t, evaluate[string](t, b, `document.getElementById("cost").innerText`), "0.0522 EUR")
	})
	t.Run("traffic and health", func(t *testing.T) {
		if cloud.PortFor(80) == 80 && evaluate[int](t, b, `document.querySelectorAll("#balancers .members li").length`) == 0 {
			t.Skip("machines of this system do not answer")
		}
		await(t, b, `document.querySelectorAll("#balancers [data-state=success]").length === 3`)
		visit(t, cloud)
		await(t, b, `document.querySelector("#balancers").innerText.includes("1 in all")`)
	})
	t.Run("faults are switched on and off", func(t *testing.T) {
		b.run(t,
			chromedp.SetValue(chromedp.CSS(`#faults select[name=name]`), "latency"), chromedp.SetValue(chromedp.CSS(`#faults select[name=operation]`), "list-instances"),
			chromedp.SetValue(chromedp.CSS(`#faults input[name=count]`), "3"), chromedp.SetValue(chromedp.CSS(`#faults input[name=duration]`), "20ms"),
			chromedp.Submit(chromedp.CSS(`#faults form.fields`)), chromedp.WaitVisible(chromedp.CSS(`#remove-1`)))
		assert.Equal(t, []exoapi.Fault{{Name: "latency", Operation: "list-instances", Count: 3, Duration: 20e6}}, cloud.API().Faults().List())
		evaluate[int](t, b, `document.getElementById("remove-1").click(), 1`) // in one step: the page may replace the button meanwhile
		b.run(t, chromedp.WaitNotPresent(chromedp.CSS(`#remove-1`)))
		assert.Empty(t, cloud.API().Faults().List())
		b.take() // no complaint so far, or it was of the pages before
		b.run(t, chromedp.SetValue(chromedp.CSS(`#faults select[name=name]`), "latency"), chromedp.Submit(chromedp.CSS(`#faults form.fields`)), chromedp.WaitVisible(chromedp.CSS(`.refused`)))
		assert.Contains(t, evaluate[string](t, b, `document.querySelector(".refused").innerText`), "a duration is needed")
		b.take() // the browser notes the status of the refusal
		b.run(t, chromedp.Navigate(cloud.Connection().URL+"/console/"))
	})
	t.Run("time passes faster", func(t *testing.T) {
		if runtime.GOOS == "linux" {
			assert.Contains(t, evaluate[string](t, b, `document.getElementById("time").innerText`), "the machines really run")
			assert.False(t, evaluate[bool](t, b, `!!document.querySelector("#time form")`))
		}
		paper, err := fakecloud.Start(t.Context(), fakecloud.Config{})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, paper.Close()) })
		b.run(t, chromedp.Navigate(paper.Connection().Console), chromedp.WaitVisible(chromedp.CSS("#time")),
			chromedp.SetValue(chromedp.CSS(`#time input[name=speed]`), "600"), chromedp.Submit(chromedp.CSS(`#time form`)),
			chromedp.WaitVisible(chromedp.CSS(`#pace [data-speed="600"]`)))
		assert.Contains(t, evaluate[string](t, b, `document.querySelector("#clock").innerText`), "600×")
		assert.InDelta(t, 600, paper.API().Speed(), 0)
		await(t, b, `/up .*, .* of its time/.test(document.querySelector("#clock").innerText)`)
		require.NoError(t, paper.API().SetSpeed(20))
		await(t, b, `document.querySelector("#pace strong").innerText === "20"`)
		looks(t, b, "clock")
		b.run(t, chromedp.Navigate(cloud.Connection().Console), chromedp.WaitVisible(chromedp.CSS("#pools")))
	})
	t.Run("looks", func(t *testing.T) { looks(t, b, "overview") })
	t.Run("an instance", func(t *testing.T) {
		b.run(t, chromedp.Click(chromedp.CSS(`#instances tbody a`)), chromedp.WaitVisible(chromedp.CSS(`#boot`)))
		assert.Contains(t, evaluate[string](t, b, `document.getElementById("boot").innerText`), "do not boot")
		looks(t, b, "instance")
	})
	assert.Empty(t, b.take(), "what the browser complained about")
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

// looks checks a page in both themes, wide and narrow.
func looks(t *testing.T, b *browser, name string) {
	t.Helper()
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			view := fmt.Sprintf("%s-%s-%d", name, theme, width)
			b.run(t,
				chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
					_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
						Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
					})
					return err
				}),
				chromedp.EmulateViewport(width, 800))
			assert.LessOrEqual(t, evaluate[int64](t, b, "document.documentElement.scrollWidth"), width, "%s: nothing is cut off", view)
			assert.Empty(t, evaluate[[]string](t, b, faintText), "%s: text that can hardly be read", view)
			if *axeFile != "" {
				askAxe(t, b, view)
			}
			if *screenshots != "" {
				picture := result(t, b, chromedp.FullScreenshot(100))
				require.NoError(t, os.WriteFile(filepath.Join(*screenshots, view+".png"), picture, 0o600))
			}
		}
	}
	assert.Empty(t, nameless(t, b), "%s: what one can use has a name", name)
}

// faintText lists texts whose contrast with what is behind them is below 4.5.
const faintText = `(() => {
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !e.checkVisibility()) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(texts.currentNode.data.trim());
  }
  return faint;
})()`

// nameless returns the roles of what can be used but has no name, as assistive
// programs see the page.
func nameless(t *testing.T, b *browser) (roles []string) {
	t.Helper()
	tree := result(t, b, func(ctx context.Context, tab *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, tab, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	require.NotEmpty(t, tree.Nodes)
	for _, n := range tree.Nodes {
		switch role := word(n.Role); role {
		case "link", "button", "textbox", "combobox", "region", "meter":
			if !n.Ignored && word(n.Name) == "" {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

func word(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	return strings.Trim(string(v.Value), `"`)
}

// askAxe asks axe-core about a page.
func askAxe(t *testing.T, b *browser, view string) {
	t.Helper()
	source, err := os.ReadFile(*axeFile)
	require.NoError(t, err)
	evaluate[int](t, b, string(source)+";0")
	assert.Empty(t, evaluate[[]string](t, b,
		`axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" | ")))`),
		"%s: violations that axe finds", view)
}
