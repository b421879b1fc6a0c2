package view

import (
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// A Style says what a terminal can show.
type Style struct {
	Color   bool // ANSI colours
	Unicode bool // bars, arrows and check marks; otherwise ASCII
}

// DetectStyle looks at the environment: NO_COLOR and TERM=dumb take the
// colours away, a locale that is not UTF-8 the Unicode characters. Colours
// are for windows only, so that files stay readable.
func DetectStyle(out *os.File, getenv func(string) string) Style {
	dumb := getenv("TERM") == "dumb"
	return Style{
		Color:   !dumb && getenv("NO_COLOR") == "" && isTerminal(out),
		Unicode: !dumb && localeIsUTF8(getenv),
	}
}

func isTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd()))
}

// localeIsUTF8 follows the order of POSIX: the first variable that is set
// decides.
func localeIsUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// A color is an ANSI code; the empty one leaves the text as it is.
type color string

const (
	plain  color = ""
	bold   color = "1"
	dim    color = "2"
	red    color = "31"
	green  color = "32"
	yellow color = "33"
	cyan   color = "36"
)

// pick returns the Unicode text where it can be shown, else the ASCII one.
func (s Style) pick(unicode, ascii string) string {
	if s.Unicode {
		return unicode
	}
	return ascii
}

func (s Style) paint(c color, text string) string {
	if c == plain || !s.Color || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// A row is one line of the screen that never gets wider than the window.
type row struct {
	style Style
	left  int // columns that are still free
	b     strings.Builder
}

func (r *row) add(c color, text string) *row {
	runes := []rune(r.style.printable(text))
	if len(runes) > r.left {
		runes = runes[:max(r.left, 0)]
	}
	r.left -= len(runes)
	r.b.WriteString(r.style.paint(c, string(runes)))
	return r
}

// printable replaces what would move the cursor or show as garbage: texts
// come from webhooks and error messages.
func (s Style) printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case !unicode.IsPrint(r), !s.Unicode && r > unicode.MaxASCII:
			return '?'
		}
		return r
	}, text)
}

// bar draws a gauge of the given width, value and marks in percent.
func (s Style) bar(width int, value float64, marks ...float64) string {
	cells := make([]string, width)
	for i := range cells {
		if float64(i)+0.5 <= value/100*float64(width) {
			cells[i] = s.pick("█", "#")
		} else {
			cells[i] = s.pick("░", ".")
		}
	}
	for _, m := range marks {
		if i := int(m / 100 * float64(width)); i >= 0 && i < width {
			cells[i] = s.pick("┃", "|")
		}
	}
	return strings.Join(cells, "")
}

// sparkline draws values, oldest first, as one character each; a nil value
// is a gap. The top of the line stands for limit.
func (s Style) sparkline(values []*float64, limit float64) string {
	levels := []rune(s.pick("▁▂▃▄▅▆▇█", "_.-=+*%@"))
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteByte(' ')
			continue
		}
		i := int(*v / limit * float64(len(levels)))
		b.WriteRune(levels[min(max(i, 0), len(levels)-1)])
	}
	return b.String()
}
