package command_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzCommandLines: whatever is typed is carried out or refused in a few lines,
// and what follows a "--" stays as it is.
func FuzzCommandLines(f *testing.F) {
	for _, line := range []string{
		"", "-port 8 -v", "--p=8", "run -zone at-vie-1 -- ls -l", "run ls -zone", "fruit eat apple -to x", "fail 3", "help fruit eat", "version -json",
		"__complete run -zo", "__complete -- ", "-", "---", "-=", "completion bash", "fruit -all list", "-port",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, " ")
		if slices.Contains(args, "man") {
			t.Skip("writes files")
		}
		var out, errs bytes.Buffer
		code := sample(&out).Execute(t.Context(), args, &out, &errs)
		assert.LessOrEqual(t, strings.Count(errs.String(), "\n"), 2+len(args))
		assert.NotContains(t, errs.String(), "\x1b")
		if code == 2 {
			assert.Contains(t, errs.String(), " -h\" for help.\n")
		}
		out.Reset()
		assert.Zero(t, sample(&out).Execute(t.Context(), append([]string{"run", "--"}, args...), &out, &errs))
		assert.Equal(t, fmt.Sprintf("run  %q\n", args), out.String())
	})
}
