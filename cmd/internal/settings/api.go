package settings

import (
	"net/url"
	"strings"
)

// addAPI declares what both programs need to reach the provider.
func addAPI(l *loader, into *API) {
	addSecret(l, &into.Key, spec{
		env: []string{"EXOSCALE_KEY", "EXOSCALE_API_KEY"}, usage: "the API key",
		required: true, remedy: "give the API key, which starts with EXO",
	}, "key-file")
	addSecret(l, &into.Secret, spec{
		env: []string{"EXOSCALE_SECRET", "EXOSCALE_API_SECRET"}, usage: "the API secret",
		required: true, remedy: "give the secret that was shown when the API key was made",
	}, "secret-file")
	add(l, &into.Zone, spec{
		flags: []string{"zone"}, env: []string{"EXOSCALE_ZONE"}, arg: "ZONE",
		usage: "zone of the pool, e.g. at-vie-1", required: true,
		remedy: "give the zone's name, such as at-vie-1, at-vie-2, de-fra-1, de-muc-1, ch-gva-2, ch-dk-2, bg-sof-1 or hr-zag-1",
	}, parseZone)
	addEndpoint(l, into)
}

// addEndpoint declares the API address. Its value may hold a password by
// mistake, so that it is checked for one before any message repeats it.
func addEndpoint(l *loader, into *API) {
	s := spec{
		flags: []string{"endpoint"}, env: []string{"EXOSCALE_API_ENDPOINT"}, arg: "URL",
		usage: "address of another API, for local runs and tests", otherwise: "the zone's own",
		remedy: "give an absolute address such as http://127.0.0.1:8080/v2, or leave it out for the real API",
	}
	var endpoint url.URL
	add(l, &endpoint, s, func(text string) (url.URL, error) {
		switch {
		case text == "": // an empty flag overrules the variable
			return url.URL{}, nil
		case strings.Contains(text, "@"): // what stands before it may be a password
			l.fault(s.name(), "has a user name or a password in it (value not shown)", s.remedy)
			return url.URL{}, nil
		}
		return parseEndpoint(text)
	})
	l.resolve = append(l.resolve, func() {
		if endpoint.Host == "" {
			return
		}
		into.Endpoint = endpoint.String()
		into.Local = isLoopback(endpoint.Hostname())
		if endpoint.Scheme == "http" && !into.Local {
			into.Warnings = append(into.Warnings,
				"the API endpoint is plain http to another computer: anyone on the way can read and change what is sent; use https")
		}
	})
}
