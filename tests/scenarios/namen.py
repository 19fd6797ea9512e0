"""The names of the set in ours (``namen.md`` wins): events, fields, reasons, parties, voorzieningen."""

from __future__ import annotations

from collections.abc import Mapping

GEBEURTENISSEN: Mapping[str, tuple[str, str | None]] = {
    "AanvraagOntvangen": ("aanvraag-ontvangen", None),
    "AbonnementBeeindigd": ("abonnement-beeindigd", None),
    "AbonnementToegekend": ("abonnement-toegekend", None),
    # That a term has passed is computed from dated data, never an event by itself: it is recorded with the decision.
    "BewaartermijnVerstreken": ("vernietiging-besloten", None),
    "BeschikkingBekendgemaakt": ("besluit-bekendgemaakt", None),
    "BeslistermijnGestart": ("termijn-gestart", "besluit"),
    "BesluitGenomen": ("besluit-genomen", None),
    "CalamiteitGemeld": ("calamiteit-gemeld", None),
    "ClientondersteuningAangeboden": ("clientondersteuning-aangeboden", None),
    "ClientondersteuningAfgewezen": ("clientondersteuning-afgeslagen", None),
    "CollegeGeinformeerd": ("college-geinformeerd", None),
    "ContactGeregistreerd": ("contact-geregistreerd", None),
    "GebruikAlgemeneVoorzieningGeteld": ("gebruik-algemene-voorziening-geteld", None),
    "GegevensGevorderd": ("gegevens-gevorderd", None),
    "GegevensVernietigd": ("gegevens-vernietigd", None),
    "GesprekGehouden": ("gesprek-gevoerd", None),
    "GesprekGepland": ("gesprek-gepland", None),
    "IndicatieAangevuld": ("indicatie-aangevuld", None),
    "IndicatieAanvullingGevraagd": ("indicatie-teruggestuurd", None),
    "IndicatieIngediend": ("indicatie-ingediend", None),
    "MeldingBevestigd": ("melding-bevestigd", None),
    "MeldingDoorgegeven": ("melding-doorgegeven", None),
    "MeldingOntvangen": ("melding-geregistreerd", None),
    "OnderzoekAfgerond": ("onderzoek-afgerond", None),
    "OnderzoekGestart": ("termijn-gestart", "onderzoek"),
    "OpdrachtVerstrekt": ("opdracht-verstrekt", None),
    "OverdrachtGeaccepteerd": ("overdracht-geaccepteerd", None),
    "PersoonlijkPlanMogelijkheidGemeld": ("persoonlijk-plan-mogelijkheid-meegedeeld", None),
    "PgbGevraagd": ("pgb-wens-vastgelegd", None),
    "PgbTariefVastgesteld": ("pgb-tarief-berekend", None),
    "PgbToegekend": ("pgb-toegekend", None),
    "TerugkoppelingGegeven": ("besluit-teruggekoppeld", None),
    "ToestemmingGegeven": ("toestemming-gegeven", None),
    "ToezichtonderzoekAfgerond": ("toezichtonderzoek-afgerond", None),
    "ToezichtonderzoekGestart": ("toezichtonderzoek-gestart", None),
    "ToegangGeweigerd": ("toegang-geweigerd", None),
    "ToegangVerleend": ("toegang-verleend", None),
    "UitwerkingDoorAanbiederVastgelegd": ("uitwerking-door-aanbieder-vastgelegd", None),
    # The service that delivers to subscribers says that it passed the destruction on. What a holder received of it is
    # asked of the holder itself.
    "VernietigingGemeldAanAbonnees": ("vernietiging-bevestigd", None),
    "VerslagOndertekend": ("verslag-ondertekend", None),
    "VerslagOpgesteld": ("verslag-opgesteld", None),
    "VerslagVoorgelegd": ("verslag-voorgelegd", None),
    "VerwezenNaarVoorliggend": ("doorverwezen", None),
    "VraagVerhelderd": ("vraag-verhelderd", None),
}
"""Our event, and the sort of term where that tells the event."""

BEWARING = "bewaring"
"""The streams in which each service tells of keeping and destroying (ADR 0019). They are no part of its own dossier:
in the set the platform (``stelsel``) tells it, and not the onderzoek or the beschikking."""

ANDERE_SERVICE: Mapping[str, str] = {
    "BewaartermijnVerstreken": BEWARING,
    "GegevensVernietigd": BEWARING,
    "VernietigingGemeldAanAbonnees": BEWARING,
    "TerugkoppelingGegeven": "onderzoek",
    "AbonnementToegekend": "abonnement",
    "ToegangVerleend": "historie",
    "ToegangGeweigerd": "historie",
    "AbonnementBeeindigd": "abonnement",
}
"""Events that another service owns here: a terugkoppeling is a fact at its receiver (namen.md)."""

VAN_SERVICE: Mapping[str, str] = {"VernietigingGemeldAanAbonnees": "abonnement"}
"""Events that count only when this service logged them."""

VELDEN: Mapping[tuple[str, str], str] = {
    ("BewaartermijnVerstreken", "op"): "bewaard_tot_en_met",
    ("AanvraagOntvangen", "bron"): "herkomst",
    ("BesluitGenomen", "door"): "besloten_door",
    ("IndicatieIngediend", "naar"): "aan",
    ("IndicatieAanvullingGevraagd", "veld"): "velden",
    ("IndicatieAangevuld", "veld"): "velden",
    ("OnderzoekGestart", "gerekend_vanaf"): "van",
    ("PgbTariefVastgesteld", "kring"): "hulpverlener",
    ("PgbTariefVastgesteld", "tarief"): "tarief_cent",
    ("PgbToegekend", "budget"): "totaal_cent",
    ("TerugkoppelingGegeven", "besluit"): "uitkomst",
}

REDENEN: Mapping[str, str] = {
    "tarief_volgt_kring": "tarief_volgt_soort_hulpverlener",
    # To who may not know that there is another aanbieder or client, it is absent: one answer for absent and secret.
    "andere_opdracht": "geen_betrokkenheid",
    "geen_eigen_client": "geen_betrokkenheid",
}

SOORT_HULPVERLENER: Mapping[str, str] = {"netwerk": "sociaal_netwerk"}

VOORZIENINGEN: Mapping[str, str] = {
    "hh1": "huishoudelijke_hulp_1",
    "hh2": "huishoudelijke_hulp_2",
    "logeren": "kortdurend_verblijf",
}

VELDNAMEN: Mapping[str, str] = {"toezicht_24_uur": "onderbouwing_24_uurs_toezicht"}
"""Fields of an indicatie."""

AANBIEDERS: Mapping[str, str] = {"X": "98765411", "Y": "98765412", "Z": "98765413"}
"""AGB codes for the aanbieders of the set."""

PERSONEN: Mapping[str, str] = {"moeder": "inwoner", "vader": "inwoner"}
"""Who the inwoner is, in the words of a step."""
