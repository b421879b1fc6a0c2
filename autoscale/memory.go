package autoscale

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
)

const (
	memoryFile     = "policy.json"
	maxMemoryBytes = 16 << 20 // weeks of minutes
)

// memory is what the policy remembers, kept across restarts.
type memory struct {
	dir, pool string
	policy    Policy
	now       Memory
}

// storedMemory is the content of the file.
type storedMemory struct {
	Version int    `json:"version"`
	Pool    string `json:"pool"`
	Policy  string `json:"policy"`
	Memory  []byte `json:"memory"`
}

// openMemory reads what an earlier run left in dir. A file that is damaged, or is
// about another pool or policy, is logged and ignored: the policy learns anew.
func openMemory(dir, pool string, policy Policy, logger *slog.Logger) (*memory, error) {
	m := &memory{dir: dir, pool: pool, policy: policy}
	if dir == "" {
		return m, nil
	}
	path := filepath.Join(dir, memoryFile)
	data, err := readBounded(path, maxMemoryBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, nil
	case isOpenError(err):
		return nil, fmt.Errorf("read state in %s: %w: give this user access to it", dir, err)
	}
	if err == nil {
		err = m.decode(data)
	}
	if err != nil {
		logger.Warn("what the policy has learned cannot be used, it learns anew", slog.String("path", path), slog.Any("err", err))
	}
	return m, nil
}

func (m *memory) decode(data []byte) error {
	var stored storedMemory
	if err := unmarshalWhole(data, &stored); err != nil {
		return err
	}
	switch {
	case stored.Version != stateVersion:
		return fmt.Errorf("version %d, want %d", stored.Version, stateVersion)
	case stored.Pool != m.pool:
		return fmt.Errorf("it is about the pool %q", stored.Pool)
	case stored.Policy != m.policy.Name():
		return fmt.Errorf("it is of the policy %q", stored.Policy)
	}
	now, err := m.policy.Decode(stored.Memory)
	if err != nil {
		return err
	}
	m.now = now
	return nil
}

// learn lets the policy learn from a turn.
func (m *memory) learn(o Observation) { m.now = m.policy.Learn(m.now, o) }

// save writes the file.
func (m *memory) save() error {
	if m.dir == "" {
		return nil
	}
	data, err := m.policy.Encode(m.now)
	if err != nil {
		return fmt.Errorf("encode what the policy has learned: %w", err)
	}
	if len(data) == 0 {
		return nil
	}
	content := storedMemory{Version: stateVersion, Pool: m.pool, Policy: m.policy.Name(), Memory: data}
	if err := saveState(m.dir, memoryFile, content); err != nil {
		return fmt.Errorf("write what the policy has learned to %s: %w", m.dir, err)
	}
	return nil
}
