"""The nouns of the outreach assistant: plain, frozen, and knowing of nothing else."""

from outreach.model import documents
from outreach.model.place import (
    Area,
    AreaOption,
    District,
    Mention,
    Outcode,
    OutreachArea,
    Place,
    Resolution,
    ResolutionKind,
    Sector,
)
from outreach.model.service import Phone, Route, Schedule, Service, Topic, Url
from outreach.model.wording import Wording

__all__ = [
    "Area",
    "AreaOption",
    "District",
    "Mention",
    "Outcode",
    "OutreachArea",
    "Phone",
    "Place",
    "Resolution",
    "ResolutionKind",
    "Route",
    "Schedule",
    "Sector",
    "Service",
    "Topic",
    "Url",
    "Wording",
    "documents",
]
