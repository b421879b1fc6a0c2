package exoapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// TestRecordedExchanges replays what the original was asked, in the order of
// the recording, and compares the answers: their status, their fields, the
// types of these, the order of lists, and values as far as they were recorded.
func TestRecordedExchanges(t *testing.T) {
	for file, prepare := range map[string]func(*replay){
		"exo-cli.jsonl": func(*replay) {},
		// The account had this key before.
		"exo-refusals.jsonl": func(r *replay) {
			r.send(http.MethodPost, "/v2/ssh-key", `{"name":"redacted-11","public-key":"`+publicKey+`"}`)
		},
	} {
		t.Run(file, func(t *testing.T) {
			exchanges := readRecording(t, file)
			synctest.Test(t, func(t *testing.T) {
				r := &replay{t: t, cloud: newCloud(t, exoapi.Config{}), own: map[string]string{}}
				prepare(r)
				agree := 0
				for _, x := range exchanges {
					found := r.play(x)
					if len(found) > 0 {
						t.Errorf("%d %s %s (%s):\n  %s", x.Seq, x.Method, x.Path, x.operationID(), strings.Join(found, "\n  "))
						continue
					}
					agree++
				}
				t.Logf("%d of %d exchanges agree", agree, len(exchanges))
			})
		})
	}
}

// An exchange is one line of a recording.
type exchange struct {
	Seq       int
	Method    string
	Path      string
	Operation string // after a slash: the id
	Status    int
	Req, Res  struct{ Body json.RawMessage }
}

func (x exchange) operationID() string {
	_, id, _ := strings.Cut(x.Operation, ".")
	return id
}

// readRecording reads a recording of the original's answers, and skips the test
// where there is none: they are not part of this repository.
func readRecording(t *testing.T, name string) []exchange {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "..", "shared", "recordings", name))
	if os.IsNotExist(err) {
		t.Skipf("the recordings of the original's answers are not on this machine, beside the repository in shared/recordings: %v", err)
	}
	require.NoError(t, err)
	defer file.Close()
	var list []exchange
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var x exchange
		require.NoError(t, json.Unmarshal(lines.Bytes(), &x))
		list = append(list, x)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, list)
	return list
}

// A replay sends recorded requests to a cloud.
type replay struct {
	t     *testing.T
	cloud *exoapi.Cloud
	own   map[string]string // recorded ids, and other replaced texts, to the emulator's
}

var recordedID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// translate puts the emulator's ids in the place of recorded ones.
func (r *replay) translate(text string) string {
	return recordedID.ReplaceAllStringFunc(text, func(id string) string {
		if own, ok := r.own[id]; ok {
			return own
		}
		return id
	})
}

func (r *replay) send(method, path, body string) (status int, answer []byte) {
	r.t.Helper()
	resp, err := tryCall(r.t, r.cloud, method, path, body)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp.StatusCode, answer
}

// play makes a recorded call and returns what is different in its answer. What
// takes time is done before the next one.
func (r *replay) play(x exchange) []string {
	r.t.Helper()
	status, answer := r.send(x.Method, r.translate(x.Path), r.translate(string(x.Req.Body)))
	time.Sleep(time.Minute)
	c := comparison{own: r.own, alike: x.operationID() == "list-templates" || x.operationID() == "list-quotas"}
	if status != x.Status {
		c.report("status", "%d, not %d: %.200s", status, x.Status, answer)
		return c.found
	}
	c.compare("", decode(r.t, x.Res.Body), decode(r.t, answer))
	return c.found
}

func decode(t *testing.T, text []byte) (value any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&value), "%s", text)
	return value
}

// Without recordings, this shows that the comparison finds what it should.
func TestComparisonFindsDifferences(t *testing.T) {
	t.Parallel()
	const id, other = "00000000-0000-4000-8000-000000000001", "1f0e7a0c-2a5e-4c39-9d1b-27d5c7f7a001"
	for name, tc := range map[string]struct {
		want, got string
		found     []string
	}{
		"the same":           {`{"a":[1,{"b":"x"}]}`, `{"a":[1,{"b":"x"}]}`, nil},
		"a field is missing": {`{"a":1,"b":2}`, `{"a":1}`, []string{".b: is missing"}},
		"a field too many":   {`{"a":1}`, `{"a":1,"b":[]}`, []string{".b: is not in the recording"}},
		"another type":       {`{"a":1}`, `{"a":"1"}`, []string{".a: a string, not a number"}},
		"another value":      {`{"a":1}`, `{"a":2}`, []string{".a: 2, not 1"}},
		"a shorter list":     {`{"a":[1,2]}`, `{"a":[1]}`, []string{".a: 1 entries, not 2"}},
		"another order":      {`{"a":["x","y"]}`, `{"a":["y","x"]}`, []string{".a[0]: y, not x", ".a[1]: x, not y"}},
		"redacted":           {`{"a":"REDACTED","b":"redacted-1"}`, `{"a":true,"b":"x"}`, nil},
		"an id of its own":   {`["` + id + `","` + id + `"]`, `["` + other + `","` + other + `"]`, nil},
		"two ids for one":    {`["` + id + `","` + id + `"]`, `["` + other + `","` + id + `"]`, []string{"[1]: " + id + ", not " + other}},
		"no id":              {`["` + id + `"]`, `["x"]`, []string{"[0]: x is not an id"}},
		"a time":             {`["2020-01-01T00:00:00Z"]`, `["yesterday"]`, []string{"[0]: yesterday is not a time"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := comparison{own: map[string]string{}}
			c.compare("", decode(t, []byte(tc.want)), decode(t, []byte(tc.got)))
			assert.Equal(t, tc.found, c.found)
		})
	}
	c := comparison{own: map[string]string{}, alike: true}
	c.compare("", decode(t, []byte(`[{"a":1}]`)), decode(t, []byte(`[{"a":2},{"a":3},{"b":4}]`)))
	assert.Equal(t, []string{"[2].a: is missing", "[2].b: is not in the recording"}, c.found)
}
