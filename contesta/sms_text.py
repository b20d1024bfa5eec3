"""What text messages cost, in words."""

from callback_queue.sms.encoding import Composed, Encoding, cheaper, compose, costly
from contesta.format import whole

_NAMES = {Encoding.GSM7: "GSM-7", Encoding.UCS2: "UCS-2"}


def cost(composed: Composed) -> str:
    """Say what a message takes and why, and what would make it cheaper."""
    lines = [f"{segments(len(composed.segments))} en {_NAMES[composed.encoding]}, {whole(composed.units)} unidades."]
    found = costly(composed.text)
    if found:
        names = ", ".join(f"«{each.character}»" + (f" por «{each.instead}»" if each.instead else "") for each in found)
        lines.append(f"Obligan a UCS-2: {names}.")
        saved = len(composed.segments) - len(compose(cheaper(composed.text)).segments)
        if saved > 0:
            lines.append(f"Con los cambios se ahorran {segments(saved)} por mensaje: «{cheaper(composed.text)}»")
    return "\n".join(lines)


def segments(count: int) -> str:
    """Count segments in words."""
    return f"{whole(count)} segmento" + ("" if count == 1 else "s")
