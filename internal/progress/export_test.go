package progress

import "io"

// NewTerminal returns a screen on a terminal with so many columns.
func NewTerminal(to io.Writer, columns int) *Screen {
	return &Screen{to: to, prefix: "x: ", width: func() int { return columns }}
}
