package exoapi

import (
	"fmt"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/iam"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// stores are the kinds of resources that others, or the methods of a [Cloud],
// refer to.
type stores struct {
	instances *instances
	pools     *pools
	balancers *balancers
	apiKeys   *apiKeys
	access    *access
	catalog   *catalog

	securityGroups *securityGroups
}

// newResources makes all kinds of resources and connects those that need one
// another. A new kind is one more entry of the list at the end. The order of
// the list is that of [world.World.Register].
func newResources(
	w *world.World, cfg Config, driver driverapi.Driver, faults *Faults, keyring *iam.Keyring, events *eventLog,
) (*stores, []resource, error) {
	instanceIPs, balancerIPs, err := publicAddresses(driver)
	if err != nil {
		return nil, nil, err
	}
	policies := &iam.Compiler{}
	organization := newOrganization(w, policies)
	catalog := newCatalog(cfg.Zones, cfg.APIEndpoint, cfg.Templates)
	catalog.add(cfg.Catalog)
	sshKeys := newSSHKeys(w)
	securityGroups := newSecurityGroups(w, driver, cfg.Logger)
	antiAffinityGroups := newAntiAffinityGroups(w, faults, cfg.AntiAffinityCapacity)
	privateNetworks := newPrivateNetworks(w, cfg.Logger)
	elasticIPs := newElasticIPs(w, instanceIPs)
	templates := newTemplates(w, catalog, cfg.Timing)
	snapshots := newSnapshots(w, cfg.Timing)
	volumes := newVolumes(w, cfg.Timing)
	volumeSnapshots := newVolumeSnapshots(w, cfg.Timing)
	instances := newInstances(w, driver, instanceIPs, faults, cfg)
	pools := newPools(w, faults, cfg.Timing, cfg.Logger)
	balancers := newBalancers(w, driver, balancerIPs, cfg)
	roles := newRoles(w, policies)
	apiKeys := newAPIKeys(w, keyring)
	clusters := newSKSClusters(w, cfg.Timing)

	instances.specs = &specReader{catalog, templates, sshKeys, securityGroups, antiAffinityGroups, privateNetworks, elasticIPs}
	instances.pools, instances.volumes, instances.redact = pools, volumes, keyring.Redact
	pools.instances, pools.balancers = instances, balancers
	balancers.pools = pools
	clusters.specs, clusters.pools = instances.specs, pools
	securityGroups.instances = instances
	antiAffinityGroups.instances = instances
	privateNetworks.instances = instances
	elasticIPs.instances = instances
	apiKeys.roles = roles
	snapshots.instances, snapshots.templates = instances, templates
	templates.snapshots = snapshots
	volumes.instances, volumes.snapshots = instances, volumeSnapshots

	all := &stores{
		instances: instances,
		pools:     pools,
		balancers: balancers,
		apiKeys:   apiKeys,
		catalog:   catalog,
		access:    &access{w, apiKeys, organization},

		securityGroups: securityGroups,
	}
	return all, slices.Concat([]resource{
		instances.declare(),
		pools.declare(),
		securityGroups.declare(),
		balancers.declare(),
		antiAffinityGroups.declare(),
		privateNetworks.declare(),
		elasticIPs.declare(),
		sshKeys.declare(),
		templates.declare(),
		snapshots.declare(),
		volumes.declare(),
		volumeSnapshots.declare(),
		roles.declare(),
		apiKeys.declare(),
		newUsers(w, roles).declare(),
		organization.declare(),
		organization.declarePolicy(),
		newDNSDomains(w).declare(),
		clusters.declare(),
		clusters.declareNodepools(),
		catalog.declare(),
		events.declare(w),
		declareOperations(w),
		declareQuotas(w),
		declareUsageReport(w, cfg.Timing.Speed),
	}, notEmulatedKinds()), nil
}

// publicAddresses are those of a driver's networks.
func publicAddresses(driver driverapi.Driver) (instances, balancers *world.Addresses, err error) {
	machines, services := driver.Networks()
	if !machines.IsValid() || !services.IsValid() {
		return nil, nil, fmt.Errorf("driver's networks %v and %v are not both valid", machines, services)
	}
	instances = world.NewAddresses(machines)
	// A driver with one network for both gets distinct addresses from it.
	if machines.Masked() == services.Masked() {
		return instances, instances, nil
	}
	return instances, world.NewAddresses(services), nil
}
