"""Who may sign in."""

import pytest

from fsdialer.errors import InvalidSetting, NotFound
from fsdialer.store.users import User, hash_password, password_matches

ANN = User("ann", "Ann", "operator", "ann", "$argon2id$…")


def test_user_comes_back_as_saved_and_may_be_changed_and_removed(acme):
    acme.users.save(ANN)
    acme.users.save(User("boss", "Zoé", "admin", "", "x"))
    assert acme.users.get("ann") == ANN
    assert [user.login for user in acme.users.all()] == ["ann", "boss"]
    acme.users.remove("ann")
    assert acme.users.get("ann") is None
    with pytest.raises(NotFound):
        acme.users.remove("ann")


def test_unknown_user_is_none(acme):
    assert acme.users.get("nobody") is None


@pytest.mark.parametrize("login", ["", "a b", "a:b", "a\nb", "x" * 65, "é"])
def test_login_that_cannot_be_is_refused(acme, login):
    with pytest.raises(InvalidSetting, match="login"):
        acme.users.save(User(login, "X", "admin", "", ""))


def test_role_that_cannot_be_is_refused(acme):
    with pytest.raises(InvalidSetting, match="role: 'root': one of operator, admin"):
        acme.users.save(User("ann", "Ann", "root", "", ""))


def test_role_edited_by_hand_into_nonsense_gives_no_more_than_an_operators_rights(acme):
    acme.users.save(ANN)
    acme.redis.hset(acme.keys.user("ann"), mapping={"role": "root", "extra": "1"})
    assert acme.users.get("ann").role == "operator"


def test_password_is_kept_as_argon2id_and_matches_only_itself():
    hashed = hash_password("correct horse")
    assert hashed.startswith("$argon2id$") and "horse" not in hashed
    assert password_matches(hashed, "correct horse")
    assert not password_matches(hashed, "Correct horse")


@pytest.mark.parametrize("hashed", ["", "plain", "$argon2id$broken"])
def test_no_hash_matches_nothing(hashed):
    assert not password_matches(hashed, hashed)
