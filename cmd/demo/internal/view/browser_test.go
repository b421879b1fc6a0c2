package view_test

import (
	"context"
	"flag"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/browsertest"
)

var (
	screenshots = flag.String("screenshots", "", "folder for pictures of the page")
	axeFile     = flag.String("axe", "", "axe-core's axe.min.js, to be asked about the page as well")
)

func looks() browsertest.Looks {
	return browsertest.Looks{
		Sizes:       []browsertest.Size{{Width: 1440, Height: 900}, {Width: 1024, Height: 768}, {Width: 390, Height: 800}},
		Screenshots: *screenshots, Axe: *axeFile,
	}
}

// full is a pool of the largest size, in all its states, as a user drives it.
func full() view.Snapshot {
	s := busy()
	s.Addresses.App = "http://127.77.128.1"
	s.Settings.Interactive, s.Settings.Max, s.Awaits = true, 5, "a new member to boot"
	s.Pool = view.Pool{Wanted: 5}
	for i, state := range []view.MemberState{view.MemberHealthy, view.MemberUnhealthy, view.MemberBooting, view.MemberStarting, view.MemberLeaving} {
		s.Pool.Members = append(s.Pool.Members, view.Member{
			Name: "web-f04b8-2ccm" + string(rune('a'+i)), Address: "127.77.0.10", State: state, CPU: new(20.0 * float64(i)), Age: 61,
		})
	}
	return s
}

