# Members that the last changes of the pool have not reached: a pool makes new
# members with what it has now, and leaves the others as they were made.

data "exoscale_compute_instance_list" "members" { # Forbidden? This key may not list instances: set report_outdated = false. Not found? A machine has just gone: try again.
  count = var.report_outdated ? 1 : 0

  zone = var.zone
  # Known before there is a pool. Other machines stay out of the state.
  name = "/^${local.member_prefix}-/"
}

locals {
  # A plan counts its own changes. Members on their way out do not matter, nor does
  # user-data that the API keeps to itself.
  outdated_members = sort([
    for member in flatten(data.exoscale_compute_instance_list.members[*].instances) : member.name
    if member.manager_id == exoscale_instance_pool.members.id
    && !contains(["destroying", "destroyed", "expunging"], member.state)
    && (
      member.template_id != exoscale_instance_pool.members.template_id
      || member.type != exoscale_instance_pool.members.instance_type
      || member.disk_size != exoscale_instance_pool.members.disk_size
      || member.user_data != "" && member.user_data != local.member_cloud_config
    )
  ])
}

locals {
  outdated_remedy = (var.rolling_change
    ? "The autoscaler replaces them one by one; terraform plan shows who is left."
    : "To have them replaced one by one, set rolling_change = true."
  )
}

output "outdated_members" {
  description = "Names of the members that were made with another template, type, disk size or user-data than the pool has now; null if report_outdated is false."
  value       = var.report_outdated ? local.outdated_members : null
}

check "outdated_members" {
  assert {
    condition     = length(local.outdated_members) == 0
    error_message = "Outdated members: ${length(local.outdated_members)}. They were made with another template, type, disk size or user-data than the pool has now, and keep it; the output outdated_members has their names. ${local.outdated_remedy}"
  }
}
