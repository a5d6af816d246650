"""Times as a team on several continents reads them: day first, 24 hours, with the offset.

The zone's name brings the offset along: `meshes.moments.NamedZone`.
"""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y H:i T"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y H:i T"
