package grafanaserver

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"

	"github.com/exopool/exopool/internal/lines"
)

// maxTail is how many lines of the log an error may quote.
const maxTail = 20

// maxLine is the longest line that is not split.
const maxLine = 1 << 20

// A logParser gets the log of Grafana, passes it on line by line, and keeps the
// last lines and the errors.
type logParser struct {
	lines.Writer

	logger *slog.Logger

	mu       sync.Mutex
	tail     []string
	problems []string
}

func newLogParser(logger *slog.Logger) *logParser {
	p := &logParser{logger: logger}
	p.Writer = lines.Writer{Max: maxLine, Func: p.parse}
	return p
}

// A logLine is what Grafana writes with the JSON format.
type logLine struct {
	Level   string `json:"level"`
	Logger  string `json:"logger"`
	Message string `json:"msg"`
}

func (p *logParser) parse(text string) {
	var line logLine
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		line = logLine{Level: "info", Message: text} // before the log is set up
	}
	p.logger.Log(context.Background(), level(line.Level), "grafana logs", "line", text)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tail = append(p.tail, text)
	if len(p.tail) > maxTail {
		p.tail = p.tail[1:]
	}
	if level(line.Level) >= slog.LevelError && aboutProvisioning(line) {
		p.problems = append(p.problems, text)
	}
}

// aboutProvisioning reports whether a line is about the files. Other lines
// mention dashboards, too: an alert that changes before they are read does not
// find its dashboard.
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

func (p *logParser) provisioningErrors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

func (p *logParser) lastLines() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}
