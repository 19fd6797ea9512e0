"""Sections of a beleid as docs/inrichting.md has them: the pgb tables of inrichtingen/README.md section 4."""

HH = ("huishoudelijke_hulp_1", "huishoudelijke_hulp_2")
OVERIG = ("begeleiding_individueel", "begeleiding_groep", "dagbesteding", "persoonlijke_verzorging")
GEKW, NIET, NETWERK = "gekwalificeerd", "niet_gekwalificeerd", "sociaal_netwerk"


def procent(waarde, wie, waarvoor=OVERIG, voorwaarden=()):
    return _rij("percentage", wie, waarvoor, voorwaarden, procent=waarde)


def uur(cent, wie, waarvoor=OVERIG, voorwaarden=(), maximum=None):
    return _rij("uurtarief", wie, waarvoor, voorwaarden, bedrag_cent=cent, eenheid="uur", maximum=maximum)


def dagdeel(cent, wie, waarvoor, voorwaarden=()):
    return _rij("dagdeeltarief", wie, waarvoor, voorwaarden, bedrag_cent=cent, eenheid="dagdeel")


def _rij(soort, wie, waarvoor, voorwaarden, procent=None, bedrag_cent=None, eenheid=None, maximum=None):
    return {
        "id": f"{soort}.{procent or bedrag_cent}",
        "kolom": "kolom",
        "soorten_hulpverlener": [wie] if isinstance(wie, str) else list(wie),
        "soort": soort,
        "procent": procent,
        "bedrag_cent": bedrag_cent,
        "eenheid": eenheid,
        "grondslag": "tarief_zorg_in_natura" if procent else None,
        "ondersteuning": "zoals in de bron",
        "voorzieningen": list(waarvoor),
        "maximum": maximum,
        "voorwaarden": list(voorwaarden),
        "bron": "004:710",
        "onzeker": None,
    }


ALLEN = (GEKW, NIET, NETWERK)
ONGEKWALIFICEERD = (NIET, NETWERK)
_DRIE_PROCENTEN = {
    "harlingen": (95, 75, 75),
    "heerenveen": (75, 50, 25),
    "achtkarspelen": (100, 75, 75),
}


def _drie(naam):
    return [procent(p, wie) for p, wie in zip(_DRIE_PROCENTEN[naam], ALLEN, strict=True)]


_NOORDWEST_HH = [uur(1664, ALLEN, HH[:1]), uur(2329, ALLEN, HH[1:])]
_BEGELEIDING = ("begeleiding_individueel", "begeleiding_groep")
_BEHALVE_BEGELEIDING = ("dagbesteding", "persoonlijke_verzorging")

TABELLEN = {
    "harlingen": [*_drie("harlingen"), *_NOORDWEST_HH],
    "heerenveen": _drie("heerenveen"),
    "leeuwarden": [procent(80, GEKW), uur(2000, NIET), uur(2000, NETWERK)],
    "de-fryske-marren": [
        procent(75, GEKW),
        procent(50, NIET),
        uur(2000, NETWERK, maximum=True),
        uur(2500, ALLEN, HH, ["werkzaam_in_instelling"]),
        uur(1600, ALLEN, HH, ["niet_werkzaam_in_instelling"]),
    ],
    "ooststellingwerf": [
        procent(75, GEKW),
        procent(50, NETWERK, voorwaarden=["gekwalificeerd_in_sociaal_netwerk"]),
        procent(25, NETWERK, voorwaarden=["niet_gekwalificeerd_in_sociaal_netwerk"]),
        *_NOORDWEST_HH,
    ],
    "achtkarspelen": [
        *_drie("achtkarspelen"),
        procent(100, GEKW, HH),
        uur(1600, ONGEKWALIFICEERD, HH, ["zonder_regie"]),
        uur(2350, ONGEKWALIFICEERD, HH, ["met_regie"]),
    ],
    "smallingerland": [
        uur(3562, GEKW, ["begeleiding_individueel"]),
        dagdeel(2548, GEKW, ["begeleiding_groep"], ["zonder_vervoer"]),
        uur(2035, ONGEKWALIFICEERD, ["begeleiding_individueel"]),
        dagdeel(2036, ONGEKWALIFICEERD, ["begeleiding_groep"], ["zonder_vervoer"]),
        uur(1552, ALLEN, HH),
    ],
    "sudwest-fryslan": [
        procent(75, GEKW),
        procent(75, ONGEKWALIFICEERD, _BEHALVE_BEGELEIDING),
        uur(2000, ONGEKWALIFICEERD, _BEGELEIDING),
        procent(75, GEKW, HH),
        procent(50, ONGEKWALIFICEERD, HH),
    ],
    "ameland": [procent(100, GEKW), uur(2000, NIET), uur(2000, NETWERK)],
    "den-haag": [],
}
HH1_ALGEMEEN = {"harlingen", "heerenveen", "leeuwarden"}


def beleid(naam, natura=None):
    """The beleid of ``naam`` as far as pgb reads it; ``natura`` maps a voorziening to cents per uur."""
    bekend = {v: {"cent": c, "eenheid": "uur", "testwaarde": True} for v, c in (natura or {}).items()}
    onbekend = {"dagbesteding": {"cent": None, "eenheid": "dagdeel", "testwaarde": False}}
    soorten = dict.fromkeys((*HH, *OVERIG), "maatwerk")
    if naam in HH1_ALGEMEEN:
        soorten["huishoudelijke_hulp_1"] = "algemeen"
    return {
        "kop": {"naam": naam.title(), "inrichtingversie": f"{naam}@1"},
        "pgb": {
            "mogelijk": True,
            "voorzieningen": soorten,
            "tarieven": TABELLEN[naam],
            "tarief_zorg_in_natura": {**onbekend, **bekend},
            "declaratieregels": {"tarief_boven_overeenkomst": "hele_declaratie_afkeuren", "beslist": "svb"},
            "goedkeuring_zorgovereenkomst": ["college", "svb"],
            "uitbetaling": "trekkingsrecht",
            "uitvoerder": "svb",
            "afronding": "half_omhoog_op_centen",
            "meerkosten_toets": "open",
        },
        "beschikking": {
            "voorzieningen": {
                "huishoudelijke_hulp_1": {"ook_bekend_als": ["hh1"]},
                "huishoudelijke_hulp_2": {"ook_bekend_als": ["hh2"]},
            }
        },
        "partijen": {"organisaties": [{"id": "svb", "naam": "SVB", "oin": "00000099000000000010", "soort": "svb"}]},
    }
