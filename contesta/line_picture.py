"""Renders the drawing of a line with Graphviz's program, as a picture that can also be read."""

import hashlib
import re
import shutil
import subprocess
from xml.sax.saxutils import escape

from core.errors import NotAvailableError
from ivr.line import draw
from ivr.line.model import Line

LONGEST_SECONDS = 60


def svg(line: Line) -> str:
    """Draw a line as SVG.

    Raises:
        NotAvailableError: Graphviz is not there, or refuses.
    """
    program = shutil.which("dot")
    if program is None:
        raise NotAvailableError("falta Graphviz, que hace el dibujo. Instálelo con: apt-get install graphviz")
    source = draw.dot(line)
    done = subprocess.run(
        [program, "-Tsvg"], input=source.encode(), capture_output=True, check=False, timeout=LONGEST_SECONDS
    )
    if done.returncode != 0:
        raise NotAvailableError(f"Graphviz no hizo el dibujo: {done.stderr.decode('utf-8', 'replace').strip()[:300]}")
    drawn = done.stdout.decode("utf-8")
    drawn = re.sub(r"<title>[^<]*</title>\n|<!--.*?-->\n?", "", drawn[drawn.index("<svg") :])  # names of nodes
    told = (
        f'<title id="titulo">{escape(draw.title(line))}</title>\n'
        f'<desc id="descripcion">{escape(draw.described(line))}</desc>\n'
        f"<metadata>{digest(line)}</metadata>\n"
    )
    opened = re.sub(r"<svg ", '<svg role="img" aria-labelledby="titulo descripcion" ', drawn, count=1)
    return re.sub(r"(<svg [^>]*>\n)", lambda found: found[1] + told, opened, count=1)


def digest(line: Line) -> str:
    """Name the drawing's text, which is the same with every release of Graphviz."""
    return hashlib.sha256((draw.dot(line) + draw.described(line)).encode()).hexdigest()
