"""The fixed texts that every subject is measured on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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

CORPUS: Mapping[str, str] = MappingProxyType(
    {
        "english": "The quick brown fox can't jump over 13 lazy dogs; it's raining, isn't it?",
        "german": "Fußgängerübergänge überqueren wir größtenteils zügig.",
        "french": "Où est l'œuf ? Ça coûte 3,50 € à l'hôtel.",
        "russian": "Съешь ещё этих мягких французских булок.",
        "greek": "Η γρήγορη αλεπού πηδάει πάνω από το σκυλί.",  # noqa: RUF001
        "arabic": "الطقس جميل اليوم في المدينة.",
        "hindi": "नमस्ते दुनिया, आप कैसे हैं?",
        "chinese": "今天天气很好，我们去公园散步。",  # noqa: RUF001
        "japanese": "吾輩は猫である。名前はまだ無い。",
        "korean": "안녕하세요, 만나서 반갑습니다.",
        "thai": "สวัสดีชาวโลก",
        "python": "def f(x: int) -> int:\n    return x ** 2 if x > 0 else -1  # comment\n",
        "json": '{"key": [1, 2.5, null, true], "nested": {"a": "b\\n"}}',
        "numbers": "0 7 42 1234567 3.14159 1e-10 0xDEADBEEF 1,000,000",
        "emoji": "👍🏽 👩‍👩‍👧‍👦 🇩🇪 ❤️ 😀😀",
        "combining": "e\u0301 \u00e9 n\u0303 \ufb01 \u212b",
        "whitespace": "a b  c   d\te\n\nf\r\n  g ",
        "leading-space": "  two leading spaces",
        "url": "https://example.org/a/b?c=d&e=%20f#g",
        "repeated": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa========",
        "special-lookalike": "<|endoftext|> [CLS] <s> </s> <unk>",
        "empty": "",
    }
)
"""Texts that tokenizers are known to treat differently, by what is special about each."""
