"""What the tests of the service beschikking share: inrichtingen as in the cases, actors, and the straight path."""

from datetime import date

from casuslog.envelope import Actor
from services.beschikking import beschikking as b
from services.beschikking.gebeurtenissen import Aanvraagregel
from services.beschikking.inrichting import BeschikkingInrichting
from services.beschikking.opdrachten import Deel, MaakBesluitBekend, NeemBesluit, OntvangAanvraag, VerstrekOpdracht
from services.beschikking.voorkennis import NIETS_BEKEND, bekend

SOZAWE = "00000099000000720001"
MAATWERK, BESCHERMD = "maatwerk_zelfredzaamheid", "beschermd_wonen"
WIJKTEAM = Actor("wijkteam", "0086", "w1")
CENTRUM = Actor("centrumgemeente", "0080", "z1")
CONSULENT = Actor("consulent", "0072", "c1")
HAAGS = Actor("consulent", "0518", "c2")
BACKOFFICE = Actor("backoffice", "0518", "k1")
AANBIEDER = Actor("aanbieder", "98765402", "a1")


def rol(naam, titel="mandaat", omvang="volledig", voorzieningen=("alle",), definitief_door=None):
    return {
        "rol": naam,
        "titel": titel,
        "omvang": omvang,
        "voorzieningen": list(voorzieningen),
        "definitief_door": definitief_door,
    }


def voorziening(soort="maatwerk", wmo020="01", ook=(), onderdeel_van=None):
    return {
        "soort": soort,
        "wmo020": wmo020,
        "eenheid": "uur",
        "onderdeel_van": onderdeel_van,
        "beschikking_nodig": soort != "algemeen",
        "bijdrage": "cak",
        "ook_bekend_als": list(ook),
    }


ARRANGEMENT = {
    "resultaatgebieden": [{"nummer": 1, "naam": "voeren van het huishouden"}]
    + [{"nummer": n, "naam": None} for n in (2, 3, 4, 5)],
    "intensiteiten": ["Basis", "Plus", "Intensief"],
    "motiveren": True,
    "omvang_optioneel": True,
    "waarschuwing": {"code": "geen_omvang_genoemd", "gebieden": [1]},
}


def inrichting(code, naam, *, rollen, team="uitvoeringsteam", elders=None, arrangement=None, vierogen=False, **anders):
    """An inrichting of one gemeente; ``elders`` is who decides on beschermd wonen."""
    bevoegd = [
        {"thema": MAATWERK, "besluit_gemeente": code, "orgaan": "college", "rollen": rollen},
        {"thema": BESCHERMD, "besluit_gemeente": elders or code, "orgaan": "college", "rollen": rollen},
    ]
    hh1 = anders.pop("hh1", "algemeen")
    beleid = {
        "kop": {
            "gemeente": code,
            "naam": naam,
            "inrichtingversie": f"{naam.lower().replace(' ', '-')}@1",
            "team": {"id": team, "naam": team, "open": False},
        },
        "partijen": {
            "backoffice": anders.get("schrijver"),
            "betalende_gemeente": {"maatwerk_zelfredzaamheid": code, "beschermd_wonen": elders or code},
            "organisaties": [{"id": "sozawe_nw", "naam": "Dienst SoZaWe", "oin": SOZAWE, "soort": "backoffice"}],
        },
        "beschikking": {
            "termijn_weken": 2,
            "bevoegdheid": bevoegd,
            "vierogen": {"vereist": vierogen},
            "wie_schrijft": {"soort": "backoffice", "organisatie": anders.pop("schrijver", None)},
            "aanvraag": {"vorm": anders.pop("vorm", "aparte_aanvraag"), "tweede_formulier_toegestaan": True},
            "vorm": {"standaard": "uren"},
            "arrangement": arrangement,
            "voorzieningen": {
                "huishoudelijke_hulp_1": voorziening(hh1, ook=["hh1"]),
                "huishoudelijke_hulp_2": voorziening(ook=["hh2"]),
                "begeleiding_individueel": voorziening(wmo020="02"),
                "beschermd_wonen": voorziening(wmo020="15"),
                "maatwerkarrangement": voorziening(wmo020="10"),
            },
        },
    }
    return BeschikkingInrichting.van_beleid(beleid)


OPSTERLAND = inrichting("0086", "Opsterland", rollen=[rol("consulent")], team="gebiedsteam", elders="0080")
LEEUWARDEN = inrichting("0080", "Leeuwarden", rollen=[rol("centrumgemeente", "open"), rol("consulent")])
HARLINGEN = inrichting("0072", "Harlingen", rollen=[rol("consulent")], schrijver="sozawe_nw")
DEN_HAAG = inrichting("0518", "Den Haag", rollen=[rol("consulent")], arrangement=ARRANGEMENT, vorm="vervolggesprek")
HAARLEM = inrichting("0392", "Haarlem", rollen=[rol("consulent")], vorm="ondertekend_verslag")


def voorkennis(*gebeurtenissen):
    """What is known after these events: (wire name, fields, day)."""
    kennis = NIETS_BEKEND
    for naam, data, op in gebeurtenissen:
        kennis = bekend(kennis, naam, data, op)
    return kennis


def onderzocht(melding=date(2017, 2, 15), afgerond=date(2017, 3, 22), uiterlijk=date(2017, 3, 29), uitkomst=()):
    """A melding, a gesprek with identity and explanations, and a finished onderzoek."""
    return voorkennis(
        ("melding-geregistreerd", {}, melding),
        ("termijn-gestart", {"soort": "onderzoek", "uiterlijk": uiterlijk}, melding),
        ("identiteit-vastgesteld", {}, afgerond),
        ("pgb-informatie-gegeven", {}, afgerond),
        ("bijdrage-uitgelegd", {}, afgerond),
        ("onderzoek-afgerond", {"uitkomst": uitkomst}, afgerond),
    )


