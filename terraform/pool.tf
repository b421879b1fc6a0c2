# The instance pool that runs the application.

data "exoscale_template" "machine" {
  zone = var.zone
  id   = var.template_id
  name = var.template_id == null ? var.template : null
}

locals {
  labels        = merge(var.labels, { installation = var.name })
  member_prefix = "${var.name}-member"

  # podman accepts full names only: the part before the first slash is a registry
  # if it has a dot or a port.
  image_parts = split("/", var.application_image)
  image = (
    length(local.image_parts) == 1 ? "docker.io/library/${var.application_image}" :
    can(regex("[.:]|^localhost$", local.image_parts[0])) ? var.application_image :
    "docker.io/${var.application_image}"
  )

  member_cloud_config = templatefile("${path.module}/templates/member.yaml.tftpl", {
    application   = templatefile("${path.module}/templates/application.service.tftpl", { image = local.image })
    drain         = file("${path.module}/files/member/drain.py")
    drain_service = templatefile("${path.module}/templates/drain@.service.tftpl", { port = var.application_port })
    drain_socket  = file("${path.module}/files/member/drain.socket")
    setup         = file("${path.module}/files/member/setup.sh")
  })
  member_user_data = base64gzip(local.member_cloud_config)
}

resource "exoscale_instance_pool" "members" {
  zone               = var.zone
  name               = "${var.name}-members"
  description        = "Runs ${var.application_image}; sized by the autoscaler."
  instance_prefix    = local.member_prefix
  template_id        = data.exoscale_template.machine.id
  instance_type      = var.member_type
  disk_size          = var.disk_size
  size               = var.minimum
  min_available      = 1 # a raised minimum, which may be above the size, would be refused
  key_pair           = var.ssh_key
  security_group_ids = [exoscale_security_group.members.id]
  user_data          = local.member_user_data
  labels             = local.labels

  lifecycle {
    # Once the pool exists, the autoscaler owns its size.
    ignore_changes = [size]

    precondition {
      condition     = var.minimum <= var.maximum
      error_message = "The minimum, ${var.minimum}, is above the maximum, ${var.maximum}: change minimum or maximum."
    }

    precondition {
      condition     = length(local.member_user_data) < 32768
      error_message = "The user-data of the members has ${length(local.member_user_data)} characters; Exoscale takes less than 32768."
    }
  }
}
