"""The admin port serves health, metrics and the console, and takes the reports that sources post."""
