package console_test

import (
	"net/http"
	"runtime"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/internal/browsertest"
)

// A hostile name is one that a page must not take for markup.
const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>`

func TestConsole(t *testing.T) {
	b := browsertest.Start(t)
	looks := browsertest.Looks{
		Sizes:       []browsertest.Size{{Width: 1280, Height: 800}, {Width: 390, Height: 800}},
		Screenshots: *screenshots, Axe: *axeFile,
	}
	cloud := startCloud(t)
	pool, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2})
	require.NoError(t, err)
	_, err = cloud.CreateBalancer(t.Context(), fakecloud.Service{Name: "front", Pool: pool, Port: 80, TargetPort: process.LoadPort})
	require.NoError(t, err)
	_, err = cloud.API().Do(t.Context(), http.MethodPost, "/v2/security-group", map[string]string{"name": hostile})
	require.NoError(t, err)

	t.Run("the token leads in", func(t *testing.T) {
		b.Do(t, chromedp.Navigate(cloud.Connection().URL+"/console/"))
		assert.Contains(t, browsertest.Evaluate[string](t, b, "document.body.innerText"), "needs its token")
		b.TakeComplaints() // the browser notes the status
		b.Do(t, chromedp.Navigate(cloud.Connection().Console), chromedp.WaitVisible(chromedp.CSS("#pools")))
		assert.Equal(t, "/console/", browsertest.Evaluate[string](t, b, "location.pathname + location.search"))
	})
	t.Run("outside bytes are text", func(t *testing.T) {
		assert.Contains(t, browsertest.Evaluate[string](t, b, `document.getElementById("groups").innerText`), hostile)
		assert.Zero(t, browsertest.Evaluate[int](t, b, `document.querySelectorAll("main img, main script").length`))
	})
	t.Run("what changes is shown", func(t *testing.T) {
		browsertest.Evaluate[bool](t, b, `document.querySelector("#cost-lines").open = window.stayed = true`)
		require.NoError(t, cloud.API().SetPoolSize(pool, 3))
		b.Await(t, `document.querySelectorAll("#pools .chips li").length === 3`)
		b.Await(t, `document.querySelectorAll("#pools .chips [data-state=running]").length === 3`)
		assert.True(t, browsertest.Evaluate[bool](t, b, `window.stayed && document.querySelector("#cost-lines").open`), "without loading the page anew")
		assert.Contains(t, browsertest.Evaluate[string](t, b, `document.getElementById("cost").innerText`), "0.0608 EUR")
	})
	t.Run("traffic and health", func(t *testing.T) {
		if cloud.PortFor(80) == 80 && browsertest.Evaluate[int](t, b, `document.querySelectorAll("#balancers .members li").length`) == 0 {
			t.Skip("machines of this system do not answer")
		}
		b.Await(t, `document.querySelectorAll("#balancers [data-state=success]").length === 3`)
		visit(t, cloud)
		b.Await(t, `document.querySelector("#balancers").innerText.includes("1 in all")`)
		if *update {
			drawPicture(t, b, cloud)
		}
	})
	t.Run("faults are switched on and off", func(t *testing.T) {
		b.Do(t,
			chromedp.SetValue(chromedp.CSS(`#faults select[name=name]`), "latency"), chromedp.SetValue(chromedp.CSS(`#faults select[name=operation]`), "list-instances"),
			chromedp.SetValue(chromedp.CSS(`#faults input[name=count]`), "3"), chromedp.SetValue(chromedp.CSS(`#faults input[name=duration]`), "20ms"),
			chromedp.Submit(chromedp.CSS(`#faults form.fields`)), chromedp.WaitVisible(chromedp.CSS(`#remove-1`)))
		assert.Equal(t, []exoapi.Fault{{Name: "latency", Operation: "list-instances", Count: 3, Duration: 20e6}}, cloud.API().Faults().List())
		browsertest.Evaluate[int](t, b, `document.getElementById("remove-1").click(), 1`) // in one step: the page may replace the button meanwhile
		b.Do(t, chromedp.WaitNotPresent(chromedp.CSS(`#remove-1`)))
		assert.Empty(t, cloud.API().Faults().List())
		b.TakeComplaints() // no complaint so far, or it was of the pages before
		b.Do(t, chromedp.SetValue(chromedp.CSS(`#faults select[name=name]`), "latency"), chromedp.Submit(chromedp.CSS(`#faults form.fields`)), chromedp.WaitVisible(chromedp.CSS(`.refused`)))
		assert.Contains(t, browsertest.Evaluate[string](t, b, `document.querySelector(".refused").innerText`), "a duration is needed")
		b.TakeComplaints() // the browser notes the status of the refusal
		b.Do(t, chromedp.Navigate(cloud.Connection().URL+"/console/"))
	})
	t.Run("time passes faster", func(t *testing.T) {
		if runtime.GOOS == "linux" {
			assert.Contains(t, browsertest.Evaluate[string](t, b, `document.getElementById("time").innerText`), "the machines really run")
			assert.False(t, browsertest.Evaluate[bool](t, b, `!!document.querySelector("#time form")`))
		}
		paper, err := fakecloud.Start(t.Context(), fakecloud.Config{})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, paper.Close()) })
		b.Do(t, chromedp.Navigate(paper.Connection().Console), chromedp.WaitVisible(chromedp.CSS("#time")),
			chromedp.SetValue(chromedp.CSS(`#time input[name=speed]`), "600"), chromedp.Submit(chromedp.CSS(`#time form`)),
			chromedp.WaitVisible(chromedp.CSS(`#pace [data-speed="600"]`)))
		assert.Contains(t, browsertest.Evaluate[string](t, b, `document.querySelector("#clock").innerText`), "600×")
		assert.InDelta(t, 600, paper.API().Speed(), 0)
		b.Await(t, `/up .*, .* of its time/.test(document.querySelector("#clock").innerText)`)
		require.NoError(t, paper.API().SetSpeed(20))
		b.Await(t, `document.querySelector("#pace strong").innerText === "20"`)
		looks.Check(t, b, "clock")
		b.Do(t, chromedp.Navigate(cloud.Connection().Console), chromedp.WaitVisible(chromedp.CSS("#pools")))
	})
	t.Run("looks", func(t *testing.T) { looks.Check(t, b, "overview") })
	t.Run("an instance", func(t *testing.T) {
		b.Do(t, chromedp.Click(chromedp.CSS(`#instances tbody a`)), chromedp.WaitVisible(chromedp.CSS(`#boot`)))
		assert.Contains(t, browsertest.Evaluate[string](t, b, `document.getElementById("boot").innerText`), "do not boot")
		looks.Check(t, b, "instance")
	})
	assert.Empty(t, b.TakeComplaints(), "what the browser complained about")
}
