package grafana

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
)

// maxTail is how many lines of the log an error may quote.
const maxTail = 20

// maxLine is the longest line that is kept whole.
const maxLine = 1 << 20

// A journal takes the log of Grafana, passes it on line by line, and keeps
// what matters.
type journal struct {
	logger *slog.Logger
	begun  []byte // of a line whose end has not come; one writer at a time

	mu       sync.Mutex
	tail     []string
	problems []string
}

// Write takes a part of the log. It never fails: Grafana must not be held up.
func (j *journal) Write(part []byte) (int, error) {
	j.begun = append(j.begun, part...)
	for {
		line, rest, ended := bytes.Cut(j.begun, []byte("\n"))
		if !ended && len(line) < maxLine {
			return len(part), nil
		}
		j.begun = rest
		j.take(string(line))
	}
}

// A logLine is what Grafana writes with the JSON format.
type logLine struct {
	Level   string `json:"level"`
	Logger  string `json:"logger"`
	Message string `json:"msg"`
}

func (j *journal) take(text string) {
	var line logLine
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		line = logLine{Level: "info", Message: text} // before the log is set up
	}
	j.logger.Log(context.Background(), level(line.Level), "grafana logs", "line", text)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tail = append(j.tail, text)
	if len(j.tail) > maxTail {
		j.tail = j.tail[1:]
	}
	if level(line.Level) >= slog.LevelError && aboutProvisioning(line) {
		j.problems = append(j.problems, text)
	}
}

// aboutProvisioning reports whether a line is about the files. Others mention
// dashboards, too: an alert that changes before they are read misses its own.
func aboutProvisioning(line logLine) bool {
	return strings.Contains(strings.ToLower(line.Logger+" "+line.Message), "provision")
}

func level(name string) slog.Level {
	switch name {
	case "crit", "critical", "error", "eror":
		return slog.LevelError
	case "warn", "warning":
		return slog.LevelWarn
	case "debug", "dbug":
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

func (j *journal) provisioningErrors() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.problems...)
}

func (j *journal) lastLines() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.tail, "\n")
}
