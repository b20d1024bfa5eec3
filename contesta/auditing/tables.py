"""What audits come to, in a terminal."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contesta.auditing.drawing import reasons_of, rows
from contesta.auditing.results import CATEGORY_WORDS, NO_AUDITS, participation, percent, plain, sentence
from contesta.format import UNKNOWN, percentage, whole
from quality.matrix.agreement import Agreement, Bias
from quality.matrix.matrix import Category
from quality.matrix.scores import Scorecard, pareto
from storage.quality_samples import StoredSample

_BAR = 24


def show(console: Console, title: str, card: Scorecard) -> None:
    """Print the three figures and what failed."""
    console.print(f"[bold]{escape(title)}[/]", highlight=False)
    if not card.audits:
        console.print(NO_AUDITS)
        return
    made_by = "; ".join(matrix.name for matrix in card.matrices)
    console.print(f"{whole(card.audits)} auditorías. Matriz: {escape(made_by)}.", highlight=False)
    for category in Category:
        console.print(f"• {escape(sentence(category, card.scores[category]))}", highlight=False)
    for category in Category:
        if found := list(participation(card, category)):
            table = Table(
                title=f"Participación en las fallas: {CATEGORY_WORDS[category].lower()}", title_justify="left"
            )
            for heading in ("Ítem", "Fallas", "Auditorías", "Participación", ""):
                table.add_column(heading, justify="right" if heading in {"Fallas", "Auditorías"} else "left")
            for item in found:
                share = item.share or 0
                table.add_row(
                    escape(f"{item.item.id}. {item.item.title}"),
                    whole(item.failures),
                    whole(item.audits_failed),
                    percent(float(share)),
                    "█" * round(share * _BAR),
                )
            console.print(table)
    if causes := pareto(card):
        table = Table(title="Subítems que fallaron", title_justify="left")
        for heading in ("Subítem", "Fallas", "Parte", "Acumulado"):
            table.add_column(heading, justify="left" if heading == "Subítem" else "right")
        for cause in causes:
            one = cause.score
            table.add_row(
                escape(f"{one.subitem.id} {one.subitem.title}"),
                f"{one.failures}/{one.applies}",
                percent(float(cause.share)),
                percent(float(cause.cumulative)),
            )
        console.print(table)


def show_groups(console: Console, heading: str, groups: Mapping[str, Scorecard]) -> None:
    """Print the three figures of each group, by its name: there is no ranking."""
    table = Table(title=heading, title_justify="left")
    for column in ("", "Auditorías", *(CATEGORY_WORDS[category].removeprefix("Calidad ") for category in Category)):
        table.add_column(column, justify="left" if not column else "right")
    for name, card in groups.items():
        cells = []
        for category in Category:
            score = card.scores[category]
            interval = score.interval
            bounds = f" ({percent(interval.low)} a {percent(interval.high)})" if interval else ""
            cells.append(percentage(score.numerator, score.denominator) + bounds)
        table.add_row(escape(name), whole(card.audits), *cells)
    console.print(table)


def show_agreement(console: Console, found: Mapping[str, Agreement], biases: Sequence[Bias]) -> None:
    """Print how far auditors agree."""
    table = Table(title="Acuerdo entre auditores", title_justify="left")
    for heading in ("Ítem", "Iguales", "Kappa", "entre"):
        table.add_column(heading, justify="left" if heading == "Ítem" else "right")
    for number, one in found.items():
        bounds = f"{plain(one.interval.low)} y {plain(one.interval.high)}" if one.interval else UNKNOWN
        table.add_row(number, f"{one.equal}/{one.pairs}", plain(one.kappa), bounds)
    console.print(table)
    for bias in biases:
        console.print(
            f"• {escape(bias.auditor)}: en {whole(bias.marks)} marcas, {bias.only_this} fallas solo suyas y "
            f"{bias.only_others} solo de los demás (p = {plain(bias.p_value)}).",
            highlight=False,
        )


def show_sample(console: Console, made: StoredSample, zone: ZoneInfo) -> None:
    """Print a sample, and what could not be drawn."""
    console.print(f"[bold]Muestra {made.id}[/], línea {escape(made.of.line)}", highlight=False)
    console.print(
        f"{whole(len(made.drawn))} de {whole(sum(made.population.values()))} conversaciones, {made.size}. "
        f"Semilla: {escape(made.seed)}.",
        highlight=False,
    )
    table = Table()
    for heading in ("", "Día", "Hora", "Asesor", "Duración", "Llamada"):
        table.add_column(heading, justify="right" if heading in {"", "Duración"} else "left")
    for row in rows(made, zone):
        table.add_row(*map(escape, row))
    console.print(table)
    for words, count in reasons_of(made.excluded).items():
        console.print(f"• Por fuera, {whole(count)}: {words}.", highlight=False)
