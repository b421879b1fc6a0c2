package grafanaserver

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Config configures a [Server]. All fields but WebhookToken, Grace and Logger
// are required.
type Config struct {
	Installation Installation
	// Files is the file system of the monitoring machine.
	Files fs.FS
	// Dir is where the files, the database and the password of the
	// administrator are written; it must exist. A later server in the same
	// folder continues with what is there. The caller removes it.
	Dir string

	PrometheusURL string // such as http://127.0.0.1:9090
	AutoscalerURL string // such as http://127.0.0.1:8090, without /up and /down
	// WebhookToken is sent with each webhook. It needs a letter: Grafana takes
	// digits for a number, and does not start.
	WebhookToken string

	// Grace is how long Grafana may take to end before it is killed, 10 s when
	// zero.
	Grace time.Duration
	// Logger gets what Grafana logs, discarded by default.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Grace = cmp.Or(c.Grace, 10*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// validate returns all faults of the configuration.
func (c Config) validate() error {
	var faults []error
	if c.Installation.Program == "" || c.Installation.Home == "" {
		faults = append(faults, errors.New("the Installation is missing: get one from Find"))
	}
	if c.Files == nil {
		faults = append(faults, errors.New("the Files are missing"))
	}
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		faults = append(faults, fmt.Errorf("the Dir %q is no folder", c.Dir))
	}
	for name, value := range map[string]string{"PrometheusURL": c.PrometheusURL, "AutoscalerURL": c.AutoscalerURL} {
		if address, err := url.Parse(value); err != nil || address.Scheme != "http" || address.Host == "" {
			faults = append(faults, fmt.Errorf("the %s %q is not like http://127.0.0.1:9090", name, value))
		}
	}
	if _, err := strconv.ParseFloat(c.WebhookToken, 64); err == nil {
		faults = append(faults, errors.New("the WebhookToken is a number to Grafana: start it with a letter"))
	}
	return errors.Join(faults...)
}

// environment returns the whole environment of Grafana: what the unit of the
// monitoring machine sets, with other addresses, folders and secrets.
func (c Config) environment(port int, password, key string) ([]string, error) {
	variables, err := unitEnvironment(c.Files)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"PATH": os.Getenv("PATH"),
		"HOME": c.Dir,
		"TZ":   "UTC",

		"PROMETHEUS_URL": c.PrometheusURL,
		"AUTOSCALER_URL": c.AutoscalerURL,
		"DASHBOARD_DIR":  filepath.Join(c.Dir, dashboardsDir),
		"WEBHOOK_TOKEN":  c.WebhookToken,

		"GF_PATHS_DATA":         filepath.Join(c.Dir, dataDir),
		"GF_PATHS_LOGS":         filepath.Join(c.Dir, "log"),
		"GF_PATHS_PLUGINS":      filepath.Join(c.Dir, "plugins"),
		"GF_PATHS_PROVISIONING": filepath.Join(c.Dir, provisioningDir),
		"GF_SERVER_HTTP_ADDR":   loopback,
		"GF_SERVER_HTTP_PORT":   strconv.Itoa(port),
		"GF_SERVER_DOMAIN":      loopback,
		// Newer versions would download plugins.
		"GF_PLUGINS_PREINSTALL_DISABLED": "true",
		// The log is parsed line by line.
		"GF_LOG_MODE":           "console",
		"GF_LOG_CONSOLE_FORMAT": "json",

		"GF_SECURITY_ADMIN_PASSWORD": password,
		"GF_SECURITY_SECRET_KEY":     key,
	} {
		variables[name] = value
	}
	var environment []string
	for name, value := range variables {
		environment = append(environment, name+"="+value)
	}
	slices.Sort(environment)
	return environment, nil
}

const loopback = "127.0.0.1"

// freePort returns a free port of loopback.
func freePort() (int, error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(loopback)})
	if err != nil {
		return 0, fmt.Errorf("find a free port for grafana: %w", err)
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil || !ok {
		return 0, fmt.Errorf("find a free port for grafana: %w", err)
	}
	return address.Port, nil
}

// secret returns the secret in the file of that name, or writes a new one. Only
// the user who runs this can read the file.
func secret(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	old, err := os.ReadFile(path) //nolint:gosec // a file that this function wrote
	if err == nil {
		return string(old), nil
	}
	fresh := "x" + rand.Text() // never a number
	if err := os.WriteFile(path, []byte(fresh), 0o600); err != nil {
		return "", fmt.Errorf("keep the %s of grafana: %w", name, err)
	}
	return fresh, nil
}
