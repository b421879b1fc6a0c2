package view_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// person records what the page's controls ask for.
type person struct {
	commands []any
	err      error
}

func (p *person) controls() view.Controls {
	return view.Controls{
		MaxClients: 20,
		SetClients: func(_ context.Context, n int) error {
			p.commands = append(p.commands, n)
			return p.err
		},
		Kill: func(_ context.Context, name string) error {
			p.commands = append(p.commands, name)
			return p.err
		},
	}
}

func newPage(c view.Controls) http.Handler {
	hub := view.NewHub()
	hub.Publish(busy())
	return view.NewPage(hub, c, slog.New(slog.DiscardHandler))
}

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8480"+path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestCommands(t *testing.T) {
	for name, c := range map[string]struct {
		path, body string
		status     int
		command    any
	}{
		"some load":          {"/api/load", `{"clients": 7}`, 202, 7},
		"no load":            {"/api/load", `{"clients": 0}`, 202, 0},
		"all the load":       {"/api/load", `{"clients": 20}`, 202, 20},
		"too much load":      {"/api/load", `{"clients": 21}`, 422, nil},
		"negative load":      {"/api/load", `{"clients": -1}`, 422, nil},
		"half a client":      {"/api/load", `{"clients": 1.5}`, 400, nil},
		"no number":          {"/api/load", `{}`, 422, nil},
		"unknown field":      {"/api/load", `{"clients": 1, "seconds": 2}`, 400, nil},
		"no JSON":            {"/api/load", `clients=1`, 400, nil},
		"two values":         {"/api/load", `{"clients": 1}{"clients": 2}`, 400, nil},
		"empty":              {"/api/load", ``, 400, nil},
		"a very long body":   {"/api/load", `{"clients": ` + strings.Repeat(" ", 5000) + `1}`, 413, nil},
		"a member":           {"/api/kill", `{"member": "web-bbbb"}`, 202, "web-bbbb"},
		"an unknown member":  {"/api/kill", `{"member": "web-zzzz"}`, 422, nil},
		"a nameless member":  {"/api/kill", `{}`, 422, nil},
		"an unknown command": {"/api/grow", `{}`, 404, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var p person
			w := serve(newPage(p.controls()), request("POST", c.path, c.body))
			assert.Equal(t, c.status, w.Code, w.Body)
			if c.command == nil {
				assert.Empty(t, p.commands)
				return
			}
			assert.Equal(t, []any{c.command}, p.commands)
		})
	}
}

