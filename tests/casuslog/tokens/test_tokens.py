"""Whose tokens hold: signed by a trusted issuer, short-lived, for us, and within what that issuer may say."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from casuslog.caller import Caller, DevelopmentIssuer, NotAuthenticated
from casuslog.errors import Forbidden, Unavailable
from casuslog.hosting.platform import Platform
from casuslog.rights import matrix
from casuslog.settings import Settings
from casuslog.tokens import Gate, KeySet, SharedSecret, Tokens, TrustedIssuer, load_issuers

SECRET = "x" * 40
PORTAL = TrustedIssuer(
    name="portaal",
    keys=SharedSecret(SECRET),
    gemeenten=frozenset({"0086", "0080"}),
    rollen=frozenset({"wijkteam", "kcc", "toezichthouder", "inkoper"}),
)


def token(secret: str = SECRET, **claims: Any) -> str:
    """A token of the portal, with these claims in the place of its own; ``None`` leaves one out."""
    now = int(time.time())
    given = {
        "iss": "portaal",
        "aud": "casuslog",
        "sub": "team-1",
        "rollen": ["wijkteam"],
        "organisatie": "0086",
        "gemeenten": ["0086"],
        "doelbinding": "uitvoering_wmo",
        "iat": now,
        "exp": now + 600,
        **claims,
    }
    return jwt.encode({name: value for name, value in given.items() if value is not None}, secret, algorithm="HS256")


@pytest.fixture
def tokens() -> Tokens:
    """As an installation has them that trusts the portal alone."""
    return Tokens([PORTAL], incompatible=matrix().onverenigbaar)


def test_a_token_of_a_trusted_issuer_names_its_caller(tokens):
    """Role, organisation, gemeenten, pseudonym and purpose come from the token and nowhere else."""
    found = tokens.caller_of(f"Bearer {token()}")
    assert found == Caller("wijkteam", "0086", "team-1", ("0086",), "uitvoering_wmo")


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": int(time.time()) - 60}, "verlopen"),
        ({"aud": "elders"}, "niet voor casuslog"),
        ({"iss": "vreemd"}, "niet kent"),
        ({"sub": None}, "mist sub"),
        ({"iat": int(time.time()) - 7200, "exp": int(time.time()) + 7200}, "leeft te lang"),
        ({"gemeenten": ["0518"]}, "spreekt niet voor gemeente 0518"),
        ({"rollen": ["college"]}, "mag de rol college niet geven"),
        ({"rollen": []}, "noemt geen rol"),
        ({"gemeenten": "0086"}, "lijst van teksten"),
    ],
)
def test_a_token_that_does_not_hold_is_refused_with_what_is_wrong(tokens, claims, told):
    """Expired, for another, of a stranger, too long-lived, or beyond what its issuer may say."""
    with pytest.raises(NotAuthenticated, match=told):
        tokens.check(token(**claims))


def test_a_forged_token_is_refused(tokens):
    """Signed with another secret, without a signature, or by an algorithm that the issuer does not use."""
    unsigned = jwt.encode({"iss": "portaal", "sub": "x"}, "", algorithm="none")
    for forged in (token("y" * 40), unsigned, "geen.token", "x" * 9000):
        with pytest.raises(NotAuthenticated):
            tokens.check(forged)


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer "])
def test_no_token_is_no_caller(tokens, header):
    """There is no anonymous command or read."""
    with pytest.raises(NotAuthenticated):
        tokens.caller_of(header)


def test_with_more_roles_the_caller_names_one(tokens):
    """Who holds two roles acts in one at a time, and only in one that the token holds."""
    both = token(rollen=["wijkteam", "kcc"])
    assert tokens.check(both, "kcc").rol == "kcc"
    with pytest.raises(NotAuthenticated, match="Casuslog-Rol"):
        tokens.check(both)
    with pytest.raises(Forbidden, match="gevraagde rol"):
        tokens.check(both, "inkoper")


def test_a_toezichthouder_is_not_also_who_buys_or_decides(tokens):
    """Supervision is independent: such a token is refused in either role (Wmo 2015 art. 6.1)."""
    for role in ("toezichthouder", "inkoper", None):
        with pytest.raises(Forbidden, match="toezicht staat los"):
            tokens.check(token(rollen=["toezichthouder", "inkoper"]), role)


def test_a_remembered_token_ends_when_it_expires():
    """Verified once, then known by its hash, and never longer than it lives."""
    now = [time.time()]
    tokens = Tokens([PORTAL], now=lambda: now[0])
    given = token(exp=int(now[0]) + 600)
    assert tokens.check(given).rol == "wijkteam"
    now[0] += 601
    tokens._issuers.clear()  # what is not remembered any more is judged anew
    with pytest.raises(NotAuthenticated):
        tokens.check(given)


def test_tokens_of_the_development_issuer_hold_only_where_it_is_switched_on():
    """Beside real issuers a development token is that of a stranger."""
    development = DevelopmentIssuer(SECRET)
    given = development.issue(Caller("kcc", "0086", "kcc-1", ("0086",)))
    assert Tokens([], development).check(given).rol == "kcc"
    with pytest.raises(NotAuthenticated, match="niet kent"):
        Tokens([PORTAL]).check(given)


class Published:
    """A key set that an issuer publishes, and how often it was asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.keys = {"k1": ec.generate_private_key(ec.SECP256R1())}

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self.away:
            raise Unavailable("weg")
        algorithm = jwt.get_algorithm_by_name("ES256")
        made = [{**json.loads(algorithm.to_jwk(k.public_key())), "kid": kid} for kid, k in self.keys.items()]
        return {"keys": made}

    def sign(self, kid: str) -> str:
        """A token signed with one of the keys."""
        now = int(time.time())
        claims = {"iss": "idp", "aud": "casuslog", "sub": "a", "rol": "kcc", "iat": now, "exp": now + 60}
        return jwt.encode(claims, self.keys[kid], algorithm="ES256", headers={"kid": kid})


