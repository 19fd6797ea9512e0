from dataclasses import replace
from datetime import date

import pytest

from casuslog.envelope import Actor
from casuslog.errors import Refused
from services.pgb.signaal import SIGNAAL, GeefSignaalAanToezicht, Signaal, SignaalAanToezichtGegeven, geef_signaal

OPDRACHT = GeefSignaalAanToezicht(
    op=date(2017, 4, 11),
    door=Actor("consulent", "0072", "c1"),
    aard="ondersteuning_gedeclareerd_maar_niet_geleverd",
    over="hulpverlener_regel_3",
    week="2017-W13",
)


def test_a_signal_stands_in_a_stream_of_its_own_and_names_no_client():
    """Case 2, 11 April: what, about whom and which week; the kind of stream is not that of the pgb."""
    [gegeven] = geef_signaal(Signaal(), OPDRACHT)
    assert gegeven.data == SignaalAanToezichtGegeven(
        aard="ondersteuning_gedeclareerd_maar_niet_geleverd", over="hulpverlener_regel_3", week="2017-W13"
    )
    assert gegeven.data.clientnaam == "geen"
    assert SIGNAAL.kind == "signaal"


@pytest.mark.parametrize(
    ("staat", "wijziging", "reden"),
    [
        (Signaal(), {"clientnaam_meegegeven": True}, "geen_clientnaam_in_signaal"),
        (Signaal(), {"door": Actor("inkoper", "0072", "i1")}, "niet_bevoegd_signaal_te_geven"),
        (SIGNAAL.fold(geef_signaal(Signaal(), OPDRACHT)), {}, "signaal_al_gegeven"),
    ],
)
def test_a_signal_with_a_name_from_the_wrong_role_or_given_twice_is_refused(staat, wijziging, reden):
    """A signal names no client, comes from who works with the client, and is given once."""
    with pytest.raises(Refused) as gevangen:
        geef_signaal(staat, replace(OPDRACHT, **wijziging))
    assert gevangen.value.reason == reden