// open shows the page of a hub.
func open(t *testing.T, hub *view.Hub, controls view.Controls) (*browsertest.Browser, *httptest.Server) {
	t.Helper()
	b := browsertest.Start(t)
	server := httptest.NewServer(view.NewPage(hub, controls, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	t.Cleanup(hub.Close)
	b.Do(t, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(server.URL))
	b.Await(t, `document.getElementById("link").textContent === "live"`)
	return b, server
}

func TestThePageInABrowser(t *testing.T) {
	hub := story()
	hub.Publish(full())
	var refuses atomic.Bool
	refuses.Store(true)
	b, _ := open(t, hub, view.Controls{
		MaxClients: 20,
		SetClients: func(context.Context, int) error {
			if refuses.Load() {
				return assert.AnError
			}
			return nil
		},
		Kill: func(context.Context, string) error { return nil },
	})
	text := func(t *testing.T, id string) string {
		t.Helper()
		return browsertest.Evaluate[string](t, b, `document.getElementById("`+id+`").innerText`)
	}

	t.Run("it fits", func(t *testing.T) {
		header := func(awaits string) int {
			return browsertest.Evaluate[int](t, b, `(document.getElementById("awaits").textContent = "`+awaits+`", document.querySelector("header").offsetHeight)`)
		}
		assert.Equal(t, header(""), header("waiting for the average CPU to stay below 80 % for a turn"), "one line")
		header("waiting for a new member to boot")
		assert.LessOrEqual(t, browsertest.Evaluate[int](t, b, "document.documentElement.scrollHeight"), 900)
	})
	t.Run("names show the part that differs", func(t *testing.T) {
		assert.Equal(t, []string{"2ccma", "2ccmb", "2ccmc", "2ccmd", "2ccme"}, browsertest.Evaluate[[]string](t, b,
			`[...document.querySelectorAll(".member .own")].filter((e) => e.scrollWidth <= e.offsetWidth).map((e) => e.innerText)`))
		assert.Empty(t, browsertest.Evaluate[[]string](t, b, `[...document.querySelectorAll(".member .kill")].filter((k) => {
			const [own, button] = [k.parentElement.querySelector(".own"), k].map((e) => e.getBoundingClientRect());
			return !k.hidden && (own.right > button.left || button.right > k.closest(".card").getBoundingClientRect().right);
		}).map((k) => k.getAttribute("aria-label"))`), "buttons that cover names")
	})
	t.Run("phases are those of this run", func(t *testing.T) {
		assert.Equal(t, []string{"starting", "ready", "load on", "holding", "load off"}, browsertest.Evaluate[[]string](t, b,
			`[...document.querySelectorAll("#phases li")].filter((e) => e.checkVisibility()).map((e) => e.innerText)`))
		assert.Equal(t, "load on", browsertest.Evaluate[string](t, b, `document.querySelector("[aria-current=step]").innerText`))
		assert.Equal(t, "waiting for a new member to boot", text(t, "awaits"))
	})
	t.Run("buttons say the number that they set", func(t *testing.T) {
		assert.Equal(t, []string{"0 clients", "20 clients"}, []string{text(t, "none"), text(t, "all")})
	})
	t.Run("the crosshair shows the past", func(t *testing.T) {
		legend := `document.querySelector("#chart-rps .values").innerText`
		assert.Contains(t, browsertest.Evaluate[string](t, b, legend), "now")
		move := `document.querySelector("#chart-rps svg").dispatchEvent(new PointerEvent(%s, {clientX: 300, clientY: 800}))`
		browsertest.Evaluate[bool](t, b, replace(move, `"pointermove"`))
		assert.Contains(t, browsertest.Evaluate[string](t, b, legend), "then")
		assert.NotContains(t, browsertest.Evaluate[string](t, b, legend), "now")
		browsertest.Evaluate[bool](t, b, replace(move, `"pointerleave"`))
		assert.Contains(t, browsertest.Evaluate[string](t, b, legend), "now")
	})
	t.Run("an error that is over goes away", func(t *testing.T) {
		b.Do(t, chromedp.Click(chromedp.CSS("#all")))
		b.Await(t, `document.getElementById("refused").innerText !== ""`)
		b.TakeComplaints() // the browser notes the status of the refusal
		refuses.Store(false)
		b.Do(t, chromedp.Click(chromedp.CSS("#none")))
		b.Await(t, `document.getElementById("refused").innerText === ""`)
	})
	t.Run("the keyboard moves the slider", func(t *testing.T) {
		b.Do(t, chromedp.Focus(chromedp.CSS("#slider")), chromedp.KeyEvent(kb.ArrowRight))
		b.Await(t, `document.getElementById("wish").innerText === "1 client"`)
	})
	t.Run("nothing moves for those who do not want it", func(t *testing.T) {
		moving := `document.getAnimations().filter((a) => a.playState === "running").length`
		b.SetMedia(t, map[string]string{"prefers-reduced-motion": "no-preference"})
		assert.Positive(t, browsertest.Evaluate[int](t, b, moving))
		b.SetMedia(t, map[string]string{"prefers-reduced-motion": "reduce"})
		b.Await(t, moving+" === 0")
	})
	t.Run("it can be read and used", func(t *testing.T) {
		assert.Zero(t, browsertest.Evaluate[int](t, b, `document.querySelectorAll("ol[role], ul[role]").length`), "a list with another role is none")
		looks().Check(t, b, "demo")
		b.Do(t, chromedp.EmulateViewport(1440, 900))
	})
	t.Run("it says that the demo has ended", func(t *testing.T) {
		hub.Close()
		b.Await(t, `document.getElementById("link").textContent === "ended"`)
		assert.Contains(t, text(t, "notice"), "The demo has ended at 0:34")
		assert.True(t, browsertest.Evaluate[bool](t, b, `document.querySelector("#slider").matches(":disabled")`))
		assert.Equal(t, "none", browsertest.Evaluate[string](t, b, `getComputedStyle(document.getElementById("wire")).animationName`), "no traffic")
		assert.Zero(t, browsertest.Evaluate[int](t, b, `[...document.querySelectorAll(".kill")].filter((e) => e.checkVisibility()).length`))
		assert.False(t, browsertest.Evaluate[bool](t, b, `document.getElementById("app").checkVisibility()`), "there is nothing to open any more")
		assert.LessOrEqual(t, browsertest.Evaluate[int](t, b, "document.documentElement.scrollHeight"), 900)
		looks().Check(t, b, "ended")
	})
	assert.Empty(t, b.TakeComplaints(), "what the browser complained about")
}

func TestThePageOfADemoThatWasKilled(t *testing.T) {
	b, server := open(t, story(), view.Controls{})

	server.CloseClientConnections()
	server.Listener.Close()

	b.Await(t, `document.getElementById("notice").innerText.includes("trying again, 1 of 5")`)
	assert.Equal(t, "false", browsertest.Evaluate[string](t, b, `document.body.dataset.live`), "no live traffic is pretended")
	b.Await(t, `document.getElementById("notice").innerText.includes("does not answer any more")`)
	b.Do(t, chromedp.Click(chromedp.CSS("#again")))
	b.Await(t, `document.getElementById("notice").innerText.includes("trying again")`)
}

func replace(text, with string) string { return strings.Replace(text, "%s", with, 1) }
