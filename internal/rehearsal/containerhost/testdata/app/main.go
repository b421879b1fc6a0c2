// Command app is what the tests run in a container.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if err := os.WriteFile("/srv/service-discovery/config.json", []byte("[]"), 0o600); err != nil {
		return err
	}
	go func() {
		answer := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getenv(r.URL.Query().Get("name"))) }
		err := http.ListenAndServe(":"+os.Getenv("LISTEN_PORT"), http.HandlerFunc(answer)) //nolint:gosec // G114: for a test
		fmt.Fprintln(os.Stderr, err)
	}()
	fmt.Println("up")
	if <-stop; os.Getenv("STUBBORN") != "" {
		fmt.Println("not now")
		select {}
	}
	return errors.Join(os.Remove("/srv/service-discovery/config.json"))
}
