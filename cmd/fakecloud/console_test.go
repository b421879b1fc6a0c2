package main

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/programtest"
)

func TestConsoleSaysWhatAPersonNeeds(t *testing.T) {
	t.Parallel()
	to := new(programtest.Output)
	level := new(slog.LevelVar)
	log := newConsole(to, level)
	log.Debug("not this")
	log.Info("template", slog.String("step", "extracting archives..."), slog.Attr{})
	log.With("machine", "web-1").WithGroup("").WithGroup("boot").Warn("slow", "took", 3, slog.Group("disk", "free", "a=b"))
	level.Set(slog.LevelError)
	log.Warn("nor this")
	log.Error("lost", "err", errors.New("line\nbreak"))
	assert.Equal(t, `fakecloud: template step="extracting archives..."
fakecloud: warning: slow machine=web-1 boot.took=3 boot.disk.free="a=b"
fakecloud: error: lost err="line\nbreak"
`, to.String())
}
