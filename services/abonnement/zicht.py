"""What a subscription may see of an event today: asked when a number is given, when it goes out and when it is read."""

from __future__ import annotations

from datetime import date

from casuslog.envelope import Envelope
from casuslog.rights import Involvements, Level, Sight, matrix, sight
from casuslog.rights.sight import TOEGESTAAN
from casuslog.vernietigen.gebeurtenissen import GEGEVENS_VERNIETIGD
from services.abonnement.gebeurtenissen import AFSCHERMING
from services.abonnement.houders import TOEZICHTHOUDER
from services.abonnement.inschrijving import Inschrijving

GELDT_NIET = "abonnement_geldt_niet"
AFGESCHERMD = "casus_afgeschermd"
GEEN_VERBAND = "geen_gezamenlijk_verband"
BUITEN_SELECTIE = "buiten_abonnement"


def zicht(inschrijving: Inschrijving, envelope: Envelope, betrokken: Involvements, dag: date) -> Sight:
    """The sight of the holder on a day: nothing outside its terms, else what the rights say.

    That a casus was destroyed is told whatever the terms are, to whom it has a number (:mod:`.nummering` sees to that).

    The closed streams (toezicht, signaal) are for a toezichthouder only, also where a rule shows somebody its own
    report: that one reads it where it reported.
    """
    if not inschrijving.leesbaar or not inschrijving.abonnement.geldt_op(dag):
        return Sight(Level.NIETS, GELDT_NIET, "het abonnement geldt vandaag niet")
    if envelope.name == GEGEVENS_VERNIETIGD and envelope.gemeente in inschrijving.voorwaarden.gemeenten:
        return Sight(Level.FEITEN, TOEGESTAAN, "wie van een casus ontving, hoort dat hij vernietigd is")
    if not inschrijving.abonnement.gaat_over(envelope):
        return Sight(Level.NIETS, BUITEN_SELECTIE, "het abonnement gaat hier niet over")
    if envelope.stroom == AFSCHERMING or betrokken.afgeschermd_voor(envelope.gemeente):
        return Sight(Level.NIETS, AFGESCHERMD, "de casus is niet veilig te delen (AVG art. 5 lid 1 onder f en art. 18)")
    if not inschrijving.deelt(envelope, dag):
        return Sight(Level.NIETS, GEEN_VERBAND, "geen verband deelt dit thema vandaag (Wmo 2015 art. 2.6.1)")
    if envelope.stroom in matrix().besloten and inschrijving.voorwaarden.rol != TOEZICHTHOUDER:
        return Sight(Level.NIETS, BUITEN_SELECTIE, "een besloten stroom is voor de toezichthouder (Wmo 2015 art. 6.1)")
    return sight(inschrijving.lezer, envelope, betrokken, on=dag)
