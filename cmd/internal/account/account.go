// Package account declares the settings that programs need to reach an account
// at Exoscale.
package account

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/internal/loopback"
)

// knownZones are those of today; there may be more some day.
const knownZones = "at-vie-1, at-vie-2, de-fra-1, de-muc-1, ch-gva-2, ch-dk-2, bg-sof-1, hr-zag-1"

// Add declares the credentials, the zone and the address of the API.
func Add(set *settings.Set, into *exoscale.Config) {
	settings.AddSecret(set, &into.Key, settings.Spec{
		Flag: "key-file", Env: "EXOSCALE_KEY, EXOSCALE_API_KEY", Help: "the API key",
		Required: true, Remedy: "give the API key, which starts with EXO",
	})
	settings.AddSecret(set, &into.Secret, settings.Spec{
		Flag: "secret-file", Env: "EXOSCALE_SECRET, EXOSCALE_API_SECRET", Help: "the API secret",
		Required: true, Remedy: "give the secret that was shown when the API key was made",
	})
	zone := settings.Text("ZONE", checkZone)
	zone.Values = func() []string { return strings.Split(knownZones, ", ") }
	settings.Add(set, &into.Zone, settings.Spec{
		Flag: "zone", Env: "EXOSCALE_ZONE", Help: "zone, e.g. at-vie-1", Required: true,
		Remedy: "give the zone's name, one of " + knownZones,
	}, zone)
	settings.Add(set, &into.Endpoint, settings.Spec{
		Flag: "endpoint", Env: "EXOSCALE_API_ENDPOINT",
		Help: "address of another API, for local runs and tests", Default: "the zone's own",
		Remedy: "give an absolute address such as http://127.0.0.1:8080/v2, or leave it out for the real API",
	}, settings.URL())
	set.Check(func() {
		into.Remedies = remedies(into.Zone)
		if strings.HasPrefix(into.Endpoint, "http:") && !IsLocal(*into) {
			set.Warn("the API endpoint is plain http to another host: anyone on the way can read and change what is sent; use https")
		}
	})
	set.Note("EXOSCALE_ZONE_ID is accepted and not needed.")
}

// remedies returns what to do about errors of the API, in terms of the settings.
func remedies(zone string) exoscale.Remedies {
	return exoscale.Remedies{
		Unauthorized: "check EXOSCALE_KEY and EXOSCALE_SECRET, and what the role of the key allows",
		Unreachable:  "check EXOSCALE_ZONE, the network and, if set, EXOSCALE_API_ENDPOINT",
		PoolNotFound: "check EXOSCALE_INSTANCEPOOL_ID and EXOSCALE_ZONE (exo compute instance-pool list --zone " + zone + ")",
	}
}

// AddPollInterval declares the time between two checks of what the API is doing,
// which a variable sets, too.
func AddPollInterval(set *settings.Set, into *exoscale.Config, variable, what string) {
	into.PollInterval = exoscale.DefaultConfig().PollInterval
	settings.Add(set, &into.PollInterval, settings.Spec{
		Flag: "poll", Env: variable, Help: "time between two checks of " + what,
	}, settings.Duration(10*time.Millisecond, time.Minute))
}

// checkZone checks the form of a zone's name. The name becomes part of a host
// name, so that anything else could send signed requests elsewhere.
func checkZone(text string) error {
	if !regexp.MustCompile(`^[a-z]{2,3}-[a-z]{2,5}-[0-9]{1,2}$`).MatchString(text) {
		return errors.New("is not the name of a zone")
	}
	return nil
}

// IsLocal reports whether the API is on this host.
func IsLocal(cfg exoscale.Config) bool {
	u, err := url.Parse(cfg.Endpoint)
	return err == nil && loopback.IsHost(u.Hostname())
}

// Pool returns the kind of ids and names of pools, ids in lower case.
func Pool() settings.Kind[string] {
	return settings.Text("POOL", checkPool).Then(func(text string) (string, error) {
		if len(text) == 36 && uuid.Validate(text) == nil {
			return strings.ToLower(text), nil
		}
		return text, nil
	})
}

func checkPool(text string) error {
	switch {
	case strings.Contains(text, ","):
		return errors.New("is more than one pool")
	case len(text) > 255:
		return errors.New("is longer than the 255 bytes of a name")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("has a control character in it")
	}
	return nil
}
