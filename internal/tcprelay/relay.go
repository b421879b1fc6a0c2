package tcprelay

import (
	"context"
	"io"
	"net"
	"sync"
)

// Join copies in both directions until both have ended, then closes both
// connections. The end of one direction is passed on while the other continues;
// an error, or the end of ctx, ends both.
func Join(ctx context.Context, a, b net.Conn) {
	closeBoth := func() { _, _ = a.Close(), b.Close() }
	defer closeBoth()
	stop := context.AfterFunc(ctx, closeBoth)
	defer stop()
	var other sync.WaitGroup
	defer other.Wait()
	other.Go(func() { copyOrClose(a, b) })
	copyOrClose(b, a)
}

// copyOrClose copies one direction and passes its end on.
func copyOrClose(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		err = half.CloseWrite()
	}
	if err != nil {
		_, _ = to.Close(), from.Close()
	}
}

// Reset closes a connection as if its port were closed: the peer gets an error,
// where a plain close would end its stream in order.
func Reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0) // on failure it is closed in order
	}
	_ = conn.Close()
}
