package serve_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// maximum is how many connections may be open.
const maximum = 64

func TestTheHeadOfARequestMayHave8KiBAndNoMore(t *testing.T) {
	t.Parallel()
	bubble(t, hello, func(s service) {
		head := func(size int) string {
			const frame = "GET / HTTP/1.1\r\nHost: x\r\nX: \r\n\r\n"
			return strings.Replace(frame, "X: ", "X: "+strings.Repeat("a", size-len(frame)), 1)
		}
		c := s.connect("192.0.2.1")
		assert.Equal(s, http.StatusOK, s.ask(c, head(8<<10)))
		assert.Equal(s, http.StatusOK, s.ask(c, head(8<<10)), "each on the same connection")
		assert.Equal(s, http.StatusRequestHeaderFieldsTooLarge, s.ask(s.connect("192.0.2.1"), head(8<<10+1)))
		assert.Equal(s, http.StatusRequestHeaderFieldsTooLarge, s.ask(s.connect("192.0.2.1"), head(60<<10)))
	})
}

func TestSlowHeadTimesOut(t *testing.T) {
	t.Parallel()
	bubble(t, hello, func(s service) {
		c, began := s.connect("192.0.2.1"), time.Now()
		for range 4 { // a byte now and then does not help
			time.Sleep(time.Second)
			_, err := io.WriteString(c, "G")
			require.NoError(s, err)
		}
		assert.True(s, s.isOpen(c))
		require.NoError(s, c.SetReadDeadline(time.Time{}))
		_, err := io.Copy(io.Discard, c)
		require.NoError(s, err, "the server hangs up")
		assert.Equal(s, 5*time.Second, time.Since(began).Round(time.Second))
		synctest.Wait()
		assert.Zero(s, s.metric("test_http_connections"))
	})
}

func TestSlowBodyTimesOut(t *testing.T) {
	t.Parallel()
	bubble(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) }, func(s service) {
		began := time.Now()
		assert.Equal(s, http.StatusOK, s.ask(s.connect("192.0.2.1"), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"))
		assert.Equal(s, 10*time.Second, time.Since(began).Round(time.Second))
	})
}

func TestConnectionsOfOneSourceDisplaceEachOtherOnly(t *testing.T) {
	t.Parallel()
	bubble(t, hello, func(s service) {
		sender := s.connect("192.0.2.1") // keeps its connection
		require.Equal(s, http.StatusOK, s.ask(sender, plainRequest))
		var flood []net.Conn
		for range 3 * maximum {
			flood = append(flood, s.connect("192.0.2.66"))
		}
		assert.EqualValues(s, maximum, s.metric("test_http_connections"))
		assert.EqualValues(s, 2*maximum+1, s.metric("test_http_connections_displaced_total"))
		assert.Equal(s, http.StatusOK, s.ask(sender, plainRequest))
		for _, c := range flood[:2*maximum+1] {
			assert.False(s, s.isOpen(c), "the oldest had to go")
		}
		for _, c := range flood[2*maximum+1:] {
			assert.True(s, s.isOpen(c), "the newest stay")
		}
		other := s.connect("192.0.2.2")
		assert.Equal(s, http.StatusOK, s.ask(other, plainRequest), "others come in")
		assert.Equal(s, http.StatusOK, s.ask(s.connect("192.0.2.66"), plainRequest), "even from the same address")
		assert.Equal(s, http.StatusOK, s.ask(sender, plainRequest))
		assert.EqualValues(s, maximum, s.metric("test_http_connections"))

		time.Sleep(time.Second)
		synctest.Wait()
		assert.LessOrEqual(s, strings.Count(s.log.String(), "too many connections"), 3, "about 200 ms, and one at their end")
		assert.Contains(s, s.log.String(), "source=192.0.2.66/32")
		problems, err := testutil.GatherAndLint(s.registry)
		require.NoError(s, err)
		assert.Empty(s, problems)
	})
}

func TestManySourcesDisplaceTheOneThatWaitsLongest(t *testing.T) {
	t.Parallel()
	bubble(t, hello, func(s service) {
		var all []net.Conn
		for i := range maximum {
			all = append(all, s.connect(fmt.Sprintf("192.0.2.%d", i)))
		}
		require.Equal(s, http.StatusOK, s.ask(all[0], plainRequest), "its wait begins anew")
		s.connect("198.51.100.1")
		assert.True(s, s.isOpen(all[0]))
		assert.False(s, s.isOpen(all[1]))
		assert.True(s, s.isOpen(all[2]))
	})
}

func TestRequestsBeingAnsweredGoLast(t *testing.T) {
	t.Parallel()
	readBody := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			hello(w, r)
		}
	}
	bubble(t, readBody, func(s service) {
		const unfinished = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell"
		begin := func() net.Conn {
			c := s.connect("192.0.2.66")
			_, err := io.WriteString(c, unfinished)
			require.NoError(s, err)
			synctest.Wait()
			return c
		}
		first := begin()
		silent := s.connect("192.0.2.66")
		for range maximum - 2 {
			begin()
		}
		begin()
		assert.False(s, s.isOpen(silent), "newer, but has no request")
		assert.True(s, s.isOpen(first))
		last := begin()
		assert.False(s, s.isOpen(first), "the slowest of all that are being answered")
		assert.Equal(s, http.StatusOK, s.ask(last, "o"))
	})
}

func TestMessagesOfTheServerAreLoggedOncePerSecond(t *testing.T) {
	t.Parallel()
	bubble(t, func(http.ResponseWriter, *http.Request) { panic("oh no") }, func(s service) {
		for range 100 {
			assert.Zero(s, s.ask(s.connect("192.0.2.1"), plainRequest))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(s, 2, strings.Count(s.log.String(), "level=ERROR"))
		assert.Contains(s, s.log.String(), "oh no")
		assert.Contains(s, s.log.String(), "left_out=98")
	})
}
