# Files of Prometheus that depend on variables. They replace those in
# files/monitoring, which are the same for every installation, or extend them.

locals {
  default_limits = {
    for rule in yamldecode(local.static_files["/etc/exopool/rules/limits.yml"]).groups[0].rules : rule.record => tonumber(rule.expr)
  }
  limits = {
    "exopool:cpu_high:percent" = coalesce(var.cpu_high, local.default_limits["exopool:cpu_high:percent"])
    "exopool:cpu_low:percent"  = coalesce(var.cpu_low, local.default_limits["exopool:cpu_low:percent"])
  }

  counting = {
    iowait = var.count_iowait ? 1 : 0
    steal  = var.count_steal ? 1 : 0
    age    = coalesce(var.boot_aware_age, 0)
  }
  default_counting = { iowait = 0, steal = 1, age = 0 } # of the file

  # The estimate on the dashboard. There is none for a machine type without a price.
  hourly_prices = {
    for name, price in { "exopool:base_price:per_hour" = local.fixed_cost, "exopool:member_price:per_hour" = local.member_cost } :
    name => price if local.fixed_cost != null && local.member_cost != null
  }

  prometheus_files = {
    # Its list of jobs comes last, so that another job can be appended.
    "/etc/exopool/prometheus.yml" = join("", concat(
      [local.static_files["/etc/exopool/prometheus.yml"]],
      var.application_metrics_path == null ? [] : [templatefile("${path.module}/templates/application-job.yml.tftpl", {
        path = var.application_metrics_path
        port = var.application_port
      })],
    ))
    "/etc/exopool/rules/counting.yml" = (local.counting == local.default_counting
      ? local.static_files["/etc/exopool/rules/counting.yml"]
      : templatefile("${path.module}/templates/counting.yml.tftpl", local.counting)
    )
    "/etc/exopool/rules/limits.yml" = (local.limits == local.default_limits
      ? local.static_files["/etc/exopool/rules/limits.yml"]
      : yamlencode({ groups = [{
        name  = "limits"
        rules = [for name, percent in local.limits : { record = name, expr = tostring(percent) }]
      }] })
    )
    "/etc/exopool/rules/prices.yml" = yamlencode({ groups = [{
      name  = "prices"
      rules = [for name, price in local.hourly_prices : { record = name, expr = format("%.6f", price), labels = { currency = var.prices.currency } }]
    }] })
  }
}
