"""Which role may give which command, as read from ``schemas/opdrachten.yaml``: the outer limit, in every gemeente.

The inrichting of a gemeente and what came before in the casus narrow it down further; nothing widens it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from casuslog.codes import schemas_folder
from casuslog.errors import Forbidden

ROL_NIET_BEVOEGD = "rol_niet_bevoegd"
_KEYS = frozenset({"rollen", "grondslag", "reden"})


@dataclass(frozen=True, slots=True)
class CommandRight:
    """Who may give one command.

    Attributes:
        rollen: the roles, in the order of the file.
        grondslag: law, inrichting or practice on which the limit rests.
        reden: code of the refusal.
    """

    rollen: tuple[str, ...]
    grondslag: str
    reden: str = ROL_NIET_BEVOEGD

    def refusal(self, rol: str, opdracht: str) -> Forbidden:
        """What a caller in another role is told: the role, the command, and who may."""
        return Forbidden(
            self.reden,
            f"Geweigerd: de rol {_said(rol)} geeft de opdracht {opdracht} niet. Er is niets gewijzigd.",
            rule=self.grondslag,
            remedy=f"Laat dit doen door: {', '.join(map(_said, self.rollen)) or 'niemand'}.",
            rol=rol,
            opdracht=opdracht,
            rollen=list(self.rollen),
        )


_NOBODY = CommandRight((), "schemas/opdrachten.yaml: een opdracht die daar niet staat, mag niemand geven")


@dataclass(frozen=True, slots=True)
class CommandRights:
    """All of them, by service and command; and the roles that act for a person and never for a gemeente."""

    by_service: Mapping[str, Mapping[str, CommandRight]]
    namens: frozenset[str]

    def of(self, service: str, opdracht: str) -> CommandRight | None:
        """Who may give this command; ``None`` of a service that the file does not name: it has rules of its own."""
        known = self.by_service.get(service)
        return None if known is None else known.get(opdracht, _NOBODY)

    def require(self, service: str, opdracht: str, rol: str) -> None:
        """Let this role through.

        Raises:
            Forbidden: ``rol_niet_bevoegd``, or the reason that the file names for this command.
        """
        right = self.of(service, opdracht)
        if right is not None and rol not in right.rollen:
            raise right.refusal(rol, opdracht)


def command_rights() -> CommandRights:
    """Those of this installation.

    Raises:
        ValueError: the file breaks its own form; the text names the command and the key.
    """
    return _read(schemas_folder() / "opdrachten.yaml")


@lru_cache(maxsize=8)
def _read(path: Path) -> CommandRights:
    return parse(yaml.safe_load(path.read_text(encoding="utf-8")))


def parse(content: Mapping[str, Any]) -> CommandRights:
    """Rights from the content of their file.

    Raises:
        ValueError: a key is missing or unknown, or a command is for nobody.
    """
    groups = {name: tuple(roles) for name, roles in content["groepen"].items()}
    by_service = {
        service: {name: _right(f"{service}, {name}", row, groups) for name, row in rows.items()}
        for service, rows in content["opdrachten"].items()
    }
    return CommandRights(by_service, frozenset(content["namens"]))


def _right(where: str, row: Mapping[str, Any], groups: Mapping[str, Collection[str]]) -> CommandRight:
    if row.keys() - _KEYS or not row.get("rollen") or not row.get("grondslag"):
        raise ValueError(f"opdrachten, {where}: rollen en grondslag zijn verplicht; verder alleen reden")
    roles = (role for name in row["rollen"] for role in groups.get(name, (name,)))
    return CommandRight(tuple(dict.fromkeys(roles)), row["grondslag"], row.get("reden", ROL_NIET_BEVOEGD))


def _said(rol: str) -> str:
    return rol.replace("_", " ")


__all__ = ["ROL_NIET_BEVOEGD", "CommandRight", "CommandRights", "command_rights", "parse"]
