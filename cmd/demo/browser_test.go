package main

import (
	"flag"
	"os"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/browsertest"
)

var (
	update      = flag.Bool("update", false, "take the picture of the README anew")
	screenshots = flag.String("screenshots", "", "folder for pictures of the page")
	axeFile     = flag.String("axe", "", "axe-core's axe.min.js, to be asked about the page as well")
)

// picture is the one that the README shows.
const picture = "../../docs/images/demo.png"

// A user drives the whole demo on its page.
func TestTheDemoInABrowser(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	demo := start(t, t.TempDir(), "-interactive")
	b.Do(t, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(demo.page(t)))
	phase := func(name string) string {
		return `document.querySelector("[aria-current=step]")?.innerText === "` + name + `"`
	}
	events := func(text string) []string {
		return browsertest.Evaluate[[]string](t, b, `[...document.querySelectorAll(".event p")].map((e) => e.innerText).filter((e) => e.includes("`+text+`"))`)
	}

	b.Await(t, phase("ready"))
	drag(t, b, 1)
	b.Await(t, phase("load on"))
	b.Await(t, `[...document.querySelectorAll(".event p")].some((e) => e.innerText.includes("clients send"))`)
	assert.Equal(t, []string{"10 clients send requests in parallel"}, events("send"), "one drag is one event")
	b.Await(t, phase("holding"))
	b.Await(t, `document.querySelectorAll(".member[data-state=healthy]").length >= 3 && `+phase("holding"))
	if *update {
		b.Await(t, `/^[12]?[0-9]?[0-9] ms$/.test(document.getElementById("p95").innerText)`)
		require.NoError(t, os.WriteFile(picture, b.Visible(t), 0o600))
	}

	name := browsertest.Evaluate[string](t, b, `document.querySelector(".member:last-child h3").title`)
	b.Do(t, chromedp.Click(chromedp.CSS(".member:last-child .kill")))
	b.Await(t, `[...document.querySelectorAll(".event p")].some((e) => e.innerText.includes("you deleted"))`)
	assert.Equal(t, []string{"you deleted " + name + ", and the autoscaler was not told"}, events("you deleted"))
	b.Await(t, `![...document.querySelectorAll(".member h3")].some((e) => e.title === "`+name+`")`)

	browsertest.Looks{
		Sizes: []browsertest.Size{{Width: 1440, Height: 900}, {Width: 390, Height: 800}}, Screenshots: *screenshots, Axe: *axeFile,
	}.Check(t, b, "running")
	b.Do(t, chromedp.EmulateViewport(1440, 900))
	assert.LessOrEqual(t, browsertest.Evaluate[int](t, b, "document.documentElement.scrollHeight"), 900)

	b.Do(t, chromedp.Click(chromedp.CSS("#none")))
	b.Await(t, phase("load off"))
	require.NoError(t, demo.Process.Signal(syscall.SIGTERM))
	b.Await(t, `document.getElementById("link").innerText === "ended"`)
	assert.Contains(t, browsertest.Evaluate[string](t, b, `document.getElementById("notice").innerText`), "The demo has ended")
	assert.Equal(t, "false", browsertest.Evaluate[string](t, b, "document.body.dataset.live"))
	demo.await(t, "20x speed")
	require.NoError(t, demo.Wait())
	assert.Empty(t, b.TakeComplaints(), "what the browser complained about")
}

// drag drags the slider from where it is to a part of its width, as a hand would.
func drag(t *testing.T, b *browsertest.Browser, part float64) {
	t.Helper()
	box := browsertest.Evaluate[map[string]float64](t, b, `document.getElementById("slider").getBoundingClientRect().toJSON()`)
	value := browsertest.Evaluate[float64](t, b, `Number(document.getElementById("slider").value) / Number(document.getElementById("slider").max)`)
	y := box["y"] + box["height"]/2
	x := func(part float64) float64 { return box["x"] + 8 + part*(box["width"]-16) }
	b.Do(t, chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x(value), y, chromedp.ButtonLeft))
	for step := range 20 {
		b.Do(t, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x(value+(part-value)*float64(step+1)/20), y, chromedp.ButtonLeft))
	}
	b.Do(t, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x(part), y, chromedp.ButtonLeft))
}
