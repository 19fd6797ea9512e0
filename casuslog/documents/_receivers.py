"""Who may see what of each event type, as the matrix of rights says it: rules in order, the first that fits holds."""

from __future__ import annotations

from collections.abc import Iterable

from casuslog.rights.matrix import Level, Matrix, Rule

EVERY_ROLE = "iedere rol"
MARKS = {Level.BESTAAN: "b", Level.STATUS: "s", Level.FEITEN: "f", Level.VOLLEDIG: "v"}
"""One letter per level in the matrix; a star: under a condition of the rule (consent, some fields, some days)."""


def rules_for(matrix: Matrix, stroom: str, name: str) -> list[Rule]:
    """The rules that speak of this event, in their order."""
    return [rule for rule in matrix.regels if rule.covers(stroom, name)]


def roles(matrix: Matrix) -> list[str]:
    """Every role that a rule names."""
    return sorted({role for rule in matrix.regels for role in rule.rollen if role != "*"})


def condition(rule: Rule) -> str:
    """When a rule applies, in words."""
    told = [rule.relatie.replace("_", " ")]
    if rule.als:
        told.append(f"als {', '.join(sorted(rule.als)).replace('_', ' ')}")
    if rule.omvang:
        told.append(f"omvang {rule.omvang.replace('_', ' ')}")
    if rule.vanaf_betrokkenheid:
        told.append("vanaf de dag van de betrokkenheid")
    return "; ".join(told)


def shown(rule: Rule) -> str:
    """How much a rule shows, in words."""
    told = rule.niveau.name.lower()
    if rule.velden is not None:
        told += f", alleen {', '.join(sorted(rule.velden))}"
    if rule.verborgen:
        told += f", zonder {', '.join(sorted(rule.verborgen))}"
    return told


def table(rules: Iterable[Rule]) -> list[str]:
    """The rules as a Markdown table."""
    rows = [
        f"| {', '.join(sorted(rule.rollen)) if '*' not in rule.rollen else EVERY_ROLE} | {condition(rule)} "
        f"| {shown(rule)} | {rule.grondslag} |"
        for rule in rules
    ]
    return ["| role | when | sees | ground |", "|---|---|---|---|", *rows]


def cell(matrix: Matrix, stroom: str, name: str, role: str) -> str:
    """The most that a role can see of an event under any of its rules; empty when nothing."""
    found = [rule for rule in rules_for(matrix, stroom, name) if rule.is_for(role) and rule.niveau > Level.NIETS]
    if not found:
        return ""
    most = max(found, key=lambda rule: rule.niveau)
    partly = all(rule.velden is not None or rule.omvang or rule.vanaf_betrokkenheid for rule in found)
    return MARKS[most.niveau] + ("*" if partly else "")
