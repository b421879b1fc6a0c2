package autoscale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/exopool/exopool/internal/atomicfile"
)

// state is what survives a restart.
type state struct {
	Version   int     `json:"version"`
	Pool      string  `json:"pool,omitempty"` // that the webhooks are about
	Unclaimed batches `json:"pending"`        // not claimed by a turn yet
	Claimed   batches `json:"claimed"`        // by a turn, and not settled yet
	Intent    *intent `json:"intent,omitempty"`
	// Owed counts members that a repair has evicted and not replaced yet; negative,
	// those that a rolling change has added and not taken back yet.
	Owed       int       `json:"owed,omitempty"`
	OwedSize   int       `json:"owed_size,omitempty"` // that this program then left the pool with
	Halted     *string   `json:"halted,omitempty"`    // settings of the pool with which a rolling change failed
	LastResize time.Time `json:"last_resize,omitzero"`
}

const (
	stateVersion  = 1
	stateFile     = "demand.json"
	damagedSuffix = ".damaged"
	maxStateBytes = 64 << 10 // a hundred times what the program writes
)

// errDamaged marks a state file that this program did not write, or that was
// changed since.
var errDamaged = errors.New("damaged state file")

// loadState reads the state file in dir. A missing file is an empty state.
// The error wraps errDamaged if the content is wrong.
func loadState(dir string, now time.Time) (state, error) {
	loaded, found, err := loadFile(dir, stateFile, maxStateBytes, func(data []byte) (state, error) { return parseState(data, now) })
	if !found {
		return state{Version: stateVersion}, err
	}
	return loaded, nil
}

// loadFile reads a file of the state directory, and reports whether there is one;
// without a directory there is none. The error wraps errDamaged if the content is
// wrong.
func loadFile[T any](dir, name string, limit int, parse func([]byte) (T, error)) (content T, found bool, err error) {
	if dir == "" {
		return content, false, nil
	}
	data, err := readBounded(filepath.Join(dir, name), limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return content, false, nil
	case isOpenError(err):
		return content, false, fmt.Errorf("read state in %s: %w: give this user access to it", dir, err)
	}
	if err == nil {
		content, err = parse(data)
	}
	if err != nil { // or a directory is in the file's place
		return content, false, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return content, true, nil
}

// readBounded reads a file that has at most limit bytes.
func readBounded(path string, limit int) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the directory is the operator's choice
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err == nil && len(data) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return data, err
}

// isOpenError reports whether a file exists and cannot be opened, which says
// nothing about its content.
func isOpenError(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && path.Op == "open"
}

// unmarshalWhole decodes a single JSON document.
func unmarshalWhole(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the end")
	}
	return nil
}

func parseState(data []byte, now time.Time) (state, error) {
	var s state
	if err := unmarshalWhole(data, &s); err != nil {
		return s, err
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("version %d, want %d", s.Version, stateVersion)
	}
	for _, b := range []*Batch{&s.Unclaimed.Up, &s.Unclaimed.Down, &s.Claimed.Up, &s.Claimed.Down} {
		if *b == (Batch{}) {
			continue
		}
		if b.Count < 1 || b.Count > math.MaxInt32 || !plausible(b.First) || !plausible(b.Last) {
			return s, errors.New("a batch lacks its count or times")
		}
		*b = b.clamped(now)
	}
	if s.LastResize.After(now) {
		s.LastResize = now
	}
	if !s.LastResize.IsZero() && !plausible(s.LastResize) {
		return s, errors.New("the time of the last resize is impossible")
	}
	if s.Owed < -1 || s.Owed > MaxSize {
		return s, fmt.Errorf("%d members are owed", s.Owed)
	}
	if s.OwedSize < 0 || s.OwedSize > math.MaxInt32 {
		return s, fmt.Errorf("members are owed at a size of %d", s.OwedSize)
	}
	if s.Halted != nil && len(*s.Halted) > maxSettings {
		return s, errors.New("the settings of a rolling change are too long")
	}
	return s, s.Intent.validate()
}

// plausible rejects times from before there was a cloud, among them the zero
// time and those that cannot be written as JSON again.
func plausible(t time.Time) bool { return t.Year() >= 1970 }

// saveState replaces a file in dir by the JSON of content. Once it returns nil
// the file survives a power failure.
func saveState(dir, name string, content any) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	file := atomicfile.File{Path: path, Temp: path + ".tmp", Durable: true}
	return file.Write(append(data, '\n'))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
