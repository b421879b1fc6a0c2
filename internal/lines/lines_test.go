package lines_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/lines"
)

func TestWriterSplitsLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ writes, want []string }{
		"lines in one write":         {[]string{"one\ntwo\n"}, []string{"one", "two"}},
		"a line in several writes":   {[]string{"on", "e", "\nt", "wo\n"}, []string{"one", "two"}},
		"empty lines":                {[]string{"\n", "\n"}, []string{"", ""}},
		"an incomplete line is kept": {[]string{"one\ntw"}, []string{"one"}},
		"a line of the longest size": {[]string{"12345678\n9\n"}, []string{"12345678", "9"}},
		"longer lines are split":     {[]string{"1234567890123456", "7890\n1\n"}, []string{"12345678", "90123456", "7890", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			w := &lines.Writer{Max: 8, Func: func(line string) { got = append(got, line) }}
			for _, text := range c.writes {
				n, err := w.Write([]byte(text))
				require.NoError(t, err)
				assert.Equal(t, len(text), n)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestWithoutALimitLinesAreWhole(t *testing.T) {
	t.Parallel()
	var got []string
	w := &lines.Writer{Func: func(line string) { got = append(got, line) }}
	_, err := w.Write([]byte("1234567890\n1\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"1234567890", "1"}, got)
}

func FuzzWriter(f *testing.F) {
	f.Add("one\ntwo\n", 3)
	f.Add("0123456789\n\n", 1)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		var got strings.Builder
		w := &lines.Writer{Max: 4, Func: func(line string) {
			assert.LessOrEqual(t, len(line), 4)
			assert.NotContains(t, line, "\n")
			got.WriteString(line)
		}}
		cut = min(max(cut, 0), len(text))
		for _, part := range []string{text[:cut], text[cut:], "\n"} {
			_, err := w.Write([]byte(part))
			require.NoError(t, err)
		}
		assert.Equal(t, strings.ReplaceAll(text, "\n", ""), got.String())
	})
}
