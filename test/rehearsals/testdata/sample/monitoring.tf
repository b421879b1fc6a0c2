resource "exoscale_security_group" "monitoring" {
  name = "monitoring"
}

resource "exoscale_security_group_rule" "prometheus" {
  security_group_id = exoscale_security_group.monitoring.id
  type              = "INGRESS"
  protocol          = "TCP"
  cidr              = "0.0.0.0/0"
  start_port        = 9090
  end_port          = 9090
}

resource "exoscale_security_group_rule" "grafana" {
  security_group_id = exoscale_security_group.monitoring.id
  type              = "INGRESS"
  protocol          = "TCP"
  cidr              = "0.0.0.0/0"
  start_port        = 3000
  end_port          = 3000
}

resource "exoscale_compute_instance" "monitoring" {
  zone               = var.zone
  name               = "monitoring"
  template_id        = data.exoscale_template.ubuntu.id
  type               = "standard.small"
  disk_size          = 10
  security_group_ids = [exoscale_security_group.monitoring.id]

  user_data = templatefile("${path.module}/userdata/monitoring.sh", {
    exoscale_key     = var.exoscale_key
    exoscale_secret  = var.exoscale_secret
    zone             = var.zone
    instance_pool_id = exoscale_instance_pool.web.id
    target_port      = var.target_port
  })
}
