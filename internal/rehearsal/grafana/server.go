package grafana

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// User is the name of the administrator.
const User = "admin"

// A Server is one run of Grafana: make it with [New], start and stop it with
// [Server.Run].
type Server struct {
	cfg      Config
	url      string
	password string
	env      []string
	journal  *journal
	client   *http.Client
	ended    chan struct{} // closed when Run has returned
}

// New lays out the files and picks a port. Nothing runs yet.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure grafana: %w", err)
	}
	if err := layOut(cfg.Files, cfg.Installation.Home, cfg.Dir); err != nil {
		return nil, err
	}
	if cfg.Installation.Home, err = CompleteHome(cfg.Installation.Home, cfg.Dir); err != nil {
		return nil, err
	}
	password, err := secret(cfg.Dir, passwordFile)
	if err != nil {
		return nil, err
	}
	key, err := secret(cfg.Dir, keyFile)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	environment, err := cfg.environment(port, password, key)
	if err != nil {
		return nil, err
	}
	return &Server{
		cfg:      cfg,
		url:      "http://" + net.JoinHostPort(loopback, strconv.Itoa(port)),
		password: password,
		env:      environment,
		journal:  &journal{logger: cfg.Logger},
		client:   &http.Client{Transport: &http.Transport{}, Timeout: callTimeout},
		ended:    make(chan struct{}),
	}, nil
}

// URL is where Grafana serves, without a slash at the end.
func (s *Server) URL() string { return s.url }

// PasswordFile is the file that holds the password of [User], readable for the
// user who runs this.
func (s *Server) PasswordFile() string { return filepath.Join(s.cfg.Dir, passwordFile) }

// ProvisioningErrors returns the lines of the log, so far, that tell of a fault
// in the files.
func (s *Server) ProvisioningErrors() []string { return s.journal.provisioningErrors() }

// Run runs Grafana until ctx ends, which is no error, or until it ends by
// itself, which is one that quotes its last lines. One that ends while it
// starts is started again, as the unit does: 10.0 at times trips over its own
// first organization in a new database. No process is left when Run returns.
// It may be called once.
func (s *Server) Run(ctx context.Context) error {
	defer close(s.ended)
	defer s.client.CloseIdleConnections()
	for attempt := 1; ; attempt++ {
		began := time.Now()
		err := s.runOnce(ctx)
		if ctx.Err() != nil {
			return nil // however it ended
		}
		if attempt == maxStarts || time.Since(began) > startSpan || len(s.ProvisioningErrors()) > 0 {
			return fmt.Errorf("grafana ended by itself after %s, %s; its last lines:\n%s",
				time.Since(began).Round(time.Millisecond), outcome(err), s.journal.lastLines())
		}
		s.cfg.Logger.Warn("grafana ended while it started", "attempt", attempt, "err", err)
	}
}

const (
	// maxStarts is how often Grafana is started at most.
	maxStarts = 3
	// startSpan is how long a start takes at most.
	startSpan = time.Minute
)

// runOnce runs the program until ctx ends or it does.
func (s *Server) runOnce(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		// The kernel kills Grafana when the thread that started it ends: so
		// this thread stays for as long as Grafana does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		program := s.command(ctx)
		err := program.Start()
		if err == nil {
			err = program.Wait()
			killGroup(program.Process) // whatever it started
		}
		done <- err
	}()
	return <-done
}

func (s *Server) command(ctx context.Context) *exec.Cmd {
	arguments := append([]string{}, s.cfg.Installation.Command...)
	arguments = append(arguments, "--homepath", s.cfg.Installation.Home)
	program := exec.CommandContext(ctx, s.cfg.Installation.Program, arguments...) //nolint:gosec // the user names the program
	program.Dir = s.cfg.Dir
	program.Env = s.env
	program.SysProcAttr = ownGroup()
	program.Cancel = func() error { return end(program.Process) }
	program.WaitDelay = s.cfg.Grace
	program.Stdout, program.Stderr = s.journal, s.journal
	return program
}

func outcome(err error) string {
	if err == nil {
		return "without an error"
	}
	return err.Error()
}
