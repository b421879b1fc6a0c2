package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// notFound is how long the provider has reported that a pool does not exist.
// Only the time between two such answers counts, without another answer in
// between.
type notFound struct {
	total   time.Duration
	last    time.Time // of the previous such answer; zero if there was another since
	answers int       // in this run of the program
}

// maxGap limits what one answer adds, in case the clock jumps.
const maxGap = 2 * maxDelay

// confirm adds one more answer that the pool does not exist.
func (n *notFound) confirm(now time.Time) {
	if !n.last.IsZero() {
		n.total += min(max(now.Sub(n.last), 0), maxGap)
	}
	n.last = now
	n.answers++
}

// interrupt adds an answer that does not say whether the pool exists.
func (n *notFound) interrupt() { n.last = time.Time{} }

// notFoundFile keeps how long pools have not existed across a restart. There is
// such a file only while there is such a pool.
type notFoundFile struct {
	file  *targetFile
	saved time.Time
	names int // in the file
}

// notFoundRecord is the entry of one pool.
type notFoundRecord struct {
	Seconds int64 `json:"seconds"`
	At      int64 `json:"at"` // Unix time of the last answer
}

// maxNotFoundFile limits what is read, in bytes.
const maxNotFoundFile = 64 << 10

func newNotFoundFile(targets *targetFile) *notFoundFile {
	path := filepath.Join(targets.dir, "."+filepath.Base(targets.path)+".absent")
	return &notFoundFile{file: newTargetFile(path)}
}

// load gives pools what an earlier run saved, unless that is too old: meanwhile
// the pool may have existed.
func (n *notFoundFile) load(pools []*poolState, now time.Time, limit time.Duration) error {
	file, err := os.Open(n.file.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxNotFoundFile))
	if err != nil {
		return err
	}
	var records map[string]notFoundRecord
	if err := json.Unmarshal(content, &records); err != nil {
		return fmt.Errorf("decode %s: %w", n.file.path, err)
	}
	n.names = max(len(records), 1) // so that it is removed
	for _, s := range pools {
		record := records[s.name]
		age := now.Sub(time.Unix(record.At, 0))
		if record.Seconds > 0 && age >= 0 && age <= limit {
			s.notFound.total = time.Duration(min(record.Seconds, int64(limit/time.Second))) * time.Second
		}
	}
	return nil
}

// save writes how long pools have not existed, by their names, and at most once
// in [maxDelay] if the pools are the same.
func (n *notFoundFile) save(missing map[string]notFound, now time.Time) error {
	records := make(map[string]notFoundRecord, len(missing))
	for name, pool := range missing {
		records[name] = notFoundRecord{Seconds: int64(pool.total / time.Second), At: now.Unix()}
	}
	switch {
	case len(records) == n.names && (n.names == 0 || now.Sub(n.saved) < maxDelay):
		return nil
	case len(records) == 0:
		if err := os.Remove(n.file.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the file of pools that do not exist: %w", err)
		}
	default:
		body, err := json.Marshal(records)
		if err != nil {
			return err
		}
		if err := n.file.replace(body); err != nil {
			return fmt.Errorf("save which pools do not exist: %w", err)
		}
	}
	n.saved, n.names = now, len(records)
	return nil
}
