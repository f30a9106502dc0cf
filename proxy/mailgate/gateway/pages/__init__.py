"""The pages that people see instead of their mail. Rendering is pure: data in, text out."""
