"""The pages that people see instead of their mail. Rendering is pure: data in, text out."""

from mailgate.gateway.pages.reasons import ReasonText, explain_reason
from mailgate.gateway.pages.render import Pages, RenderedMail, RenderedPage
from mailgate.gateway.pages.view import Appearance, View

__all__ = ["Appearance", "Pages", "ReasonText", "RenderedMail", "RenderedPage", "View", "explain_reason"]
