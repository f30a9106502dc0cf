"""Reports each finished request: to Prometheus always, and to a log and to traces if the settings ask for them."""
