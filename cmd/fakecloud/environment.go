package main

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/domains"
)

// environ returns the variables that send clients to the instance, under all
// the names they look for, and keep them from the real cloud. Some of them add
// to those that are there, or are those with another value.
//
// There are two ways to the instance, and a client may use both: its address,
// which is the endpoint here and in the list of zones, and the proxy, which
// answers for the real addresses.
func (c contact) environ(present []string) []string {
	direct := directHosts(present)
	return append([]string{
		"EXOSCALE_API_KEY=" + c.Key,
		"EXOSCALE_API_SECRET=" + c.Secret,
		"EXOSCALE_KEY=" + c.Key,
		"EXOSCALE_SECRET=" + c.Secret,
		"EXOSCALE_ZONE=" + c.Zone,
		"EXOSCALE_API_ENDPOINT=" + c.Base + "/v2",
		"HTTPS_PROXY=" + c.Base,
		"https_proxy=" + c.Base,
		"HTTP_PROXY=" + c.Base,
		"http_proxy=" + c.Base,
		"NO_PROXY=" + direct,
		"no_proxy=" + direct,
		"SSL_CERT_FILE=" + c.Bundle,
		// curl, Python's requests and AWS' clients look here first.
		"CURL_CA_BUNDLE=" + c.Bundle,
		"REQUESTS_CA_BUNDLE=" + c.Bundle,
		"AWS_CA_BUNDLE=" + c.Bundle,
		// An account's key is also that of its object storage. Clients that
		// find one here ask neither the user's files nor the computer's own
		// cloud for another, and get to the proxy, which tells them why not.
		"AWS_ACCESS_KEY_ID=" + c.Key,
		"AWS_SECRET_ACCESS_KEY=" + c.Secret,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + c.file("aws-config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + c.file("aws-credentials"),
		"BOTO_CONFIG=" + c.file("boto.cfg"),
		"MC_CONFIG_DIR=" + c.file("mc"),
		"RCLONE_CONFIG=" + c.file("rclone.conf"),
		"S3CMD_CONFIG=" + c.file("s3cfg"),
		// For the Terraform module of this repository, and for Terraform
		// itself: no question to its maker about newer versions.
		"TF_VAR_exoscale_key=" + c.Key,
		"TF_VAR_exoscale_secret=" + c.Secret,
		"CHECKPOINT_DISABLE=1",
		// A state that lists real resources would otherwise be compared with
		// this cloud, where there are none, and forget them.
		"TF_WORKSPACE=fakecloud",
	}, c.variables(present)...)
}

// file returns the name of a file that belongs to the instance.
func (c contact) file(name string) string { return filepath.Join(filepath.Dir(c.Bundle), name) }

// files returns what is in the files that variables name, for clients that
// would otherwise look for credentials in those of the user.
func (c contact) files() map[string]string {
	host, port, _ := strings.Cut(strings.TrimPrefix(c.Base, "http://"), ":")
	return map[string]string{
		"aws-config": "", "aws-credentials": "", "boto.cfg": "", "rclone.conf": "",
		// It does not heed the variables for proxies.
		"s3cfg": "[default]\naccess_key = " + c.Key + "\nsecret_key = " + c.Secret +
			"\nhost_base = sos-" + c.Zone + ".exo.io\nhost_bucket = %(bucket)s.sos-" + c.Zone + ".exo.io" +
			"\nproxy_host = " + host + "\nproxy_port = " + port + "\nca_certs_file = " + c.Bundle + "\nmax_retries = 1\n",
	}
}

// directHosts returns the hosts to reach without a proxy: those named already,
// less the real cloud, and this computer.
func directHosts(environ []string) string {
	hosts := []string{"127.0.0.0/8", "127.0.0.1", "localhost"}
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		if !strings.EqualFold(name, "NO_PROXY") {
			continue
		}
		for _, host := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
			if !meansVendor(host) && !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	return strings.Join(hosts, ",")
}

// meansVendor reports whether a word of NO_PROXY may mean a host of the vendor
// to some client: they differ in how they read asterisks, dots and ports.
func meansVendor(word string) bool {
	suffix := strings.TrimRight(strings.ToLower(strings.TrimLeft(word, "*.")), ".")
	return strings.Contains(suffix, "*") || slices.ContainsFunc(domains.All(), func(domain string) bool {
		return strings.Contains(suffix, domain) || strings.HasSuffix(domain, suffix)
	})
}

// redirect returns environ without whatever could lead to a real account, and
// with what leads to the instance.
func (c contact) redirect(environ []string) []string {
	given := c.environ(environ)
	gone := map[string]bool{}
	for _, name := range takenOut(environ) {
		gone[name] = true
	}
	for _, assignment := range given {
		name, _, _ := strings.Cut(assignment, "=")
		gone[name] = true
	}
	kept := slices.DeleteFunc(slices.Clone(environ), func(assignment string) bool {
		name, _, _ := strings.Cut(assignment, "=")
		return gone[name] || setsProxy(name)
	})
	return append(kept, given...)
}

// tell names the variables that a command would miss, or find changed. That
// the vendor's own are, everybody expects.
func (c contact) tell(to io.Writer, environ []string) {
	names := slices.Concat(takenOut(environ), changed(environ))
	names = slices.DeleteFunc(names, func(name string) bool {
		return variable(environ, name) == "" || strings.HasPrefix(name, "EXOSCALE_") || strings.HasPrefix(name, "CLOUDSTACK_") || strings.HasPrefix(name, "TF_VAR_exoscale_")
	})
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	fmt.Fprintf(to, "fakecloud: kept from the command, or replaced, as they may lead to a real account: %s\n",
		strings.Join(slices.Compact(names), ", "))
}

// shell returns the environment as commands for a shell.
func (c contact) shell(present []string) string {
	var b strings.Builder
	b.WriteString(unset(present, "ALL_PROXY", "all_proxy"))
	for _, assignment := range c.environ(present) {
		name, value, _ := strings.Cut(assignment, "=")
		if strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,[]") != "" {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		fmt.Fprintf(&b, "export %s=%s\n", name, value)
	}
	return b.String()
}

// identifier is the name of a variable that shells can unset.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// unset returns a command for a shell which takes out of it what could lead to
// a real account: what is there now, the usual names in any case, and others
// that are given.
func unset(present []string, others ...string) string {
	names := slices.Concat(takenOut(present), usual(), others)
	names = slices.DeleteFunc(names, func(name string) bool { return !identifier.MatchString(name) })
	slices.Sort(names)
	return "unset " + strings.Join(slices.Compact(names), " ") + "\n"
}
