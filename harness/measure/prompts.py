"""The fixed texts that every model subject is measured on."""

from __future__ import annotations

PROMPTS: tuple[str, ...] = (
    "The lighthouse keeper climbed the narrow stairs every evening, lit the lamp, and wrote the "
    "names of the passing ships in a book that nobody else would ever read.",
    "def median(values):\n    ordered = sorted(values)\n    middle = len(ordered) // 2\n"
    "    return ordered[middle] if len(ordered) % 2 else None\n",
    "Water boils at 100 degrees Celsius at sea level, but on top of a mountain of 4,000 metres "
    "it boils at about 87 degrees, because the air pressure there is lower.",
    "Question: If a train leaves at 09:40 and arrives at 13:05, how long is the journey?\n"
    "Answer: The journey takes three hours and",
    "Die Bibliothek öffnet um acht Uhr; los niños juegan en el jardín, et la pluie tombe sur "
    "les toits.",
    "When Mary and John went to the store, John gave a drink to Mary. When Tom and Anna went to "
    "the park, Tom gave a ball to",
)
"""Prose, code, numbers, a dialogue, three languages, a repeated pattern: 20 to 60 tokens each."""
