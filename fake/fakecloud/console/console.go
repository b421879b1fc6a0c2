package console

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/netip"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/prices"
	"github.com/exopool/exopool/internal/loopback"
)

// Path is where the console begins.
const Path = "/console/"

//go:embed static templates
var files embed.FS

// A Cloud is what the console shows.
type Cloud interface {
	API() *exoapi.Cloud
	Bill() prices.Bill
	// Inspect, ConsoleLog, Traffic and HealthProblems look into machines and
	// load balancers. Where nothing can be said, that is an error, or empty.
	Inspect(ctx context.Context, instanceID string) (driverapi.Facts, error)
	ConsoleLog(instanceID string) (string, error)
	Traffic(balancerID, serviceID string) driverapi.Traffic
	HealthProblems(balancerID, serviceID string) map[string]error
	// Endpoint is where a service of a load balancer listens.
	Endpoint(balancerID string, port int) (netip.AddrPort, bool)
}

// Config describes a console. All fields are required.
type Config struct {
	Cloud Cloud
	Token string // of the users who may see the console and use it
	// Unsupported returns what clients asked for that is not emulated, each
	// with how often.
	Unsupported func() map[string]int
}

type console struct {
	Config

	started time.Time
	pages   *template.Template
	rates   rates
	boots   boots
}

// New returns the console of a cloud, to be served below [Path].
//
//	GET  /console/                      the page; ?token=… logs in
//	GET  /console/instance/{id}         an instance, its boot and its console log
//	POST /console/instance/{id}/crash   takes its power
//	POST /console/clock                 changes the speed
//	POST /console/faults                adds a fault
//	POST /console/faults/{number}/remove, /console/faults/clear
func New(cfg Config) (http.Handler, error) {
	if cfg.Cloud == nil || cfg.Token == "" || cfg.Unsupported == nil {
		return nil, errors.New("console: a cloud, a token and what is not supported are required")
	}
	pages, err := template.New("").ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	c := &console{Config: cfg, started: time.Now(), pages: pages}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{$}", c.overview)
	mux.HandleFunc("GET "+Path+"instance/{id}", c.instance)
	mux.HandleFunc("POST "+Path+"instance/{id}/crash", c.crash)
	mux.HandleFunc("POST "+Path+"clock", c.setSpeed)
	mux.HandleFunc("POST "+Path+"faults", c.addFault)
	mux.HandleFunc("POST "+Path+"faults/{number}/remove", c.removeFault)
	mux.HandleFunc("POST "+Path+"faults/clear", c.clearFaults)
	for _, name := range []string{"app.js", "style.css", "icon.svg"} {
		mux.HandleFunc("GET "+Path+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, files, "static/"+name)
		})
	}
	return loopback.RefuseOtherSites(contentSecurity, c.authorize(mux)), nil
}
