package exoapi

import (
	"fmt"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// passwordRetention is how long a password can be revealed.
const passwordRetention = 24 * time.Hour

// A password is that of an instance's default user. Machines do not know it.
type password struct {
	number int // of the resets before
	since  time.Time
}

type passwordView struct {
	Password string `json:"password"`
}

// A consoleView says where the screen of an instance is shown.
type consoleView struct {
	URL  string `json:"url"`
	Host string `json:"host"`
	Path string `json:"path"`
}

// accessRoutes are the ways into an instance, and its TPM.
func (s *instances) accessRoutes() []*route {
	console := get("/console/{id}", "get-console-proxy-url", s.console)
	console.kind = s.kind
	return []*route{
		put("/instance/{id}:reset-password", "reset-instance-password", s.resetPassword),
		get("/instance/{id}:password", "reveal-instance-password", s.revealPassword),
		post("/instance/{id}:enable-tpm", "enable-tpm", s.enableTPM),
		console,
	}
}

// hasPassword refuses an instance whose template sets no password.
func (i *instance) hasPassword() error {
	if !i.template.PasswordEnabled {
		return wire.Invalid("bad request: template %s of instance %s sets no password", i.template.Name, i.id)
	}
	return nil
}

func (s *instances) resetPassword(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := i.hasPassword(); err != nil {
		return nil, err
	}
	return s.setOn(r, i, func() { i.password = password{i.password.number + 1, s.world.Now()} })
}

func (s *instances) revealPassword(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := i.hasPassword(); err != nil {
		return nil, err
	}
	if s.world.Now().Sub(i.password.since) >= passwordRetention {
		return nil, wire.NotFound("password of instance", i.id)
	}
	return passwordView{s.world.IDs.LettersOf(fmt.Sprintf("password/%s/%d", i.id, i.password.number), 20)}, nil
}

// enableTPM cannot be undone.
func (s *instances) enableTPM(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := i.require([]string{instanceStopped}); err != nil {
		return nil, err
	}
	return s.setOn(r, i, func() { i.tpm = true })
}

// console names a host that cannot exist: nothing shows a screen, and the
// original's hosts are none of the emulator's business.
func (s *instances) console(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := i.require([]string{instanceRunning}); err != nil {
		return nil, err
	}
	v := consoleView{Host: "console-" + i.zone + ".invalid", Path: "/console?token=" + s.world.IDs.Letters(32)}
	v.URL = "wss://" + v.Host + v.Path
	return v, nil
}
