package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// The elements of JUnit's XML, as Jenkins and GitLab read it.
type (
	testsuites struct {
		XMLName  xml.Name    `xml:"testsuites"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Time     string      `xml:"time,attr"`
		Suites   []testsuite `xml:"testsuite"`
	}
	testsuite struct {
		Name       string      `xml:"name,attr"`
		Tests      int         `xml:"tests,attr"`
		Failures   int         `xml:"failures,attr"`
		Errors     int         `xml:"errors,attr"`
		Skipped    int         `xml:"skipped,attr"`
		Time       string      `xml:"time,attr"`
		Timestamp  string      `xml:"timestamp,attr"`
		Properties *properties `xml:"properties"`
		Cases      []testcase  `xml:"testcase"`
		Output     string      `xml:"system-out,omitempty"`
	}
	properties struct {
		List []property `xml:"property"`
	}
	property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Time    string   `xml:"time,attr"`
		Skipped *message `xml:"skipped"`
		Failure *message `xml:"failure"`
		Output  string   `xml:"system-out,omitempty"`
	}
	message struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes one test suite for each scenario. What is optional and fails
// does not count in the verdict, so that it is a skipped test; advice is in the
// output of a suite without tests.
func writeJUnit(w io.Writer, r Report) error {
	started := r.Started.UTC().Format("2006-01-02T15:04:05")
	all := testsuites{Name: "rehearsal of " + r.Folder, Tests: len(r.Results), Failures: count(r.Results).Failed, Time: inSeconds(r.Took)}
	for _, s := range scenarios(r.Results) {
		c := count(s.Results)
		suite := testsuite{
			Name: s.Title(), Tests: len(s.Results), Failures: c.Failed, Skipped: c.Skipped + c.OptionalFailed,
			Time: inSeconds(s.took()), Timestamp: started,
		}
		if len(all.Suites) == 0 {
			suite.Properties = &properties{about(r)}
		}
		for _, l := range s.Results {
			suite.Cases = append(suite.Cases, caseOf(s, l))
		}
		all.Suites = append(all.Suites, suite)
	}
	if len(r.Advice) > 0 {
		suite := testsuite{Name: "Advice", Time: inSeconds(0), Timestamp: started}
		for _, a := range r.Advice {
			suite.Output += fmt.Sprintf("%s: %s\n%s", a.Text, a.Seen, bullets(a.Hints))
		}
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// about is what the whole run has in common, in the first suite.
func about(r Report) []property {
	list := make([]property, 0, 2+len(r.Versions)+len(r.StandIns))
	list = append(list, property{"folder", r.Folder}, property{"machines", r.Machines})
	for _, v := range r.Versions {
		list = append(list, property{v.Program + " version", v.Version})
	}
	for _, s := range r.StandIns {
		list = append(list, property{"stand-in", s})
	}
	return list
}

func caseOf(s scenario, l acceptance.Result) testcase {
	c := testcase{Name: l.Line, Class: s.Title(), Time: inSeconds(l.Took)}
	switch {
	case l.Outcome == acceptance.Skipped:
		c.Skipped = &message{Message: l.Note}
	case l.Outcome == acceptance.Failed && l.Optional:
		c.Skipped = &message{Message: "optional, failed: " + l.Note}
		c.Output = bullets(l.Hints)
	case l.Outcome == acceptance.Failed:
		c.Failure = &message{Message: l.Note, Type: "failed", Text: l.Note + "\n" + bullets(l.Hints)}
	default:
		c.Output = l.Note
	}
	if l.StandIn != "" {
		c.Output = strings.TrimLeft(c.Output+"\nonly the stand-in: "+l.StandIn, "\n")
	}
	return c
}

func bullets(hints []string) string {
	var text strings.Builder
	for _, h := range hints {
		text.WriteString("- " + h + "\n")
	}
	return text.String()
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
