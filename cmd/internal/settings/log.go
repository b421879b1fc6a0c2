package settings

import (
	"io"
	"log/slog"
)

// A Log is how the program writes its log.
type Log struct {
	Format string // text or json
	Level  slog.Level
}

// Logger returns a logger that writes to w.
func (l Log) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: l.Level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func addLog(l *loader, into *Log) {
	add(l, &into.Format, spec{
		flags: []string{"log-format"}, env: []string{"LOG_FORMAT"}, arg: "FORMAT",
		usage: "format of the log, text or json", def: "text", remedy: "give text or json",
	}, oneOf("text", "json"))
	add(l, &into.Level, spec{
		flags: []string{"log-level"}, env: []string{"LOG_LEVEL"}, arg: "LEVEL",
		usage: "least important messages to log: debug, info, warn or error", def: "info",
		remedy: "give debug, info, warn or error",
	}, parseLevel)
}
