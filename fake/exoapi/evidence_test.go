package exoapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	evidencePage   = "../../docs/evidence.md"
	evidenceFolder = "testdata/evidence"
)

// TestEvidence compares the page of evidence with what is known of each
// operation of the original. What was recorded in reality, and what clients
// drive, is in testdata/evidence, because neither is there everywhere.
func TestEvidence(t *testing.T) {
	document := loadDocument(t)
	got := writeEvidence(evidence{
		documented: documented(document),
		routes:     newCloud(t, exoapi.Config{}).Routes(),
		malformed:  malformed(t, document),
		recorded:   counts(t, filepath.Join(evidenceFolder, "recorded.txt")),
		clients:    clients(t),
		driven:     howDriven(t),
	})
	if *update {
		require.NoError(t, os.WriteFile(evidencePage, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(evidencePage)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "remake it with -update")
}

// TestRecordedOperationsAreListed compares the list of what was recorded with the
// recordings.
func TestRecordedOperationsAreListed(t *testing.T) {
	recorded := map[string]int{}
	for _, name := range []string{"exo-cli.jsonl", "exo-refusals.jsonl"} {
		for _, x := range readRecording(t, name) {
			recorded[x.operationID()]++
		}
	}
	name := filepath.Join(evidenceFolder, "recorded.txt")
	if *update {
		var text strings.Builder
		for _, operation := range slices.Sorted(maps.Keys(recorded)) {
			fmt.Fprintf(&text, "%d %s\n", recorded[operation], operation)
		}
		require.NoError(t, os.WriteFile(name, []byte(text.String()), 0o600))
		return
	}
	assert.Equal(t, recorded, counts(t, name), "remake it with -update")
}

// evidence is what is known of operations, by their ids.
type evidence struct {
	documented map[string]string // the group that each belongs to
	routes     []exoapi.Route
	malformed  map[string]int // requests that were refused
	recorded   map[string]int // exchanges with the original
	clients    map[string]map[string]int
	driven     string // how they were
}

// documented returns the operations of the official document, and the first
// segment of their paths.
func documented(document *openapi3.T) map[string]string {
	all := map[string]string{}
	for path, item := range document.Paths.Map() {
		group, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		group, _, _ = strings.Cut(group, ":")
		for _, family := range []string{"dbaas", "sks", "sos"} {
			if strings.HasPrefix(group, family+"-") {
				group = family
			}
		}
		for _, operation := range item.Operations() {
			all[operation.OperationID] = group
		}
	}
	return all
}

// malformed counts the bodies that TestWhatTheOfficialSchemaForbidsIsRefused
// sends, by operation.
func malformed(t *testing.T, document *openapi3.T) map[string]int {
	t.Helper()
	s, found := newScene(t), map[string]int{}
	for operation, text := range bodies() {
		schema := schemaOf(t, document, operation)
		if schema == nil {
			continue
		}
		var good map[string]any
		require.NoError(t, json.Unmarshal([]byte(s.fill(text)), &good))
		maps.DeleteFunc(good, func(_ string, v any) bool { return v == nil })
		spoil(schema, good, func(path string, bad any) {
			if schema.VisitJSON(bad) != nil && !tolerated(operation, path) {
				found[operation]++
			}
		})
	}
	return found
}

// counts reads a file of numbers and operation ids.
func counts(t *testing.T, name string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	found := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		number, operation, _ := strings.Cut(lines.Text(), " ")
		found[operation], err = strconv.Atoi(number)
		require.NoError(t, err, "%s: %s", name, lines.Text())
	}
	return found
}

// clients reads which operations each client drove, by its name.
func clients(t *testing.T) map[string]map[string]int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(evidenceFolder, "clients", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	found := map[string]map[string]int{}
	for _, file := range files {
		found[strings.TrimSuffix(filepath.Base(file), ".txt")] = counts(t, file)
	}
	return found
}

// howDriven reads how clients were driven, which names each driver.
func howDriven(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(evidenceFolder, "clients.md"))
	require.NoError(t, err)
	for client := range clients(t) {
		driver := filepath.Join(evidenceFolder, "drivers", strings.ReplaceAll(strings.ToLower(client), " ", "-"))
		if _, err := os.Stat(driver); err == nil {
			assert.Contains(t, string(text), "| "+client+" |")
		}
	}
	return string(text)
}

