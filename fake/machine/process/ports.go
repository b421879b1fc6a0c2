package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// ports decides on which port a service really listens. That is the port asked
// for, unless it cannot be had on this host: a low port without the right
// to it, or one that another program holds on all addresses. Then a stand-in
// serves, the same one on every address.
type ports struct {
	probe  netip.Addr // of the network the services are in; nothing else uses it
	logger *slog.Logger

	mu    sync.Mutex
	given map[int]int // port asked for to port that serves
}

func newPorts(probe netip.Addr, logger *slog.Logger) *ports {
	return &ports{probe: probe, logger: logger, given: map[int]int{}}
}

// decide returns the port that serves for the given one, and finds it when
// asked for the first time.
func (p *ports) decide(port int) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if given, ok := p.given[port]; ok {
		return given, nil
	}
	given, err := p.find(port)
	if err != nil {
		return 0, err
	}
	p.given[port] = given
	return given, nil
}

// known returns the port decided on, or the given one when there was nothing
// to decide.
func (p *ports) known(port int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if given, ok := p.given[port]; ok {
		return given
	}
	return port
}

func (p *ports) find(port int) (int, error) {
	why := p.try(port)
	if why == nil {
		return port, nil
	}
	if !errors.Is(why, syscall.EADDRINUSE) && !errors.Is(why, syscall.EACCES) && !errors.Is(why, syscall.EPERM) {
		return 0, fmt.Errorf("try port %d: %w", port, why)
	}
	for _, standIn := range standIns(port) {
		if p.taken(standIn) || p.try(standIn) != nil {
			continue
		}
		p.logger.Warn("port cannot be had, another one stands in", "port", port, "stand_in", standIn, "err", why)
		return standIn, nil
	}
	return 0, fmt.Errorf("find a stand-in for port %d: %w", port, why)
}

// standIns lists candidates that are easy to recognise. They lie below the
// range from which the kernel takes the source ports of connections.
func standIns(port int) []int {
	var list []int
	if port < 1000 {
		list = append(list, port+7920) // 80 becomes 8000
	}
	for candidate := port + 10_000; candidate < 32_768; candidate += 1000 {
		list = append(list, candidate)
	}
	for candidate := 20_000; candidate < 20_100; candidate++ {
		list = append(list, candidate)
	}
	return list
}

func (p *ports) taken(port int) bool {
	for _, given := range p.given {
		if given == port {
			return true
		}
	}
	return false
}

// listen opens the port that serves for the given one.
func (p *ports) listen(_ context.Context, at netip.AddrPort) (net.Listener, error) {
	port, err := p.decide(int(at.Port()))
	if err != nil {
		return nil, err
	}
	return listen(netip.AddrPortFrom(at.Addr(), uint16(port))) //nolint:gosec // G115: ports are below 65536
}

func (p *ports) try(port int) error {
	l, err := listen(netip.AddrPortFrom(p.probe, uint16(port))) //nolint:gosec // G115: ports are below 65536
	if err != nil {
		return err
	}
	return l.Close()
}

func listen(at netip.AddrPort) (*net.TCPListener, error) {
	return net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(at))
}
