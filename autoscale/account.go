package autoscale

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/exopool/exopool/budget"
)

// account keeps what the members of a pool have cost across restarts.
type account struct {
	dir, pool string
	now       budget.Account
}

// storedAccount is the content of the file.
type storedAccount struct {
	Version int            `json:"version"`
	Pool    string         `json:"pool"`
	Account budget.Account `json:"account"`
}

const (
	accountName     = "budget.json"
	maxAccountBytes = 64 << 10 // a hundred times what the program writes
)

// openAccount reads what an earlier run left in dir. A file that is damaged or about
// another pool is logged and ignored: the account begins anew.
func openAccount(dir, pool string, plan budget.Plan, logger *slog.Logger) (*account, error) {
	a := &account{dir: dir, pool: pool}
	if dir == "" || !plan.Priced() {
		a.dir = ""
		return a, nil
	}
	kept, found, err := loadFile(dir, accountName, maxAccountBytes, a.decode)
	switch {
	case errors.Is(err, errDamaged):
		logger.Warn("what members have cost cannot be used, the account begins anew",
			slog.String("path", filepath.Join(dir, accountName)), slog.Any("err", err))
	case err != nil:
		return nil, err
	case found:
		a.now = kept
	}
	return a, nil
}

func (a *account) decode(data []byte) (kept budget.Account, err error) {
	var stored storedAccount
	if err := unmarshalWhole(data, &stored); err != nil {
		return kept, err
	}
	switch {
	case stored.Version != stateVersion:
		return kept, fmt.Errorf("version %d, want %d", stored.Version, stateVersion)
	case stored.Pool != a.pool:
		return kept, fmt.Errorf("it is about the pool %q", stored.Pool)
	}
	return stored.Account, stored.Account.Validate()
}

// save writes the file.
func (a *account) save() error {
	if a.dir == "" {
		return nil
	}
	if err := saveState(a.dir, accountName, storedAccount{Version: stateVersion, Pool: a.pool, Account: a.now}); err != nil {
		return fmt.Errorf("write what members have cost to %s: %w", a.dir, err)
	}
	return nil
}
