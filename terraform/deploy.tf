# How the programs reach the monitoring machine: built here, uploaded by SSH.
# A change of a program, a setting or a secret repeats it on the same machine.

resource "tls_private_key" "deploy" {
  algorithm = "ED25519"
}

# The machine gets its host key from here, so that the upload of secrets can
# verify the machine.
resource "tls_private_key" "host" {
  algorithm = "ED25519"
}

resource "exoscale_ssh_key" "deploy" {
  name       = "${var.name}-deploy"
  public_key = trimspace(tls_private_key.deploy.public_key_openssh)
}

locals {
  repository = abspath("${path.module}/..")
  build_dir  = abspath("${path.module}/.build")
  sources = concat(["go.mod", "go.sum"], flatten([
    for folder in [
      "autoscale", "discovery", "exoscale", "sweep", "cmd/autoscaler", "cmd/discovery", "cmd/internal",
      "internal/atomicfile", "internal/auth", "internal/clock", "internal/configerr", "internal/lograte", "internal/loopback",
      ] : [
      for path in sort(fileset(local.repository, "${folder}/**/*.go")) : path if !endswith(path, "_test.go")
    ]
  ]))
  sources_hash = sha256(join("\n", [for path in local.sources : "${path} ${filesha256("${local.repository}/${path}")}"]))

  build_command = "go build -trimpath -buildvcs=false -ldflags=\"-s -w\" -o \"${local.build_dir}/\" ./cmd/autoscaler ./cmd/discovery"
  build_environment = {
    GOOS        = "linux"
    GOARCH      = "amd64"
    CGO_ENABLED = "0"
    GOWORK      = "off"
  }

  monitoring_ip = exoscale_compute_instance.monitoring.public_ip_address
  login         = coalesce(data.exoscale_template.machine.default_user, "debian")
  check_url     = "http://${exoscale_nlb.application.ip_address}${var.health_path}"
}

# Builds while the cloud is busy, so that a missing compiler is reported early.
resource "terraform_data" "programs" {
  count            = local.uploads ? 1 : 0
  triggers_replace = [local.sources_hash]

  provisioner "local-exec" { # Needs Go, see https://go.dev/doc/install, or release_url.
    command     = local.build_command
    working_dir = local.repository
    environment = local.build_environment
  }
}

resource "terraform_data" "deployment" {
  count = local.uploads ? 1 : 0

  triggers_replace = [
    exoscale_compute_instance.monitoring.id,
    local.sources_hash,
    sha256(jsonencode([local.static_files, local.settings_files, local.secret_files])),
  ]

  depends_on = [
    terraform_data.programs,
    exoscale_nlb_service.http,
    exoscale_security_group_rule.members_application,
    exoscale_security_group_rule.members_exporter,
    exoscale_security_group_rule.monitoring,
  ]

  connection {
    type        = "ssh"
    host        = local.monitoring_ip
    user        = local.login
    private_key = tls_private_key.deploy.private_key_openssh
    host_key    = trimspace(tls_private_key.host.public_key_openssh)
    timeout     = "10m"
    # In the home directory, where the next upload removes what this one leaves.
    script_path = "./deployment-%RAND%.sh"
  }

  # Takes a second, and is needed on a machine that has not built them yet.
  provisioner "local-exec" {
    command     = local.build_command
    working_dir = local.repository
    environment = local.build_environment
  }

  provisioner "remote-exec" {
    inline = [
      "set -eu",
      "echo 'waiting for the first boot to end'",
      # 2 means done, with warnings.
      "cloud-init status --wait >/dev/null || test $? -eq 2 || { sudo tail -n 40 /var/log/cloud-init-output.log; exit 1; }",
      "rm -rf deployment deployment-*.sh",
      "install -d -m 0700 deployment deployment/programs deployment/rules deployment/secret deployment/static",
    ]
  }

  provisioner "file" {
    source      = "${local.build_dir}/"
    destination = "deployment/programs"
  }

  provisioner "file" {
    source      = "${local.static_root}/"
    destination = "deployment/static"
  }

  provisioner "file" {
    content     = local.settings_files["/etc/exopool/exopool.env"]
    destination = "deployment/exopool.env"
  }

  provisioner "file" {
    content     = local.prometheus_files["/etc/exopool/prometheus.yml"]
    destination = "deployment/prometheus.yml"
  }

  provisioner "file" {
    content     = local.prometheus_files["/etc/exopool/rules/limits.yml"]
    destination = "deployment/rules/limits.yml"
  }

  provisioner "file" {
    content     = local.prometheus_files["/etc/exopool/rules/prices.yml"]
    destination = "deployment/rules/prices.yml"
  }

  provisioner "file" {
    content     = local.prometheus_files["/etc/exopool/rules/signal.yml"]
    destination = "deployment/rules/signal.yml"
  }

  provisioner "file" {
    content     = local.secret_files["/etc/exopool/exoscale-key"]
    destination = "deployment/secret/exoscale-key"
  }

  provisioner "file" {
    content     = local.secret_files["/etc/exopool/exoscale-secret"]
    destination = "deployment/secret/exoscale-secret"
  }

  provisioner "file" {
    content     = local.secret_files["/etc/exopool/webhook-token"]
    destination = "deployment/secret/webhook-token"
  }

  provisioner "file" {
    content     = local.secret_files["/etc/exopool/grafana.env"]
    destination = "deployment/secret/grafana.env"
  }

  provisioner "remote-exec" {
    inline = [
      "set -eu",
      "trap 'rm -rf deployment' EXIT",
      "sudo install -d -m 0755 /etc/exopool",
      "sudo install -m 0755 deployment/programs/autoscaler deployment/programs/discovery /usr/local/bin/",
      "sudo install -m 0600 deployment/secret/* /etc/exopool/",
      "sudo install -m 0644 deployment/exopool.env /etc/exopool/",
      # Files of an earlier version would be loaded with the rest.
      "sudo rm -rf /etc/exopool/rules /etc/exopool/rules-optional /etc/grafana/dashboards",
      "sudo find /etc/grafana/provisioning -name '*.yaml' -delete",
      "sudo cp -R --no-preserve=mode,ownership deployment/static/. /",
      "sudo install -m 0644 deployment/prometheus.yml /etc/exopool/",
      "sudo install -m 0644 deployment/rules/* /etc/exopool/rules/",
      "sudo sh /usr/local/lib/exopool/start.sh '${local.check_url}'",
    ]
  }
}
