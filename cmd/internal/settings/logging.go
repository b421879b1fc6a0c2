package settings

import (
	"io"
	"log/slog"
)

// Logging is how a program writes its log.
type Logging struct {
	Format string // text or json
	Level  slog.Level
}

// NewLogger returns a logger that writes to w.
func (l Logging) NewLogger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: l.Level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// AddLogging declares the settings of a log: its format, text unless another
// one is given, and its level.
func AddLogging(set *Set, into *Logging) {
	into.Format = "text"
	Add(set, &into.Format, Spec{
		Flag: "log-format", Env: "LOG_FORMAT", Help: "format of the log: text or json",
	}, OneOf("FORMAT", "text", "json"))
	Add(set, &into.Level, Spec{
		Flag: "log-level", Env: "LOG_LEVEL", Help: "lowest level to log: debug, info, warn or error",
	}, Level())
}
