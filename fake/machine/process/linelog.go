package process

import (
	"bytes"
	"log/slog"
)

// maxLine bounds what a member can make its parent keep in memory.
const maxLine = 4096

// A lineLogger logs what is written to it, line by line.
type lineLogger struct {
	log  *slog.Logger
	rest []byte // an unfinished line
}

func (l *lineLogger) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found && len(l.rest) < maxLine {
			return len(p), nil
		}
		l.log.Info("member says", "line", string(line[:min(len(line), maxLine)]))
		l.rest = rest
	}
}
