package autoscale

import (
	"errors"
	"fmt"
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
	learned, _, err := loadFile(dir, memoryFile, maxMemoryBytes, m.decode)
	switch {
	case errors.Is(err, errDamaged):
		logger.Warn("what the policy has learned cannot be used, it learns anew",
			slog.String("path", filepath.Join(dir, memoryFile)), slog.Any("err", err))
	case err != nil:
		return nil, err
	default:
		m.now = learned
	}
	return m, nil
}

func (m *memory) decode(data []byte) (Memory, error) {
	var stored storedMemory
	if err := unmarshalWhole(data, &stored); err != nil {
		return nil, err
	}
	switch {
	case stored.Version != stateVersion:
		return nil, fmt.Errorf("version %d, want %d", stored.Version, stateVersion)
	case stored.Pool != m.pool:
		return nil, fmt.Errorf("it is about the pool %q", stored.Pool)
	case stored.Policy != m.policy.Name():
		return nil, fmt.Errorf("it is of the policy %q", stored.Policy)
	}
	return m.policy.Decode(stored.Memory)
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
