package chaos_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"

	"github.com/exopool/exopool/fake/exoapi"
)

// targets is the file that discovery writes, and what is known of it. The
// world's mu guards it.
type targets struct {
	world *world
	file  string
	gone  bool // its folder cannot be written to
	inode uint64
	held  map[string]bool // addresses; nil: there was no file yet

	cut     int               // lists that had lacked members when the latest was asked for
	partial int               // lists in a row that lacked members
	asking  map[string]string // members alive when a list was asked for, by address
	alive   map[string]string // members alive when the latest list came
	ever    map[string]bool   // all addresses that members ever had
}

// maxContradictions is how many lists in a row that contradict the pool are
// ignored: the next may be right.
const maxContradictions = 3

// members returns the members that are not on their way out, by address.
func (w *world) members() map[string]string {
	pools := w.cloud.Pools()
	if len(pools) == 0 {
		return nil
	}
	kept := map[string]bool{}
	for _, id := range pools[0].Members {
		kept[id] = true
	}
	alive := map[string]string{}
	for _, i := range w.cloud.Instances() {
		if kept[i.ID] {
			alive[i.Address.String()] = i.ID
		}
		if w.targets.ever == nil {
			w.targets.ever = map[string]bool{}
		}
		w.targets.ever[i.Address.String()] = true
	}
	return alive
}

func (t *targets) listing() {
	t.asking, t.cut = t.world.members(), t.partialLists()
}

// partialLists returns how many lists have lacked members so far.
func (t *targets) partialLists() int {
	return t.world.cloud.Faults().Injected()[exoapi.FaultPartialList]
}

// listed records which members were alive both when a list was requested and when
// it came.
func (t *targets) listed() {
	now := t.world.members()
	for address, id := range t.asking {
		if now[address] != id {
			delete(t.asking, address)
		}
	}
	t.alive = t.asking
	if t.partialLists() > t.cut {
		t.partial++
	} else {
		t.partial = 0
	}
}

// checkFile checks the file if it has changed.
func (t *targets) checkFile() {
	if t.gone {
		return
	}
	w := t.world
	var info syscall.Stat_t
	err := syscall.Lstat(t.file, &info)
	switch {
	case errors.Is(err, fs.ErrNotExist) && t.held == nil:
		return
	case err != nil:
		w.violationLocked("the targets file is gone: %v", err)
		return
	case info.Ino == t.inode:
		return
	}
	t.inode = info.Ino
	data, err := os.ReadFile(t.file)
	if err != nil {
		w.violationLocked("the targets file cannot be read: %v", err)
		return
	}
	held, err := addressesIn(data)
	if err != nil {
		w.violationLocked("the targets file is not valid: %v: %q", err, data)
		return
	}
	w.tracef("targets file: %d addresses", len(held))
	w.stats.targets++
	now := w.members()
	for address := range t.held {
		if id := now[address]; !held[address] && id != "" && t.alive[address] == id && t.partial <= maxContradictions {
			w.violationLocked("member %s is alive and was dropped from the targets file", address)
		}
	}
	for address := range held {
		if !t.ever[address] {
			w.violationLocked("%s is in the targets file and was never a member", address)
		}
	}
	t.held = held
}

func addressesIn(data []byte) (map[string]bool, error) {
	var groups []struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	if err := json.Unmarshal(data, &groups); err != nil {
		return nil, err
	}
	held := map[string]bool{}
	for _, g := range groups {
		if g.Targets == nil || g.Labels == nil {
			return nil, errors.New("a group without targets or labels")
		}
		for _, target := range g.Targets {
			at, err := netip.ParseAddrPort(target)
			if err != nil || at.Port() != 9100 || held[at.Addr().String()] {
				return nil, fmt.Errorf("target %q is malformed or listed twice", target)
			}
			held[at.Addr().String()] = true
		}
	}
	return held, nil
}

// difference returns how the file differs from the pool, and nothing if it does
// not.
func (t *targets) difference() string {
	alive := t.world.members()
	for address := range alive {
		if !t.held[address] {
			return "member " + address + " is not in the targets file"
		}
	}
	for address := range t.held {
		if alive[address] == "" {
			return address + " is in the targets file and no member"
		}
	}
	return ""
}

// block makes the folder of the file unusable, or usable again.
func (t *targets) block(gone bool) error {
	t.checkFile()
	dir := filepath.Dir(t.file)
	switch {
	case gone == t.gone:
		return nil
	case gone:
		t.gone = true
		return errors.Join(os.Rename(dir, dir+".away"), os.WriteFile(dir, nil, 0o600))
	default:
		t.gone = false
		return errors.Join(os.Remove(dir), os.Rename(dir+".away", dir))
	}
}
