package grafanaserver

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
	log      *logParser
	client   *http.Client
	ended    chan struct{} // closed when Run has returned
}

// New writes the files and picks a port. It starts nothing.
func New(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure grafana: %w", err)
	}
	cfg = cfg.withDefaults()
	if err := writeFiles(cfg.Files, cfg.Installation.Home, cfg.Dir); err != nil {
		return nil, err
	}
	var err error
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
		log:      newLogParser(cfg.Logger),
		client:   &http.Client{Transport: &http.Transport{}, Timeout: callTimeout},
		ended:    make(chan struct{}),
	}, nil
}

// URL returns the address of Grafana, without a slash at the end.
func (s *Server) URL() string { return s.url }

// PasswordFile returns the path of the file with the password of [User]. Only the
// user who runs this can read it.
func (s *Server) PasswordFile() string { return filepath.Join(s.cfg.Dir, passwordFile) }

// ProvisioningErrors returns the lines of the log, so far, that report an error
// in the files.
func (s *Server) ProvisioningErrors() []string { return s.log.provisioningErrors() }

// Run runs Grafana until ctx ends, which is no error, or until Grafana exits: the
// error then quotes its last lines. If it exits while it starts, it is started
// again, as its unit does: 10.0 sometimes fails to create its first organization
// in a new database. No process is left when Run returns. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	defer close(s.ended)
	defer s.client.CloseIdleConnections()
	for attempt := 1; ; attempt++ {
		start := time.Now()
		err := s.runOnce(ctx)
		if ctx.Err() != nil {
			return nil // whatever the exit code
		}
		if attempt == maxStarts || time.Since(start) > startTimeout || len(s.ProvisioningErrors()) > 0 {
			return fmt.Errorf("grafana exited after %s, %s; its last lines:\n%s",
				time.Since(start).Round(time.Millisecond), exitText(err), s.log.lastLines())
		}
		s.cfg.Logger.Warn("grafana exited while it started", "attempt", attempt, "err", err)
	}
}

const (
	// maxStarts bounds how often Grafana is started.
	maxStarts = 3
	// startTimeout is the longest duration of a start.
	startTimeout = time.Minute
)

// runOnce runs the program until ctx ends or it does.
func (s *Server) runOnce(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		// The kernel kills Grafana when the thread that started it ends, so
		// this thread has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		program := s.command(ctx)
		err := program.Start()
		if err == nil {
			err = program.Wait()
			killGroup(program.Process) // and what it has started
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
	program.SysProcAttr = processGroup()
	program.Cancel = func() error { return terminate(program.Process) }
	program.WaitDelay = s.cfg.Grace
	program.Stdout, program.Stderr = s.log, s.log
	return program
}

func exitText(err error) string {
	if err == nil {
		return "without an error"
	}
	return err.Error()
}
