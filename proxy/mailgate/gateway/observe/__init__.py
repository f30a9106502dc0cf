"""What is told of each request once it is over: to Prometheus, and where it is asked for to a log and to traces."""