func writeEvidence(e evidence) string {
	served, notServed, refused, driven := 0, map[string]int{}, 0, 0
	clientNames := slices.Sorted(maps.Keys(e.clients))
	emulated := map[string]bool{}
	var rows strings.Builder
	for _, r := range e.routes {
		if !r.Emulated {
			continue
		}
		served++
		emulated[r.OperationID] = true
		refused += e.malformed[r.OperationID]
		fmt.Fprintf(&rows, "| %s | `%s` | %s | %s | %s", r.Method, r.Path, r.OperationID,
			orBlank(e.malformed[r.OperationID]), orBlank(e.recorded[r.OperationID]))
		byClient := false
		for _, name := range clientNames {
			mark := ""
			if e.clients[name][r.OperationID] > 0 {
				mark, byClient = "✓", true
			}
			rows.WriteString(" | " + mark)
		}
		if byClient {
			driven++
		}
		rows.WriteString(" |\n")
	}
	for operation, group := range e.documented {
		if !emulated[operation] {
			notServed[group]++
		}
	}
	groups := make([]string, 0, len(notServed))
	for _, group := range slices.Sorted(maps.Keys(notServed)) {
		groups = append(groups, fmt.Sprintf("%s (%d)", group, notServed[group]))
	}

	var page strings.Builder
	fmt.Fprintf(&page, `# How far the fake Exoscale is known to be right

Of the %d operations that the official document describes, %d are served. Each of those is called in a test with a request and
an answer that the document allows; %d requests that it forbids are sent, and refused; %d operations were compared with
recordings of the original's answers; %d are called by unmodified clients, which accept the answers.

"malformed" counts the requests with a body that the document forbids and the emulator refuses, "recorded" the exchanges with the
original that it repeats field by field. A mark says that the client called the operation in a test or by hand. A blank is no
fault: it says that nobody has looked.

The rest answer 501 and name themselves: %s.

`, len(e.documented), served, refused, len(e.recorded), driven, strings.Join(groups, ", "))
	page.WriteString("| method | path below `/v2` | operation | malformed | recorded |")
	for _, name := range clientNames {
		page.WriteString(" " + name + " |")
	}
	page.WriteString("\n|---|---|---|--:|--:|" + strings.Repeat(":-:|", len(clientNames)) + "\n")
	page.WriteString(rows.String())
	page.WriteString("\n" + e.driven)
	page.WriteString("\nThis page is written by `go test ./fake/exoapi -run Evidence -update`.\n")
	return page.String()
}

func orBlank(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// noteClients is for the lists of what clients drive in the tests here. Those of
// other clients are what "fakecloud calls" says after them.
var noteClients = flag.Bool("note-clients", false, "note in testdata/evidence/clients which operations egoscale drives")

var noting sync.Mutex

// note adds what a client did in a cloud to its list.
func note(tb testing.TB, calls exoapi.Calls) {
	tb.Helper()
	noting.Lock()
	defer noting.Unlock()
	for client, counted := range calls.ByClient {
		name, version, _ := strings.Cut(client, "/")
		if name != "egoscale" {
			continue
		}
		file := "egoscale v2"
		if strings.HasPrefix(version, "v3") {
			file = "egoscale v3"
		}
		file = filepath.Join(evidenceFolder, "clients", file+".txt")
		operations := map[string]bool{}
		if text, err := os.ReadFile(file); err == nil {
			for line := range strings.Lines(string(text)) {
				operations[strings.TrimSpace(line)] = true
			}
		}
		for operation := range counted {
			operations["1 "+operation] = true
		}
		assert.NoError(tb, os.MkdirAll(filepath.Dir(file), 0o750))
		assert.NoError(tb, os.WriteFile(file, []byte(strings.Join(slices.Sorted(maps.Keys(operations)), "\n")+"\n"), 0o600))
	}
}
