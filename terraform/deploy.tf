# How the programs reach the monitoring machine: built here, if there is Go, and
# uploaded by SSH; else their source is uploaded and built there. A change of a
# program, a setting or a secret repeats it on the same machine.

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
  # Relative to this folder, in which they are used.
  source_archive = "source.tar"
  build_dir      = ".build/${var.name}"

  # Both ways of building begin with this archive. A new toolchain builds again, too.
  built_from = sha256("${filesha256("${path.module}/${local.source_archive}")} ${filesha256("${path.module}/files/deployment/toolchain")}")

  # Where commands are not for sh, nothing is built, and the folder stays empty.
  on_windows = can(regex("^[A-Za-z]:", abspath(path.module)))
  build_here = (local.on_windows
    ? replace("(if exist DIR rmdir /s /q DIR) & mkdir DIR", "DIR", replace(local.build_dir, "/", "\\"))
    : "sh files/build-here.sh ${local.build_dir}"
  )

  deployment_root  = "${path.module}/files/deployment"
  deployment_files = { for path in fileset(local.deployment_root, "**") : path => filesha256("${local.deployment_root}/${path}") }

  monitoring_ip = exoscale_compute_instance.monitoring.public_ip_address
  login         = coalesce(data.exoscale_template.machine.default_user, "debian")
  check_url     = "http://${exoscale_nlb.application.ip_address}${var.health_path}"
}

resource "terraform_data" "deployment" {
  count = local.uploads ? 1 : 0

  triggers_replace = [
    exoscale_compute_instance.monitoring.id,
    local.built_from,
    sha256(jsonencode([local.deployment_files, local.static_files, local.settings_files, local.secret_files])),
  ]

  depends_on = [
    exoscale_nlb_service.http,
    exoscale_security_group_rule.members_application,
    exoscale_security_group_rule.members_drain,
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

  # Meanwhile the machine boots.
  provisioner "local-exec" {
    command     = local.build_here
    working_dir = path.module
  }

  provisioner "remote-exec" {
    inline = [
      "set -eu",
      "rm -rf deployment deployment-*.sh",
      "install -d -m 0700 deployment deployment/programs deployment/rules deployment/secret deployment/static",
    ]
  }

  provisioner "file" {
    source      = "${local.deployment_root}/"
    destination = "deployment"
  }

  provisioner "file" {
    source      = "${path.module}/${local.source_archive}"
    destination = "deployment/source.tar"
  }

  provisioner "file" {
    source      = "${path.module}/${local.build_dir}/"
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
    content     = local.prometheus_files["/etc/exopool/rules/counting.yml"]
    destination = "deployment/rules/counting.yml"
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
    inline = ["sh deployment/install.sh ${local.built_from} '${local.check_url}'"]
  }
}