def test_a_key_set_is_fetched_once_and_again_for_a_new_key():
    """An issuer may roll its keys; who sends unknown keys cannot make us hammer it."""
    published, now = Published(), [0.0]
    tokens = Tokens([TrustedIssuer(name="idp", keys=KeySet(published, monotonic=lambda: now[0]))])
    assert tokens.check(published.sign("k1")).rol == "kcc"
    published.keys["k2"] = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(NotAuthenticated, match="sleutel"):
        tokens.check(published.sign("k2"))
    assert published.asked == 1
    now[0] = 61.0
    assert tokens.check(published.sign("k2")).rol == "kcc"
    assert published.asked == 2


def test_a_key_set_that_is_away_is_no_forged_token():
    """The caller hears that it may try again, not that its token is wrong."""
    published = Published()
    published.away = True
    with pytest.raises(Unavailable):
        Tokens([TrustedIssuer(name="idp", keys=KeySet(published))]).check(published.sign("k1"))


def test_a_shared_secret_does_not_open_an_issuer_with_public_keys():
    """A public key is known to all: a token signed with it as a secret (HS256) is forged."""
    published = Published()
    tokens = Tokens([TrustedIssuer(name="idp", keys=KeySet(published))])
    now = int(time.time())
    claims = {"iss": "idp", "aud": "casuslog", "sub": "a", "rol": "kcc", "iat": now, "exp": now + 60}
    with pytest.raises(NotAuthenticated):
        tokens.check(jwt.encode(claims, SECRET, algorithm="HS256", headers={"kid": "k1"}))


def written(folder: Path, text: str) -> Path:
    """A file of issuers."""
    path = folder / "uitgevers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_issuers_come_from_a_file(tmp_path):
    """Names, keys and bounds as the installation wrote them down."""
    path = written(
        tmp_path,
        "uitgevers:\n"
        "  - {iss: portaal, geheim: PORTAAL, gemeenten: ['0086'], rollen: [kcc], hooguit_minuten: 5}\n"
        "  - {iss: 'https://idp.example', jwks: sleutels.json, doelgroep: wmo}\n",
    )
    (tmp_path / "sleutels.json").write_text(json.dumps(Published()()), encoding="utf-8")
    portal, idp = load_issuers(path, {"PORTAAL": SECRET})
    assert (portal.name, portal.minutes, portal.gemeenten, portal.rollen) == ("portaal", 5, {"0086"}, {"kcc"})
    assert (idp.audience, idp.gemeenten) == ("wmo", None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("uitgevers: []", "ten minste een"),
        ("uitgevers: [{iss: a}]", "geef jwks"),
        ("uitgevers: [{iss: a, geheim: KORT}]", "KORT in de omgeving"),
        ("uitgevers: [{iss: a, geheim: ER_NIET}]", "ER_NIET in de omgeving"),
        ("uitgevers: [{iss: a, geheim: B, kleur: rood}]", "kleur ken ik niet"),
        ("uitgevers: [{iss: casuslog-ontwikkeling, geheim: B}]", "naam van de uitgever"),
    ],
)
def test_a_file_that_is_wrong_names_what_would_be_right(tmp_path, text, told):
    """A start with half an issuer would refuse everybody, or let in too many."""
    with pytest.raises(ValueError, match=told):
        load_issuers(written(tmp_path, text), {"KORT": "kort"})


def platform_of(tmp_path: Path, **env: str) -> Platform:
    """An installation in a folder, as its environment makes it."""
    return Platform(Settings.from_env({"CASUSLOG_DATA": str(tmp_path / "data"), **env}))


def test_an_installation_with_issuers_takes_no_development_tokens(tmp_path, monkeypatch):
    """Who could read ``token.secret`` cannot be anybody any more."""
    monkeypatch.setenv("PORTAAL", SECRET)
    path = written(tmp_path, "uitgevers: [{iss: portaal, geheim: PORTAAL}]")
    platform = platform_of(tmp_path, CASUSLOG_UITGEVERS=str(path))
    assert platform.tokens.check(token()).rol == "wijkteam"
    with pytest.raises(NotAuthenticated):
        platform.tokens.check(platform.issuer.issue(Caller("kcc", "0086", "kcc-1")))
    platform.close()


def test_an_installation_without_issuers_takes_development_tokens(tmp_path):
    """Embedded, and to try it out: nobody has to set up an identity provider first."""
    platform = platform_of(tmp_path)
    assert platform.tokens.check(platform.issuer.issue(Caller("kcc", "0086", "kcc-1"))).rol == "kcc"
    platform.close()


def test_who_is_at_hand_is_asked_for_in_that_role_and_no_longer_than_the_token_holds():
    """Another role of the same token is chosen anew, one it has not is refused, and after its end it is judged anew."""
    now = [time.time()]
    gate = Gate(Tokens([PORTAL], now=lambda: now[0]))
    both = f"Bearer {token(rollen=['wijkteam', 'kcc'], exp=int(now[0]) + 600)}"
    first = gate.caller_of(both, "wijkteam")
    assert gate.caller_of(both, "wijkteam") is first
    assert gate.caller_of(both, "kcc").rol == "kcc"
    for refused, error in ((None, NotAuthenticated), ("inkoper", Forbidden)):
        with pytest.raises(error):
            gate.caller_of(both, refused)
    now[0] += 601
    gate._tokens._issuers.clear()  # what is not remembered any more is judged anew
    with pytest.raises(NotAuthenticated):
        gate.caller_of(both, "wijkteam")
