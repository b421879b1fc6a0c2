// Package lines splits what is written to it, such as the output of another
// program, into lines.
package lines

import "bytes"

// A Writer calls Func with each line, without its end, as soon as it is
// complete. It is for one goroutine at a time.
type Writer struct {
	Func func(line string)
	// Max is the longest line in bytes; longer ones are split. It bounds what
	// the writer keeps in memory. Zero means no limit.
	Max int

	begun []byte // an incomplete line
}

// Write never fails, as that would stop the program that writes.
func (w *Writer) Write(p []byte) (int, error) {
	w.begun = append(w.begun, p...)
	for {
		line, rest, found := bytes.Cut(w.begun, []byte("\n"))
		switch {
		case w.Max > 0 && len(line) > w.Max:
			line, rest = w.begun[:w.Max], w.begun[w.Max:]
		case !found:
			return len(p), nil
		}
		w.begun = rest
		w.Func(string(line))
	}
}
