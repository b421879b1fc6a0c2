package fakecloud

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/exopool/exopool/fake/vendordomains"
)

// successor says what to use instead of API v1. The version is that which removed
// all resources of it from the provider.
const successor = "API v1 is not emulated, only API v2. Version 0.54.0 of the Terraform provider exoscale/exoscale and newer ones " +
	"use API v2 alone: require one of them. exoscale_compute is exoscale_compute_instance there, exoscale_compute_template " +
	"exoscale_template, exoscale_ssh_keypair exoscale_ssh_key, exoscale_affinity exoscale_anti_affinity_group, exoscale_network " +
	"exoscale_private_network and exoscale_ipaddress exoscale_elastic_ip"

// The codes of API v1 for a call that is not served.
const (
	v1Status    = 422  // unsupported action
	v1Exception = 4390 // unsupported service
)

// maxForm is the longest body of a request, in bytes: that of a call of API v1 with
// user-data, and more than API v2 takes.
const maxForm = 2 << 20

// maxCommand is the longest name of a command that is remembered.
const maxCommand = 60

// isV1 reports whether a request is one of API v1, which has one path, and the
// name of a command among its parameters; the name.
func isV1(r *http.Request) (command string, ok bool) {
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "/v1", "/compute", "/v1/compute", "/client/api":
	default:
		return "", false
	}
	if vendordomains.OfVendor(r.Host) && isObjectStorage(r.Host) {
		return "", false
	}
	command = r.URL.Query().Get("command")
	if command == "" && r.Method == http.MethodPost {
		command = r.PostFormValue("command")
	}
	plain := strings.Trim(command, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
	return command, command != "" && plain && len(command) <= maxCommand
}

// refuseV1 answers in the form of API v1, so that its clients show the reason.
func refuseV1(w http.ResponseWriter, command string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(v1Status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client may have left
		strings.ToLower(command) + "response": map[string]any{
			"errorcode": v1Status, "cserrorcode": v1Exception, "errortext": successor, "uuidList": []string{},
		},
	})
}
