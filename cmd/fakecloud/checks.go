package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/containerhost"
	"github.com/exopool/exopool/internal/rehearsal/diagnosis"
	"github.com/exopool/exopool/internal/rehearsal/report"
)

// runChecks starts the cloud, and checks the folder against it line by line.
func (p program) runChecks(ctx context.Context, r rehearsal, to io.Writer) (found report.Report, err error) {
	found = report.Report{Folder: r.dir, Started: time.Now(), Machines: r.describeMachines()}
	checks, all, release := p.interruptible(ctx)
	defer release()
	defer func() {
		if checks.Err() != nil { // which explains any other error
			err = errInterrupted
		}
	}()
	installation, err := p.findTerraform(checks)
	if err != nil {
		return found, err
	}
	found.Versions = versions(checks, installation)
	cloud, err := p.startCloud(checks, r.config)
	if err != nil {
		return found, err
	}
	defer reportBill(p.stderr, cloud)
	defer p.reportUnsupported(cloud, "Terraform")
	defer p.reportFailedPulls(cloud)
	defer p.close(cloud) // so that the report is complete
	p.reportWithheld()
	folder, err := p.copyFolder(r, installation, cloud, all.Done())
	if err != nil {
		return found, err
	}
	defer folder.Close()
	cfg, err := checker(cloud, r)
	if err != nil {
		return found, err
	}
	progress := &checkProgress{to: p.beside(to), wait: p.wait}
	defer progress.end()
	cfg.Installer, cfg.Report, cfg.Progress = advisedFolder{folder, cloud.API().Templates()}, progress.result, progress.see
	fmt.Fprintf(to, "%s on a fake Exoscale with %s machines, in a copy with its own state\n", r.dir, r.Machines)
	found.Verdict, err = acceptance.Run(checks, all, cfg)
	found.Took, found.StandIns = time.Since(found.Started), standIns(installation, cloud)
	return found, err
}

// checker returns what checks an installation in a cloud, apart from the
// installation.
func checker(cloud *fakecloud.Cloud, r rehearsal) (cfg acceptance.Config, err error) {
	ability, reason := r.ability()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: cloud.DialContext}
	examiner, err := diagnosis.New(diagnosis.Config{
		Account: cloud.API(), Machines: cloud, Transport: transport, FailedPulls: func(id string) []string { return failedPulls(cloud, id) },
		Untrusting: func() []string { return untrusting(cloud) },
	})
	if err != nil {
		return cfg, err
	}
	cfg = acceptance.Config{
		Cloud: cloud.API(), Ability: ability, Reason: reason, Speed: r.Speed,
		Sprints: r.sprints, Beyond: r.beyond, FailFast: r.failFast, Dir: r.dir, NoEngine: noEngine,
		Transport: transport, Diagnose: examiner.Diagnose,
		Advise: func() []acceptance.Advice { return userDataAdvice(cloud.API()) },
	}
	cfg.Partly, cfg.Impossible = r.limits.partly, r.limits.impossible()
	if ability == acceptance.Boot {
		cfg.Engine, err = containerhost.New(containerhost.Config{StartMachine: cloud.StartHelper})
	}
	return cfg, err
}

// failedPulls returns images that a machine did not get, each with the reason.
func failedPulls(cloud *fakecloud.Cloud, machineID string) (texts []string) {
	for _, pull := range cloud.FailedPulls() {
		if pull.ID == machineID {
			texts = append(texts, fmt.Sprintf("%s: %s; %s", pull.Image, pull.Reason, pull.Remedy))
		}
	}
	return texts
}

// untrusting returns hosts of the cloud to which a program connected that does not
// trust them.
func untrusting(cloud *fakecloud.Cloud) (hosts []string) {
	for _, u := range cloud.Unsupported() {
		if host, ok := u.Untrusting(); ok {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// standIns returns what stood in for something real in the whole run.
func standIns(t terraformInstallation, cloud *fakecloud.Cloud) (texts []string) {
	for _, s := range cloud.StandIns() {
		texts = append(texts, s.String())
	}
	for _, provider := range t.mirror.Built {
		if provider.StandIn {
			texts = append(texts, "the provider "+provider.Source+" is not the genuine one")
		}
	}
	return texts
}

// ability is what the machines can do, and why no more.
func (r *rehearsal) ability() (acceptance.Ability, string) {
	switch r.Machines {
	case machinesNspawn:
		return acceptance.Boot, ""
	case machinesProcess:
		return acceptance.Traffic, "needs machines that execute their user-data: -machines nspawn"
	}
	return acceptance.StateOnly, "needs machines that answer: -machines nspawn or process"
}