def na(*stappen):
    return b.BESCHIKKING.fold([feit for stap in stappen for feit in stap])


def data(stap):
    return [f.data for f in stap]


# -- case 1: beschermd wonen, decided by Leeuwarden --------------------------------------------------------------------

BW_KENNIS = onderzocht(uitkomst=({"soort": "maatwerk", "voorziening": "beschermd_wonen", "pakket": 2},))
BW_AANVRAAG = OntvangAanvraag(
    op=date(2017, 3, 31), door=Actor("inwoner", None, "i1"), ondertekend_op=date(2017, 3, 31), thema=BESCHERMD
)
BW_BESLUIT = NeemBesluit(
    op=date(2017, 4, 11),
    door=CENTRUM,
    beschikkingnummer="B1",
    uitkomst="toegekend",
    voorziening="beschermd_wonen",
    pakket=2,
    leveringsvorm="natura",
    van=date(2017, 5, 1),
    tot_en_met=date(2018, 4, 30),
)
BW_BEKEND = MaakBesluitBekend(op=date(2017, 4, 13), door=CENTRUM, wijze="toezending")


def bw_aangevraagd():
    return b.ontvang_aanvraag(na(), BW_AANVRAAG, LEEUWARDEN, BW_KENNIS)


def bw_besloten():
    return [*bw_aangevraagd(), *b.neem_besluit(na(bw_aangevraagd()), BW_BESLUIT, LEEUWARDEN, BW_KENNIS)]


def bw_bekend():
    return [*bw_besloten(), *b.maak_besluit_bekend(na(bw_besloten()), BW_BEKEND, LEEUWARDEN)]


def bw_opdracht():
    opdracht = VerstrekOpdracht(op=date(2017, 4, 18), door=CENTRUM, aanbieder="98765401", ingang=date(2017, 5, 1))
    return [*bw_bekend(), *b.verstrek_opdracht(na(bw_bekend()), opdracht)]


# -- case 3: an arrangement in Den Haag --------------------------------------------------------------------------------

DH_KENNIS = onderzocht(date(2017, 7, 8), date(2017, 7, 31), date(2017, 8, 21))
DH_DELEN = (
    Deel(gebied=1, intensiteit="Plus", motivering="meerdere wasbeurten"),
    Deel(gebied=3, intensiteit="Basis", motivering="dagstructuur"),
)
DH_BESLUIT = NeemBesluit(
    op=date(2017, 8, 8),
    door=HAAGS,
    beschikkingnummer="B3",
    uitkomst="toegekend",
    arrangement=DH_DELEN,
    van=date(2017, 8, 21),
    tot_en_met=date(2018, 8, 19),
)


def dh_aangevraagd():
    opdracht = OntvangAanvraag(op=date(2017, 8, 1), door=HAAGS, ondertekend_op=date(2017, 8, 1))
    return b.ontvang_aanvraag(na(), opdracht, DEN_HAAG, DH_KENNIS)


def dh_opdracht():
    feiten = [*dh_aangevraagd(), *b.neem_besluit(na(dh_aangevraagd()), DH_BESLUIT, DEN_HAAG, DH_KENNIS)]
    bekend_ = MaakBesluitBekend(op=date(2017, 8, 10), door=BACKOFFICE, wijze="toezending")
    feiten += b.maak_besluit_bekend(na(feiten), bekend_, DEN_HAAG)
    opdracht = VerstrekOpdracht(op=date(2017, 8, 14), door=BACKOFFICE, aanbieder="98765402", ingang=date(2017, 8, 21))
    return [*feiten, *b.verstrek_opdracht(na(feiten), opdracht)]


# -- case 2: a pgb in Harlingen ----------------------------------------------------------------------------------------

PGB_REGELS = (
    Aanvraagregel(regel=1, voorziening="huishoudelijke_hulp_2", minuten_per_week=180, hulpverlener="gekwalificeerd"),
    Aanvraagregel(regel=2, voorziening="begeleiding_individueel", minuten_per_week=120, hulpverlener="gekwalificeerd"),
    Aanvraagregel(regel=3, voorziening="begeleiding_individueel", minuten_per_week=60, hulpverlener="sociaal_netwerk"),
)


def pgb_kennis(**toets):
    kennis = onderzocht(date(2017, 1, 9), date(2017, 2, 7), date(2017, 2, 20))
    for regel, cent in ((1, 2329), (2, 4437), (3, 3503)):
        kennis = bekend(kennis, "pgb-tarief-berekend", {"regel": regel, "tarief_cent": cent}, date(2017, 2, 13))
    uitkomst = {"bekwaam": "ja_met_hulp", "gemotiveerd": "ja", "kwaliteit_gewaarborgd": "ja", **toets}
    return bekend(kennis, "pgb-voorwaarden-getoetst", uitkomst, date(2017, 2, 16))


PGB_BESLUIT = NeemBesluit(
    op=date(2017, 2, 21),
    door=CONSULENT,
    beschikkingnummer="B2",
    uitkomst="toegekend",
    leveringsvorm="pgb",
    van=date(2017, 3, 6),
    tot_en_met=date(2017, 12, 31),
    weken=43,
)


def pgb_aangevraagd():
    opdracht = OntvangAanvraag(
        op=date(2017, 2, 13),
        door=Actor("inwoner", None, "i2"),
        leveringsvorm="pgb",
        gemotiveerd=True,
        regels=PGB_REGELS,
    )
    return b.ontvang_aanvraag(na(), opdracht, HARLINGEN, pgb_kennis())
