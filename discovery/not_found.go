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

// An absence is for how long the provider has said that a pool does not
// exist. Only time between two such answers counts, with nothing else
// answered in between.
type absence struct {
	total   time.Duration
	last    time.Time // of the answer before; zero: there was another one since
	answers int       // in this run of the program
}

// maxGap limits how much one answer adds, should the clock jump.
const maxGap = 2 * maxDelay

// confirm notes one more answer that the pool does not exist.
func (a *absence) confirm(now time.Time) {
	if !a.last.IsZero() {
		a.total += min(max(now.Sub(a.last), 0), maxGap)
	}
	a.last = now
	a.answers++
}

// pause notes an answer that says nothing of the pool.
func (a *absence) pause() { a.last = time.Time{} }

// absences is the file that carries absences over a restart. It exists only
// while a pool is absent.
type absences struct {
	file  *targetFile
	saved time.Time
	names int // in the file
}

// notFoundRecord is how one absence is written.
type notFoundRecord struct {
	Seconds int64 `json:"seconds"`
	At      int64 `json:"at"` // Unix time of the last answer
}

// maxNotFoundFile limits what is read, in bytes.
const maxNotFoundFile = 64 << 10

func newNotFoundFile(targets *targetFile) *absences {
	path := filepath.Join(targets.dir, "."+filepath.Base(targets.path)+".absent")
	return &absences{file: newTargetFile(path)}
}

// load gives pools what an earlier run noted of them, unless that is too old
// to follow on: nobody watched the pool meanwhile.
func (a *absences) load(pools []*poolState, now time.Time, limit time.Duration) error {
	file, err := os.Open(a.file.path)
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
		return fmt.Errorf("decode %s: %w", a.file.path, err)
	}
	a.names = max(len(records), 1) // so that it is removed
	for _, s := range pools {
		record := records[s.name]
		age := now.Sub(time.Unix(record.At, 0))
		if record.Seconds > 0 && age >= 0 && age <= limit {
			s.absence.total = time.Duration(min(record.Seconds, int64(limit/time.Second))) * time.Second
		}
	}
	return nil
}

// save writes the absences of pools, by their names, and at most once in
// [maxDelay] while they only grow.
func (a *absences) save(absent map[string]absence, now time.Time) error {
	records := make(map[string]notFoundRecord, len(absent))
	for name, absence := range absent {
		records[name] = notFoundRecord{Seconds: int64(absence.total / time.Second), At: now.Unix()}
	}
	switch {
	case len(records) == a.names && (a.names == 0 || now.Sub(a.saved) < maxDelay):
		return nil
	case len(records) == 0:
		if err := os.Remove(a.file.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the note of absent pools: %w", err)
		}
	default:
		body, err := json.Marshal(records)
		if err != nil {
			return err
		}
		if err := a.file.replace(body); err != nil {
			return fmt.Errorf("note which pools are absent: %w", err)
		}
	}
	a.saved, a.names = now, len(records)
	return nil
}
