# The one machine outside the pool: Prometheus, Grafana, discovery, autoscaler.

# Grafana's password, the key that encrypts its database and the token of the
# webhooks are hashes of private keys that have no other use, because this needs
# no third provider. The letter in front prevents a value of digits alone from
# being read as a number.
resource "tls_private_key" "seed" {
  for_each  = toset(["grafana-password", "grafana-secret-key", "webhook-token"])
  algorithm = "ED25519"
}

locals {
  secrets = { for name, key in tls_private_key.seed : name => "x${substr(sha256(key.private_key_openssh), 0, 40)}" }

  # Files that are the same in every installation. Their path in the folder is
  # their path on the machine.
  static_root  = "${path.module}/files/monitoring"
  static_files = { for path in fileset(local.static_root, "**") : "/${path}" => file("${local.static_root}/${path}") }

  settings_files = merge(local.prometheus_files, {
    "/etc/apt/preferences.d/grafana" = templatefile("${path.module}/templates/grafana.pref.tftpl", { major = var.grafana_major })
    "/etc/exopool/exopool.env" = templatefile("${path.module}/templates/exopool.env.tftpl", {
      zone           = var.zone
      pool_id        = exoscale_instance_pool.members.id
      minimum        = var.minimum
      maximum        = var.maximum
      step           = var.step
      interval       = var.interval
      start_timeout  = var.start_timeout
      repair_after   = var.repair_after == null ? "never" : "${var.repair_after}s"
      evict          = var.evict
      rolling_change = var.rolling_change
      schedules      = local.schedules
      budget         = local.budget_settings

      policy          = var.policy
      cpu_objective   = var.cpu_objective == null ? "none" : var.cpu_objective
      load_query      = var.load_query
      load_per_member = var.load_per_member
    })
  })

  secret_files = {
    "/etc/exopool/exoscale-key"    = local.machine_key
    "/etc/exopool/exoscale-secret" = local.machine_secret
    "/etc/exopool/webhook-token"   = local.secrets["webhook-token"]
    "/etc/exopool/grafana.env" = templatefile("${path.module}/templates/grafana.env.tftpl", {
      password   = local.secrets["grafana-password"]
      secret_key = local.secrets["grafana-secret-key"]
      token      = local.secrets["webhook-token"]
    })
  }

  # User-data has a limit, so it has these files without what only people read:
  # comments in YAML and the indentation of JSON. An upload brings them entire.
  packed_files = { for path, content in merge(local.static_files, local.settings_files) : path => (
    endswith(path, ".json") ? jsonencode(jsondecode(content))
    : endswith(path, ".yml") || endswith(path, ".yaml") ? replace(content, "/(?m)^ *#.*\n/", "")
    : content
  ) }

  fetches_release = var.provision && var.release_url != null
  uploads         = var.provision && var.release_url == null

  monitoring_cloud_config = templatefile("${path.module}/templates/monitoring.yaml.tftpl", {
    host_key = {
      ed25519_private = tls_private_key.host.private_key_openssh
      ed25519_public  = trimspace(tls_private_key.host.public_key_openssh)
    }
    files = local.packed_files
    # Without SSH, user-data is the only way for secrets to reach the machine.
    secret_files = local.fetches_release ? local.secret_files : {}
    commands = join(" && ", concat(
      ["sh /usr/local/lib/exopool/setup.sh"],
      local.fetches_release ? [
        "sh /usr/local/lib/exopool/fetch.sh '${var.release_url}' ${var.release_sha256 == null ? "" : var.release_sha256}",
        "sh /usr/local/lib/exopool/start.sh",
      ] : [],
    ))
  })
  monitoring_user_data = base64gzip(local.monitoring_cloud_config)
}

resource "exoscale_compute_instance" "monitoring" {
  zone               = var.zone
  name               = "${var.name}-monitoring"
  template_id        = data.exoscale_template.machine.id
  type               = var.monitoring_type
  disk_size          = var.disk_size
  ssh_keys           = compact([exoscale_ssh_key.deploy.name, var.ssh_key])
  security_group_ids = [exoscale_security_group.monitoring.id]
  user_data          = local.monitoring_user_data
  labels             = local.labels

  # Because the user-data contains the pool's id, this machine is destroyed before
  # the pool, so that no autoscaler resizes a pool that is being deleted.
  lifecycle {
    # Exoscale renews its images under the same name. That must not delete the
    # recorded metrics; the README says how to replace the machine on purpose.
    # User-data is for a new machine, too. To change it is an update, with which
    # the provider (0.69.3) takes all labels away.
    ignore_changes = [template_id, user_data]

    # A machine that fetches its release does so once, at its first boot.
    replace_triggered_by = [terraform_data.first_boot]

    precondition {
      condition     = (var.release_url == null) == (var.release_sha256 == null)
      error_message = "Set release_url and release_sha256 together, or neither."
    }

    precondition {
      condition     = (var.load_query == null) == (var.load_per_member == null)
      error_message = "Set load_query and load_per_member together, or neither."
    }

    precondition {
      condition     = var.policy == "step" || var.cpu_objective != null || var.load_query != null
      error_message = "The policy ${var.policy} needs a signal: set cpu_objective, or load_query and load_per_member."
    }

    precondition {
      condition     = local.limits["exopool:cpu_low:percent"] < local.limits["exopool:cpu_high:percent"]
      error_message = "The lower limit, ${local.limits["exopool:cpu_low:percent"]} %, must be less than the upper one, ${local.limits["exopool:cpu_high:percent"]} %, so that the size is stable between them: set cpu_low and cpu_high."
    }

    precondition {
      condition     = (var.budget == null && var.budget_hourly == null) || length(local.budget_settings) > 0
      error_message = "A budget needs the price of a member: add the type ${var.member_type} to prices, or leave budget and budget_hourly out."
    }

    precondition {
      condition     = length(local.monitoring_user_data) < 32768
      error_message = "The user-data of the monitoring machine has ${nonsensitive(length(local.monitoring_user_data))} characters; Exoscale takes less than 32768."
    }
  }
}

# Changes with everything that takes effect on a new machine only.
resource "terraform_data" "first_boot" {
  input = local.fetches_release ? sha256(local.monitoring_cloud_config) : "uploads"
}
