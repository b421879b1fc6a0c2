package browsertest

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faintText is JavaScript that lists texts whose contrast with what is behind
// them is below 4.5.
//
//go:embed fainttext.js
var faintText string

// A Size is that of the window, in pixels.
type Size struct{ Width, Height int64 }

// Looks says how pages are looked at, and what else is made of it.
type Looks struct {
	Sizes       []Size
	Screenshots string // folder for pictures of the pages; empty for none
	Axe         string // axe-core's axe.min.js, to be asked as well; empty without
}

// Check checks the page in both themes and all sizes: nothing is cut off, all
// text can be read, and what one can use has a name. The name is that of the
// pictures.
func (l Looks) Check(t *testing.T, b *Browser, name string) {
	t.Helper()
	for _, theme := range []string{"light", "dark"} {
		// Without motion, nothing is half visible.
		b.SetMedia(t, map[string]string{"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"})
		for _, size := range l.Sizes {
			view := fmt.Sprintf("%s-%s-%d", name, theme, size.Width)
			b.Do(t, chromedp.EmulateViewport(size.Width, size.Height))
			assert.LessOrEqual(t, Evaluate[int64](t, b, "document.documentElement.scrollWidth"), size.Width, "%s: nothing is cut off", view)
			assert.Empty(t, Evaluate[[]string](t, b, faintText), "%s: text that can hardly be read", view)
			l.askAxe(t, b, view)
			if l.Screenshots != "" {
				require.NoError(t, os.WriteFile(filepath.Join(l.Screenshots, view+".png"), b.Picture(t), 0o600))
			}
		}
	}
	assert.Empty(t, nameless(t, b), "%s: what one can use has a name", name)
}

// SetMedia sets media features of the page, such as prefers-color-scheme.
func (b *Browser) SetMedia(t *testing.T, features map[string]string) {
	t.Helper()
	all := make([]*emulation.MediaFeature, 0, len(features))
	for name, value := range features {
		all = append(all, &emulation.MediaFeature{Name: name, Value: value})
	}
	b.Do(t, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: all,
		})
		return err
	}))
}

// Picture returns the whole page as PNG.
func (b *Browser) Picture(t *testing.T) []byte {
	t.Helper()
	return result(t, b, chromedp.FullScreenshot(100))
}

// Visible returns what the window shows of the page as PNG, packed as tightly as
// that can be: a picture for a page of docs.
func (b *Browser) Visible(t *testing.T) []byte {
	t.Helper()
	shown, err := png.Decode(bytes.NewReader(result(t, b, chromedp.CaptureScreenshot())))
	require.NoError(t, err)
	var packed bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&packed, shown))
	return packed.Bytes()
}

// askAxe asks axe-core about a page.
func (l Looks) askAxe(t *testing.T, b *Browser, view string) {
	t.Helper()
	if l.Axe == "" {
		return
	}
	source, err := os.ReadFile(l.Axe)
	require.NoError(t, err)
	Evaluate[int](t, b, string(source)+";0")
	assert.Empty(t, Evaluate[[]string](t, b,
		`axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join(" | ")))`),
		"%s: violations that axe finds", view)
}

// nameless returns the roles of what can be used but has no name, as assistive
// programs see the page.
func nameless(t *testing.T, b *Browser) (roles []string) {
	t.Helper()
	tree := result(t, b, func(ctx context.Context, tab *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, tab, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	require.NotEmpty(t, tree.Nodes)
	for _, n := range tree.Nodes {
		switch role := word(n.Role); role {
		case "link", "button", "textbox", "combobox", "region", "meter", "slider", "log":
			if !n.Ignored && word(n.Name) == "" {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

func word(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	return strings.Trim(string(v.Value), `"`)
}