func TestOtherWebPagesGiveNoCommands(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"a program":             {func(*http.Request) {}, 202},
		"the page itself":       {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") }, 202},
		"own origin":            {func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:8480") }, 202},
		"localhost":             {func(r *http.Request) { r.Host = "localhost:8480" }, 202},
		"IPv6 loopback":         {func(r *http.Request) { r.Host = "[::1]:8480" }, 202},
		"another loopback":      {func(r *http.Request) { r.Host = "127.1.2.3" }, 202},
		"another site":          {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"another port":          {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		"another origin":        {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		"a sandboxed frame":     {func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		"a rebound name":        {func(r *http.Request) { r.Host = "evil.example:8480" }, 403},
		"a look-alike name":     {func(r *http.Request) { r.Host = "localhost.evil.example" }, 403},
		"an address elsewhere":  {func(r *http.Request) { r.Host = "192.0.2.1:8480" }, 403},
		"no host":               {func(r *http.Request) { r.Host = "" }, 403},
		"a form":                {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		"no content type":       {func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		"a type with a charset": {func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, 202},
		"an image tag":          {func(r *http.Request) { r.Method = "GET" }, 405},
	} {
		t.Run(name, func(t *testing.T) {
			var p person
			r := request("POST", "/api/load", `{"clients": 1}`)
			c.change(r)
			assert.Equal(t, c.status, serve(newPage(p.controls()), r).Code)
			assert.Equal(t, c.status == 202, len(p.commands) == 1)
		})
	}
}

func TestAReboundNameReadsNothing(t *testing.T) {
	for _, path := range []string{"/", "/api/state", "/stream"} {
		r := request("GET", path, "")
		r.Host = "evil.example"
		w := serve(newPage(view.Controls{}), r)
		assert.Equal(t, 403, w.Code, path)
		assert.NotContains(t, w.Body.String(), "web-aaaa")
	}
}

func TestAnOrderThatFailsSaysWhy(t *testing.T) {
	p := person{err: errors.New("the load is played by the script")}
	w := serve(newPage(p.controls()), request("POST", "/api/load", `{"clients": 1}`))
	assert.Equal(t, http.StatusConflict, w.Code)
	assert.JSONEq(t, `{"error": "the load is played by the script"}`, w.Body.String())
}

func TestControlsThatAreNotThere(t *testing.T) {
	h := newPage(view.Controls{})
	assert.Equal(t, 404, serve(h, request("POST", "/api/load", `{"clients": 1}`)).Code)
	assert.Equal(t, 404, serve(h, request("POST", "/api/kill", `{"member": "web-aaaa"}`)).Code)
	assert.JSONEq(t, `{"load": false, "kill": false, "max_clients": 0}`, serve(h, request("GET", "/api/controls", "")).Body.String())
}

func TestState(t *testing.T) {
	w := serve(newPage(view.Controls{}), request("GET", "/api/state", ""))
	var u view.Update
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &u))
	want := busy()
	assert.Equal(t, &want, u.Snapshot, "nothing is lost on the way through JSON")
	assert.Len(t, u.Points, 1)
}

var foreign = regexp.MustCompile(`(?i)(src|href)="(?:https?:)?//|url\(|@import|<style|\son[a-z]+=|\sstyle=|<script>`)

func TestThePageNeedsNothingFromElsewhere(t *testing.T) {
	h := newPage(view.Controls{})
	for path, kind := range map[string]string{
		"/": "text/html", "/app.js": "text/javascript", "/chart.js": "text/javascript", "/commands.js": "text/javascript",
		"/dom.js": "text/javascript", "/graphs.js": "text/javascript", "/link.js": "text/javascript",
		"/members.js": "text/javascript", "/notice.js": "text/javascript",
		"/style.css": "text/css", "/icon.svg": "image/svg+xml",
	} {
		w := serve(h, request("GET", path, ""))
		require.Equal(t, 200, w.Code, path)
		assert.Contains(t, w.Header().Get("Content-Type"), kind)
		csp := w.Header().Get("Content-Security-Policy")
		assert.Contains(t, csp, "default-src 'none'")
		assert.Contains(t, csp, "frame-ancestors 'none'")
		assert.NotContains(t, csp, "unsafe")
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
		assert.Empty(t, foreign.FindString(w.Body.String()), path)
	}
	assert.Equal(t, 404, serve(h, request("GET", "/static/index.html", "")).Code)
}

func TestTheStreamTellsNewsAndEndsWithTheHub(t *testing.T) {
	hub := view.NewHub()
	hub.Publish(busy())
	server := httptest.NewServer(view.NewPage(hub, view.Controls{}, slog.New(slog.DiscardHandler)))
	defer server.Close()
	res, err := server.Client().Get(server.URL + "/stream")
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))

	lines := bufio.NewScanner(res.Body)
	next := func() (name string, u view.Update) {
		for lines.Scan() && lines.Text() != "" {
			if v, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				require.NoError(t, json.Unmarshal([]byte(v), &u))
			}
		}
		return name, u
	}
	name, u := next()
	assert.Equal(t, "update", name)
	assert.True(t, u.First)
	assert.Len(t, u.Snapshot.Pool.Members, 3)

	hub.Emit(view.Event{Text: "news\n\nevent: end"})
	name, u = next()
	assert.Equal(t, "update", name)
	assert.False(t, u.First)
	require.Len(t, u.Events, 1)
	assert.Equal(t, "news\n\nevent: end", u.Events[0].Text, "text cannot forge a message")

	hub.Close()
	for name == "update" {
		name, _ = next()
	}
	assert.Equal(t, "end", name)
	assert.False(t, lines.Scan(), "the connection is closed")
}

// stalled is a browser that accepts nothing until it is released.
type stalled struct {
	*httptest.ResponseRecorder
	release chan struct{}
}

func (s stalled) Write(b []byte) (int, error) {
	<-s.release
	return s.ResponseRecorder.Write(b)
}

func TestASlowBrowserHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := view.NewHub()
		h := view.NewPage(hub, view.Controls{}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		slow := stalled{httptest.NewRecorder(), make(chan struct{})}
		fast := httptest.NewRecorder()
		go h.ServeHTTP(slow, request("GET", "/stream", "").WithContext(ctx))
		go h.ServeHTTP(fast, request("GET", "/stream", "").WithContext(ctx))
		synctest.Wait()
		for i := range 1000 {
			hub.Publish(at(float64(i) / 5))
			synctest.Wait()
		}
		assert.Equal(t, 1001, strings.Count(fast.Body.String(), "event: update"), "the first answer and each snapshot")
		close(slow.release)
		synctest.Wait()
		assert.Equal(t, 2, strings.Count(slow.Body.String(), "event: update"), "what it missed comes in one piece")
		assert.Contains(t, slow.Body.String(), `"seconds":199.8`)
		cancel()
		synctest.Wait()
	})
}

func TestASilentStreamIsKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newPage(view.Controls{})
		ctx, cancel := context.WithCancel(t.Context())
		w := httptest.NewRecorder()
		go h.ServeHTTP(w, request("GET", "/stream", "").WithContext(ctx))
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.GreaterOrEqual(t, strings.Count(w.Body.String(), ": keepalive"), 3)
		cancel()
		synctest.Wait()
	})
}

func TestABrowserThatStopsReadingIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := view.NewHub()
		client, serverSide := net.Pipe()
		listener := &oneConn{conn: make(chan net.Conn, 1), done: make(chan struct{})}
		listener.conn <- serverSide
		server := &http.Server{Handler: view.NewPage(hub, view.Controls{}, slog.New(slog.DiscardHandler))}
		go func() { _ = server.Serve(listener) }()
		go func() { _, _ = client.Write([]byte("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")) }()
		hub.Publish(busy())
		time.Sleep(time.Minute)
		synctest.Wait()
		_, err := client.Write([]byte("x"))
		assert.Error(t, err, "the server has closed the connection")
		require.NoError(t, server.Close())
		client.Close()
	})
}

type oneConn struct {
	conn chan net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error {
	close(l.done)
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

func TestPageSaysThatItAnswers(t *testing.T) {
	w := serve(newPage(view.Controls{}), request("GET", "/healthz", ""))
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "ok\n", w.Body.String())
}
