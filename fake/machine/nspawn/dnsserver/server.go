package dnsserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
)

const (
	// ttl of own answers, in seconds: short, as tests change them.
	ttl = 5
	// upstreamTimeout is for one server; resolvers themselves wait five seconds.
	upstreamTimeout = 2 * time.Second
	// maxQuestions at the same time; more of them are refused. A machine that
	// asks in a loop must not exhaust the host.
	maxQuestions = 256
	// maxConnections over TCP at the same time.
	maxConnections = 128
)

// Config is what a [Server] needs. Only Logger is required.
type Config struct {
	Logger *slog.Logger
	// Hosts are names with an address of their own. A name that begins with
	// "*." stands for all names below the rest. The most precise one counts.
	Hosts map[string]netip.Addr
	// Upstream are name servers as host:port. None means that other names
	// cannot be resolved; see [Upstream].
	Upstream []string
}

// Upstream lists the name servers of a resolv.conf, /etc/resolv.conf say.
func Upstream(file string) ([]string, error) {
	c, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("read name servers: %w", err)
	}
	list := make([]string, 0, len(c.Servers))
	for _, s := range c.Servers {
		list = append(list, net.JoinHostPort(s, c.Port))
	}
	return list, nil
}

// errEnded is for a server that ended before its context.
var errEnded = errors.New("ended early")

// A Server answers questions for names.
type Server struct {
	cfg   Config
	hosts map[string]netip.Addr
	room  chan struct{} // one entry a question
}

// New returns a server that serves nothing yet.
func New(cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		return nil, errors.New("name server: no logger given")
	}
	s := &Server{cfg: cfg, hosts: map[string]netip.Addr{}, room: make(chan struct{}, maxQuestions)}
	for name, addr := range cfg.Hosts {
		if _, ok := dns.IsDomainName(name); !ok || !addr.Is4() {
			return nil, fmt.Errorf("name server: host %q with address %v: want a name and an IPv4 address", name, addr)
		}
		s.hosts[dns.CanonicalName(name)] = addr
	}
	return s, nil
}

// Serve answers what comes in until ctx ends, then closes both and returns. An
// error says why it could not go on.
func (s *Server) Serve(ctx context.Context, packets net.PacketConn, connections net.Listener) error {
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) { s.handle(ctx, w, question) })
	servers := []*dns.Server{
		{PacketConn: packets, Handler: handler, UDPSize: dns.DefaultMsgSize},
		{Listener: netutil.LimitListener(connections, maxConnections), Handler: handler, ReadTimeout: upstreamTimeout},
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, server := range servers {
		all.Go(func() error {
			err := server.ActivateAndServe()
			select {
			case <-ctx.Done():
				return nil
			default:
				return fmt.Errorf("name server: %w", errors.Join(errEnded, err))
			}
		})
	}
	all.Go(func() error {
		<-ctx.Done()
		for _, server := range servers {
			_ = server.ShutdownContext(ctx) // so that it waits for no more questions
		}
		_ = packets.Close()
		_ = connections.Close()
		return nil
	})
	return all.Wait()
}

func (s *Server) handle(ctx context.Context, w dns.ResponseWriter, question *dns.Msg) {
	var answer *dns.Msg
	select {
	case s.room <- struct{}{}:
		answer = s.Answer(ctx, question, w.RemoteAddr().Network())
		<-s.room
	default:
		answer = failure(question, dns.RcodeServerFailure)
	}
	if err := w.WriteMsg(answer); err != nil {
		s.cfg.Logger.Debug("name server: answer not sent", "err", err)
	}
}

// Answer returns the answer to a question. Network is udp or tcp, as it came.
func (s *Server) Answer(ctx context.Context, question *dns.Msg, network string) *dns.Msg {
	if question.Response || question.Opcode != dns.OpcodeQuery || len(question.Question) != 1 {
		return failure(question, dns.RcodeNotImplemented)
	}
	q := question.Question[0]
	if addr, ok := s.lookup(q.Name); ok {
		return answerHost(question, q, addr)
	}
	return s.forward(ctx, question, network)
}

// lookup finds the most precise host for a name.
func (s *Server) lookup(name string) (netip.Addr, bool) {
	name = dns.CanonicalName(name)
	if addr, ok := s.hosts[name]; ok {
		return addr, true
	}
	for {
		_, parent, ok := strings.Cut(name, ".")
		if !ok || parent == "" {
			return netip.Addr{}, false
		}
		if addr, ok := s.hosts["*."+parent]; ok {
			return addr, true
		}
		name = parent
	}
}

// answerHost answers for a host. It has no records but one address, and says so.
func answerHost(question *dns.Msg, q dns.Question, addr netip.Addr) *dns.Msg {
	answer := new(dns.Msg).SetReply(question)
	answer.Authoritative, answer.RecursionAvailable = true, true
	if q.Qclass == dns.ClassINET && (q.Qtype == dns.TypeA || q.Qtype == dns.TypeANY) {
		answer.Answer = []dns.RR{&dns.A{
			Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: ttl},
			A:   addr.AsSlice(),
		}}
	}
	return answer
}

// forward asks one name server after the other, over the network that the
// question came by: a client that gets a truncated answer repeats its question over TCP.
func (s *Server) forward(ctx context.Context, question *dns.Msg, network string) *dns.Msg {
	client := &dns.Client{Net: network, Timeout: upstreamTimeout, UDPSize: dns.DefaultMsgSize}
	for _, server := range s.cfg.Upstream {
		answer, _, err := client.ExchangeContext(ctx, question, server)
		if err == nil {
			answer.Id = question.Id
			return answer
		}
		s.cfg.Logger.Debug("name server does not answer", "server", server, "err", err)
	}
	return failure(question, dns.RcodeServerFailure)
}

func failure(question *dns.Msg, code int) *dns.Msg { return new(dns.Msg).SetRcode(question, code) }
