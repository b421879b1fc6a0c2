package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"syscall"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/atomicfile"
	"github.com/exopool/exopool/internal/filelock"
)

// addState declares the file that keeps the state from one start to the next.
func addState(set *settings.Set, into *string) {
	settings.Add(set, into, settings.Spec{
		Flag: "state", Default: "none", Help: "file that keeps the state: the next start with it, and the same other flags, goes on from there. " +
			"It holds user-data and the keys of the fake account",
	}, settings.File())
}

// A stateFile keeps the state of one instance. It implements [exoapi.Recorder]:
// each change is one more line, and a line that a crash has left unfinished does
// not count.
type stateFile struct {
	name   string
	file   *os.File // nil before the first Restart
	unlock func()
}

// openState opens the file of the setting, if it is set.
func (p program) openState(cfg *config) error {
	if cfg.State == "" {
		return nil
	}
	unlock, err := lockState(cfg.State)
	if err != nil {
		return fmt.Errorf("flag -state: %w", err)
	}
	cfg.state = &stateFile{name: cfg.State, unlock: unlock}
	state, err := readState(cfg.State)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		cfg.state.close()
		return fmt.Errorf("flag -state: %w", err)
	}
	// A file without one whole line is no state that a crash has cut off: the
	// first line is written together with the file. It must not be overwritten.
	if end := bytes.LastIndexByte(state, '\n') + 1; 0 < end && end < len(state) {
		fmt.Fprintf(p.stderr, "fakecloud: the last change in %s is incomplete and left out\n", cfg.State)
		state = state[:end]
	}
	cfg.saved = state
	return nil
}

// savedNetwork returns the network that process machines of the state have their
// addresses from: a cloud with that state needs the same. Without a state, any
// will do.
func (c config) savedNetwork() netip.Prefix {
	if network := c.savedRange(); network.Addr().IsLoopback() {
		return network
	}
	return netip.Prefix{}
}

// savedRange returns the network around the addresses in the state; the zero one
// if there is none. The state says what is wrong with it when it is loaded.
func (c config) savedRange() netip.Prefix {
	instances, _, err := exoapi.StateNetworks(c.saved)
	if err != nil || instances.Bits() == 0 {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(instances.Addr(), instances.Bits()-1)
}

// hasOtherRange reports whether machines that boot had addresses of another range.
func (c config) hasOtherRange() bool {
	saved, now := c.savedRange(), c.Range
	if !now.IsValid() {
		now = netip.MustParsePrefix("198.18.0.0/16") // the driver's default
	}
	return saved.IsValid() && saved != now
}

// explainState says what to do about a state that keeps a cloud from starting.
func (c config) explainState(err error) error {
	switch {
	case len(c.saved) == 0:
		return err
	case errors.Is(err, exoapi.ErrState) && c.Machines == machinesNspawn && c.hasOtherRange():
		return fmt.Errorf("flag -state: %s: %w\n\nIts machines have addresses of another range: give -range %s", c.State, err, c.savedRange())
	case errors.Is(err, exoapi.ErrState):
		return fmt.Errorf("flag -state: %s: %w\n\nThe file is left as it is. Start with the flags that it was made with, put a copy of "+
			"\"fakecloud snapshot save\" in its place,\nor move it away to begin with an empty cloud", c.State, err)
	case errors.Is(err, syscall.EADDRINUSE) && c.Machines == machinesProcess:
		return fmt.Errorf("flag -state: %s: the machines in it have addresses of %s, which another cloud or demo on this host uses: %w\n\n"+
			"End that one, or start with another file", c.State, c.savedNetwork(), err)
	}
	return err
}

// lockState keeps others from using a file with a state.
func lockState(name string) (unlock func(), err error) {
	unlock, ok, err := filelock.Try(lockOf(name))
	if err == nil && !ok {
		err = errors.New("another instance uses it; give another file, or end that one")
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return unlock, nil
}

func lockOf(name string) string { return name + ".lock" }

// Restart implements [exoapi.Recorder].
func (s *stateFile) Restart(state []byte) error {
	if err := (atomicfile.File{Path: s.name, Perm: 0o600, Durable: true}).Write(state); err != nil {
		return err
	}
	file, err := os.OpenFile(s.name, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	s.closeFile()
	s.file = file
	return nil
}

// Append implements [exoapi.Recorder].
func (s *stateFile) Append(change []byte) error {
	_, err := s.file.Write(change)
	return err
}

func (s *stateFile) closeFile() {
	if s.file != nil {
		_ = s.file.Close() // every line was written already
	}
}

// close lets others use the file.
func (s *stateFile) close() {
	if s != nil {
		s.closeFile()
		s.unlock()
	}
}
