package autoscale

import (
	"errors"
	"fmt"
	"io/fs"
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
	path := filepath.Join(dir, accountName)
	data, err := readBounded(path, maxAccountBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return a, nil
	case isOpenError(err):
		return nil, fmt.Errorf("read state in %s: %w: give this user access to it", dir, err)
	}
	if err == nil {
		err = a.decode(data)
	}
	if err != nil {
		logger.Warn("what members have cost cannot be used, the account begins anew", slog.String("path", path), slog.Any("err", err))
	}
	return a, nil
}

func (a *account) decode(data []byte) error {
	var stored storedAccount
	if err := unmarshalWhole(data, &stored); err != nil {
		return err
	}
	switch {
	case stored.Version != stateVersion:
		return fmt.Errorf("version %d, want %d", stored.Version, stateVersion)
	case stored.Pool != a.pool:
		return fmt.Errorf("it is about the pool %q", stored.Pool)
	}
	if err := stored.Account.Validate(); err != nil {
		return err
	}
	a.now = stored.Account
	return nil
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
